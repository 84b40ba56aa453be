/** ring-losses — tells the operator, once a minute, what workers found no room for: the log thread cannot keep up. */
import type { SinkFigures } from '../log-messages.ts'
import type { CommonTools } from './shipped-sink.ts'

export const NO_ROOM = 'no room in the ring'
const SAID_MS = 60_000

export class RingLosses {
  readonly #tools: Pick<CommonTools, 'now' | 'log'>
  readonly #said = new Map<string, number>()
  #saidMs = -Infinity

  constructor(tools: Pick<CommonTools, 'now' | 'log'>) {
    this.#tools = tools
  }

  /** All figures, again and again. */
  look(figures: readonly SinkFigures[]): void {
    if (this.#tools.now() - this.#saidMs < SAID_MS) return
    const lost: Record<string, number> = Object.create(null)
    for (const { label, lost: all } of figures) {
      const count = all[NO_ROOM] ?? 0
      const isNew = count - (this.#said.get(label) ?? 0)
      if (isNew > 0) lost[label] = isNew
      this.#said.set(label, count)
    }
    if (Object.keys(lost).length === 0) return
    this.#saidMs = this.#tools.now()
    this.#tools.log('warn', 'log records found no room in the ring: the log thread cannot keep up', { lost })
  }
}
