/** The lines of one pool: which one the next pipelined request takes. HOT: `choose` runs once a request. */
import type { Line } from './line.ts'
import { DEPTH_MAX } from './line.ts'

/** Prototypes were fastest with 4: more lines fill fewer bytes into each system call. */
export const LINES_MAX = 4

export class Lines {
  readonly #open: Line[]

  constructor() {
    this.#open = []
  }

  add(line: Line): void {
    this.#open.push(line)
  }

  remove(line: Line): void {
    const at = this.#open.indexOf(line)
    if (at >= 0) this.#open.splice(at, 1)
  }

  hasRoom(): boolean {
    return this.#open.length < LINES_MAX
  }

  /** The line with the fewest requests, or null when all are full. */
  choose(requestsMax: number): Line | null {
    let best: Line | null = null
    for (let i = 0; i < this.#open.length; i++) {
      const line = this.#open[i]!
      if (line.depth < DEPTH_MAX && line.served < requestsMax && (best === null || line.depth < best.depth))
        best = line
    }
    return best
  }
}
