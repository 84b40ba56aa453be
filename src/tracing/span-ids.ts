/**
 * span-ids — ids of spans: random bytes, asked of the system by the thousand, for those that are recorded; for those
 * that nobody records, which have to be different and no more, a count that is mixed.
 *
 * HOT     `putUnrecorded` runs for every request where a plugin traces; `next` for those that are traced.
 */

const ID_BYTES = 8
const BATCH_BYTES = 1024 * ID_BYTES

export class SpanIdSource {
  readonly #random: (count: number) => Uint8Array
  #batch: Uint8Array
  #used: number
  #count: number
  #salt: number

  constructor(random: (count: number) => Uint8Array) {
    this.#random = random
    this.#batch = new Uint8Array(0)
    this.#used = 0
    const seed = random(ID_BYTES)
    this.#count = wordOf(seed, 0)
    this.#salt = wordOf(seed, 4)
  }

  /** Eight random bytes that stay as they are. */
  next(): Uint8Array {
    if (this.#used === this.#batch.length) {
      this.#batch = this.#random(BATCH_BYTES)
      this.#used = 0
    }
    const start = this.#used
    this.#used += ID_BYTES
    // Zero is no id (W3C trace context, parent-id).
    if (this.#batch[start] === 0) this.#batch[start] = 1
    return this.#batch.slice(start, start + ID_BYTES)
  }

  /** Another one of 2^32, into eight bytes that are there. */
  putUnrecorded(into: Uint8Array): void {
    this.#count = (this.#count + 1) | 0
    const high = mix(this.#count ^ this.#salt) | 1
    const low = mix(this.#count)
    for (let i = 0; i < 4; i++) {
      into[i] = high >>> (24 - 8 * i)
      into[i + 4] = low >>> (24 - 8 * i)
    }
  }
}

/** Each word to another one, of which it cannot be seen that they follow each other. */
function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
  return mixed ^ (mixed >>> 16)
}

function wordOf(bytes: Uint8Array, at: number): number {
  let word = 0
  for (let i = at; i < at + 4; i++) word = (word << 8) | bytes[i]!
  return word
}
