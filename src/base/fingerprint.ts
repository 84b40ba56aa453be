/**
 * fingerprint — 64 bits that stand for a text, under a key that nobody outside knows (HalfSipHash-2-4).
 *
 * WHAT    The published function with 64 bits of output, over bytes, or over a text's UTF-16 code units, low byte
 *         first. Two texts agree in all 64 bits once in 2^64 pairs, and who doesn't know the seed can't look for such
 *         pairs.
 *
 * WRITES  Its own two fields.
 *
 * LIMITS  Keyed, so that it means nothing in another process: never store it, never send it.
 *
 * HOT     Runs once a limited request, and once a request with a key. Two int32 and no BigInt: a number above 2^31
 *         would cost an object on the heap.
 */
const ROUNDS = 2
const LAST_ROUNDS = 4

export class Fingerprint {
  a: number
  b: number

  constructor() {
    this.a = 0
    this.b = 0
  }

  setText(seedA: number, seedB: number, text: string): void {
    const length = text.length
    const pairs = length >> 1
    const odd = (length & 1) === 0 ? 0 : text.charCodeAt(length - 1)
    let v0 = seedA | 0
    let v1 = seedB ^ 0xee
    let v2 = 0x6c796765 ^ seedA
    let v3 = 0x74656462 ^ seedB
    for (let i = 0; i <= pairs; i++) {
      const word =
        i < pairs ? text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 16) : odd | ((length * 2) << 24)
      v3 ^= word
      for (let round = 0; round < ROUNDS; round++) {
        v0 = (v0 + v1) | 0
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
        v0 = (v0 << 16) | (v0 >>> 16)
        v2 = (v2 + v3) | 0
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
        v0 = (v0 + v3) | 0
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
        v2 = (v2 + v1) | 0
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
        v2 = (v2 << 16) | (v2 >>> 16)
      }
      v0 ^= word
    }
    v2 ^= 0xee
    for (let round = 0; round < 2 * LAST_ROUNDS; round++) {
      if (round === LAST_ROUNDS) {
        this.a = v1 ^ v3
        v1 ^= 0xdd
      }
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    this.b = v1 ^ v3
  }

  /** Of bytes [start, end). The rounds stand here again: as a call of their own they would cost as much as they do. */
  setBytes(seed: FingerprintSeed, bytes: Uint8Array, start: number, end: number): void {
    const whole = end - ((end - start) & 3)
    let v0 = seed.a | 0
    let v1 = seed.b ^ 0xee
    let v2 = 0x6c796765 ^ seed.a
    let v3 = 0x74656462 ^ seed.b
    for (let at = start; at <= whole; at += 4) {
      const word = at < whole ? wordAt(bytes, at) : lastWord(bytes, start, end)
      v3 ^= word
      for (let round = 0; round < ROUNDS; round++) {
        v0 = (v0 + v1) | 0
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
        v0 = (v0 << 16) | (v0 >>> 16)
        v2 = (v2 + v3) | 0
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
        v0 = (v0 + v3) | 0
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
        v2 = (v2 + v1) | 0
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
        v2 = (v2 << 16) | (v2 >>> 16)
      }
      v0 ^= word
    }
    v2 ^= 0xee
    for (let round = 0; round < 2 * LAST_ROUNDS; round++) {
      if (round === LAST_ROUNDS) {
        this.a = v1 ^ v3
        v1 ^= 0xdd
      }
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    this.b = v1 ^ v3
  }
}

/** The key, as two int32. */
export interface FingerprintSeed {
  readonly a: number
  readonly b: number
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** What is left over of the bytes, and how many they were. */
function lastWord(bytes: Uint8Array, start: number, end: number): number {
  const left = (end - start) & 3
  const at = end - left
  let word = (end - start) << 24
  if (left > 2) word |= bytes[at + 2]! << 16
  if (left > 1) word |= bytes[at + 1]! << 8
  if (left > 0) word |= bytes[at]!
  return word
}
