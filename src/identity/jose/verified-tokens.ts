/**
 * verified-tokens — what tokens came to that were verified a moment ago, by their bytes.
 *
 * WHAT    A table of sets of WAYS places. A token's place is found by a fingerprint of its last bytes, which are its
 *         signature, under a key made with the table; whose it is decides the comparison of all its bytes, every byte
 *         whether or not one differs. Only what has been verified is put in, so nobody can fill it with tokens of his
 *         own making.
 *
 * LIMITS  SLOTS tokens of at most KEPT_BYTES_MAX bytes each: 16 MiB at the very most, and none before the first. All
 *         tables of a thread together hold ALL_BYTES_MAX; what has no room then is verified each time. None is answered
 *         from its end on; `sweep` takes those out that nobody has asked for.
 *
 * HOT     `find` runs once a request. No allocation.
 */
import { Fingerprint, type FingerprintSeed } from '../../base/fingerprint.ts'

const WAYS = 4
/** A power of two. */
export const SLOTS = 4096
export const KEPT_BYTES_MAX = 4096
/** Of all tables that share a Room: a thousand routes with a plugin each must not come to a thousand times 16 MiB. */
export const ALL_BYTES_MAX = 64 * 1024 * 1024
/** What a token takes beside its bytes. */
const KEPT_OVERHEAD = 256
/** The last bytes of a token, which the fingerprint is made of: all of an HS256 signature. */
const TAIL_BYTES = 43

/** What is kept in all tables that share it. */
export interface Room {
  used: number
}

/** That of this thread. */
const shared: Room = { used: 0 }

class Kept<T> {
  readonly a: number
  readonly b: number
  readonly bytes: Uint8Array
  /** Milliseconds since 1970. */
  readonly untilMs: number
  readonly value: T

  constructor(print: Fingerprint, bytes: Uint8Array, untilMs: number, value: T) {
    this.a = print.a
    this.b = print.b
    this.bytes = bytes
    this.untilMs = untilMs
    this.value = value
  }
}

export class VerifiedTokens<T> {
  readonly #seed: FingerprintSeed
  readonly #print: Fingerprint
  readonly #room: Room
  #slots: (Kept<T> | null)[]
  #count: number
  /** Which way is given up next where all are taken. */
  #turn: number

  constructor(seed: FingerprintSeed, room: Room = shared) {
    this.#seed = seed
    this.#room = room
    this.#print = new Fingerprint()
    this.#slots = []
    this.#count = 0
    this.#turn = 0
  }

  get count(): number {
    return this.#count
  }

  find(bytes: Uint8Array, start: number, end: number, nowMs: number): T | null {
    if (this.#count === 0) return null
    const first = this.#setOf(bytes, start, end)
    for (let at = first; at < first + WAYS; at++) {
      const kept = this.#slots[at]!
      if (kept === null || kept.a !== this.#print.a || kept.b !== this.#print.b) continue
      if (!isSame(kept.bytes, bytes, start, end)) continue
      if (kept.untilMs > nowMs) return kept.value
      this.#drop(at)
      return null
    }
    return null
  }

  /** For a token that was verified, and that `find` has not found. It is copied. */
  openPlace(token: Uint8Array, nowMs: number, untilMs: number, value: T): void {
    if (token.length > KEPT_BYTES_MAX || untilMs <= nowMs) return
    if (this.#slots.length === 0) this.#slots = new Array<Kept<T> | null>(SLOTS).fill(null)
    const first = this.#setOf(token, 0, token.length)
    const at = this.#freeIn(first, nowMs)
    this.#drop(at)
    const size = token.length + KEPT_OVERHEAD
    if (this.#room.used + size > ALL_BYTES_MAX) return
    this.#room.used += size
    this.#count++
    // Not by `slice`: a Buffer's is a view of the connection's memory, where the next request's token comes to lie.
    this.#slots[at] = new Kept(this.#print, new Uint8Array(token), untilMs, value)
  }

  /** Takes out what has ended. */
  sweep(nowMs: number): void {
    for (let at = 0; at < this.#slots.length; at++) {
      const kept = this.#slots[at]
      if (kept !== null && kept !== undefined && kept.untilMs <= nowMs) this.#drop(at)
    }
  }

  clear(): void {
    if (this.#count > 0) this.sweep(Number.POSITIVE_INFINITY)
  }

  #drop(at: number): void {
    const kept = this.#slots[at]
    if (kept === null || kept === undefined) return
    this.#room.used -= kept.bytes.length + KEPT_OVERHEAD
    this.#slots[at] = null
    this.#count--
  }

  #setOf(bytes: Uint8Array, start: number, end: number): number {
    this.#print.setBytes(this.#seed, bytes, end - start > TAIL_BYTES ? end - TAIL_BYTES : start, end)
    return this.#print.a & (SLOTS - 1) & ~(WAYS - 1)
  }

  #freeIn(first: number, nowMs: number): number {
    for (let at = first; at < first + WAYS; at++) {
      const kept = this.#slots[at]!
      if (kept === null || kept.untilMs <= nowMs) return at
    }
    this.#turn = (this.#turn + 1) & (WAYS - 1)
    return first + this.#turn
  }
}

function isSame(kept: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (kept.length !== end - start) return false
  let different = 0
  for (let i = 0; i < kept.length; i++) different |= kept[i]! ^ bytes[start + i]!
  return different === 0
}
