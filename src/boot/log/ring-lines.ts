/**
 * ring-lines — the access lines of one worker, gathered over a turn and put into its ring as one record.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  BATCH_BYTES leave before the turn is over. Where the ring has no room they are lost, and each is counted.
 *
 * HOT     `openLine` and `closeLine` run once a request. No allocation but the turn's own, once a turn.
 */
import { Outbox } from '../../base/outbox.ts'
import type { AccessSink } from '../../observe/tally.ts'
import { type Counters, LOGS_DROPPED } from '../../state/counters.ts'
import type { RingEnd } from './ring-end.ts'

const BATCH_BYTES = 32 * 1024

export class RingLines implements AccessSink {
  readonly #ring: RingEnd
  readonly #sink: number
  readonly #counters: Counters
  readonly #box: Outbox
  /** End of the last whole line, and how many there are. */
  #ready: number
  #lines: number

  constructor(ring: RingEnd, sink: number, counters: Counters) {
    this.#ring = ring
    this.#sink = sink
    this.#counters = counters
    this.#box = new Outbox()
    this.#box.reserve(2 * BATCH_BYTES)
    this.#ready = 0
    this.#lines = 0
  }

  openLine(): Outbox {
    // What somebody failed to finish is no line.
    this.#box.used = this.#ready
    return this.#box
  }

  closeLine(): void {
    this.#ready = this.#box.used
    this.#lines++
    if (this.#ready >= BATCH_BYTES) this.flush()
    else if (this.#lines === 1) setImmediate(this.flush)
  }

  /** Puts what is there into the ring: at the end of the turn, and of the worker. */
  readonly flush = (): void => {
    const lines = this.#lines
    if (lines === 0) return
    const box = this.#box
    box.used = this.#ready
    if (!this.#ring.write(this.#sink, box, lines)) this.#counters.add(LOGS_DROPPED, lines)
    this.#ready = 0
    this.#lines = 0
  }
}
