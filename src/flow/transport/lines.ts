/** The lines of one pool: which one the next pipelined request takes. HOT: `choose` runs once a request. */
import type { Exchange } from '../../contract/exchange.ts'
import type { Target } from '../../contract/target.ts'

/** A line as its pool sees it. */
export interface OpenLine {
  /** Requests that wait for an answer. */
  readonly depth: number
  readonly served: number
  send(x: Exchange, target: Target): void
}

/** Requests that one line may hold. */
const DEPTH_MAX = 256

/** Prototypes were fastest with 4: more lines fill fewer bytes into each system call. */
export const LINES_MAX = 4

export class Lines {
  readonly #open: OpenLine[]

  constructor() {
    this.#open = []
  }

  add(line: OpenLine): void {
    this.#open.push(line)
  }

  remove(line: OpenLine): void {
    const at = this.#open.indexOf(line)
    if (at >= 0) this.#open.splice(at, 1)
  }

  hasRoom(): boolean {
    return this.#open.length < LINES_MAX
  }

  /** The line with the fewest requests, or null when all are full. */
  choose(requestsMax: number): OpenLine | null {
    let best: OpenLine | null = null
    for (let i = 0; i < this.#open.length; i++) {
      const line = this.#open[i]!
      if (line.depth < DEPTH_MAX && line.served < requestsMax && (best === null || line.depth < best.depth))
        best = line
    }
    return best
  }
}
