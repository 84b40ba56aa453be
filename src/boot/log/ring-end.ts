/**
 * ring-end — a worker's end of its log ring, with the bell, and a word to the primary that there is something to ship.
 *
 * HOT     `write` runs once a request and sink, or once a turn.
 */
import { Outbox } from '../../base/outbox.ts'
import { LogBell } from '../../state/logs/log-bell.ts'
import { LogRingWriter, RESET } from '../../state/logs/log-ring.ts'

const NOTHING = new Outbox()

export class RingEnd {
  readonly #ring: LogRingWriter
  readonly #bell: LogBell
  readonly #first: () => void
  #isUsed: boolean

  /** `first` is called once, with the first record: the log thread may not be there yet. */
  constructor(ring: SharedArrayBuffer, bell: SharedArrayBuffer, first: () => void) {
    this.#ring = new LogRingWriter(ring)
    this.#bell = new LogBell(bell)
    this.#first = first
    this.#isUsed = false
  }

  /** As LogRingWriter.write. */
  write(sink: number, out: Outbox, count: number): boolean {
    if (!this.#isUsed && !this.#begin()) {
      this.#ring.lose(sink, count)
      return false
    }
    const isWritten = this.#ring.write(sink, out, count)
    // Also where there was no room: who empties it may sleep.
    this.#bell.ring()
    return isWritten
  }

  lose(sink: number, count: number): void {
    this.#ring.lose(sink, count)
  }

  /** Sinks that a worker before this one had opened are closed. */
  #begin(): boolean {
    if (!this.#ring.write(RESET, NOTHING, 0)) {
      this.#bell.ring()
      return false
    }
    this.#isUsed = true
    this.#first()
    return true
  }
}
