/**
 * bytes-table — finds bytes among many configured keys without making a string of them.
 *
 * WHAT    Open addressing over a power of two of slots, at most half full. Two int32 a slot:
 *
 *           slot   +------+---------+
 *                  | hash | key + 1 |      0: free
 *                  +------+---------+
 *
 *         The hash is folded by the caller, byte by byte and from either end, so that one pass over a host name
 *         serves all its suffixes. A hit is verified byte by byte.
 *
 * LIMITS  Keys come from the configuration only: clients can't lengthen a probe.
 *
 * HOT     `find` runs a few times a request. No allocation.
 */

/** Bytes as they are. */
export const SAME = new Uint8Array(256)
for (let i = 0; i < 256; i++) SAME[i] = i
/** ASCII letters in lower case. */
export const LOWER = SAME.slice()
for (let i = 65; i <= 90; i++) LOWER[i] = i + 32

export const HASH_SEED = 0x811c9dc5 | 0

export function hashStep(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193)
}

/** Of a key as the table holds it, read in the direction in which the caller will. */
export function hashKey(key: string, backward: boolean): number {
  let hash = HASH_SEED
  for (let i = 0; i < key.length; i++)
    hash = hashStep(hash, key.charCodeAt(backward ? key.length - 1 - i : i))
  return hash
}

export class BytesTable {
  readonly size: number
  readonly #fold: Uint8Array
  readonly #slots: Int32Array
  readonly #mask: number
  readonly #bytes: Buffer
  /** Where key i starts in `bytes`; key i + 1 starts where it ends. */
  readonly #starts: Int32Array

  /** Keys are folded already, one character a byte, and different from each other. */
  constructor(keys: readonly string[], fold: Uint8Array, backward: boolean) {
    this.size = keys.length
    this.#fold = fold
    let slots = 2
    while (slots < keys.length * 2) slots *= 2
    this.#slots = new Int32Array(slots * 2)
    this.#mask = slots - 1
    this.#bytes = Buffer.from(keys.join(''), 'latin1')
    this.#starts = new Int32Array(keys.length + 1)
    for (let i = 0; i < keys.length; i++) {
      this.#starts[i + 1] = this.#starts[i]! + keys[i]!.length
      this.#put(hashKey(keys[i]!, backward), i)
    }
  }

  #put(hash: number, key: number): void {
    let slot = this.#first(hash)
    while (this.#slots[slot * 2 + 1] !== 0) slot = (slot + 1) & this.#mask
    this.#slots[slot * 2] = hash
    this.#slots[slot * 2 + 1] = key + 1
  }

  #first(hash: number): number {
    const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
    return (mixed ^ (mixed >>> 13)) & this.#mask
  }

  /** The place of the key with these bytes among the keys given, or -1. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#slots
    let slot = this.#first(hash)
    for (;;) {
      const key = slots[slot * 2 + 1]! - 1
      if (key < 0) return -1
      if (slots[slot * 2] === hash && this.#isKey(key, bytes, start, end)) return key
      slot = (slot + 1) & this.#mask
    }
  }

  #isKey(key: number, bytes: Uint8Array, start: number, end: number): boolean {
    let at = this.#starts[key]!
    if (this.#starts[key + 1]! - at !== end - start) return false
    const own = this.#bytes
    const fold = this.#fold
    for (let i = start; i < end; i++) if (own[at++] !== fold[bytes[i]!]) return false
    return true
  }
}
