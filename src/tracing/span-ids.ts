/**
 * span-ids — ids of spans: random bytes, asked of the system by the thousand.
 *
 * HOT     `copyNext` runs for every request where a plugin traces; `next` for those that are traced.
 */

const ID_BYTES = 8
const BATCH_BYTES = 1024 * ID_BYTES

export class SpanIdSource {
  readonly #random: (count: number) => Uint8Array
  #batch: Uint8Array
  #used: number

  constructor(random: (count: number) => Uint8Array) {
    this.#random = random
    this.#batch = new Uint8Array(0)
    this.#used = 0
  }

  /** Eight bytes that are nobody else's and stay as they are. */
  next(): Uint8Array {
    const start = this.#take()
    return this.#batch.slice(start, start + ID_BYTES)
  }

  /** The same, into eight bytes that are there. */
  copyNext(into: Uint8Array): void {
    const start = this.#take()
    for (let i = 0; i < ID_BYTES; i++) into[i] = this.#batch[start + i]!
  }

  #take(): number {
    if (this.#used === this.#batch.length) {
      this.#batch = this.#random(BATCH_BYTES)
      this.#used = 0
    }
    const start = this.#used
    this.#used += ID_BYTES
    // Zero is no id (W3C trace context, parent-id).
    if (this.#batch[start] === 0) this.#batch[start] = 1
    return start
  }
}
