/**
 * outbox — the bytes one socket is to be sent at the end of this turn.
 *
 * WHAT    Everything that the stages write to a socket within one turn of the event loop is gathered here
 *         and leaves in one system call. Buffers come from a free list of the worker and go back as soon
 *         as the kernel has taken the bytes, so an idle connection holds none.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  Grows by SIZES; the owners pause the producing side at OUTBOX_HIGH, so it stays below
 *         OUTBOX_HIGH plus one read. Buffers are kept for reuse by SIZES and KEPT.
 *
 * HOT     put* run several times a request. No allocation unless a buffer must grow.
 */

import { SourceMemory } from './source-memory.ts'

export const OUTBOX_START = 4 * 1024
/** Bytes waiting in one outbox above which the producing side is paused. */
export const OUTBOX_HIGH = 256 * 1024
/** Below this many bytes a loop beats the typed array that a block copy has to create first. */
const LOOP_MAX = 96

/**
 * The sizes that are kept for reuse, and how many of each: a head and a small body; a body of 16 KB; one read; what an
 * outbox holds when its owner pauses the producing side.
 */
const SIZES = [OUTBOX_START, 24 * 1024, 64 * 1024, OUTBOX_HIGH + 128 * 1024] as const
const KEPT = [4096, 256, 64, 16] as const
const OTHER = SIZES.length

/** Memory, and its ArrayBuffer at hand: asking a Buffer for it is a call into C++. */
class Slab {
  readonly bytes: Buffer
  readonly memory: ArrayBufferLike
  /** Which of SIZES it has, or OTHER. */
  readonly grade: number

  constructor(size: number, grade: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
    this.memory = this.bytes.buffer
    this.grade = grade
  }
}

const NONE = new Slab(0, OTHER)
const pools: Slab[][] = [[], [], [], []]

function makeSlab(needed: number): Slab {
  let grade = 0
  while (grade < OTHER && SIZES[grade]! < needed) grade++
  if (grade < OTHER) return pools[grade]!.pop() ?? new Slab(SIZES[grade]!, grade)
  let size = SIZES[OTHER - 1]!
  while (size < needed) size *= 2
  return new Slab(size, OTHER)
}

const last = new SourceMemory()

export class Outbox {
  bytes: Buffer
  used: number
  #slab: Slab

  constructor() {
    this.bytes = NONE.bytes
    this.used = 0
    this.#slab = NONE
  }

  /** What `bytes` lies in, from its start. */
  get memory(): ArrayBufferLike {
    return this.#slab.memory
  }

  /** Makes room for `count` more bytes. Callers that then write directly advance `used` themselves. */
  reserve(count: number): void {
    if (this.used + count > this.bytes.length) this.#grow(this.used + count)
  }

  #grow(needed: number): void {
    const grown = makeSlab(needed)
    const used = this.used
    if (used > 0) this.bytes.copy(grown.bytes, 0, 0, used)
    this.release()
    this.#hold(grown)
    this.used = used
  }

  #hold(slab: Slab): void {
    this.#slab = slab
    this.bytes = slab.bytes
  }

  /** Appends bytes [start, end) of `source`. */
  put(source: Uint8Array, start: number, end: number): void {
    const count = end - start
    this.reserve(count)
    const bytes = this.bytes
    let at = this.used
    if (count <= LOOP_MAX) {
      for (let i = start; i < end; i++) bytes[at++] = source[i]!
    } else {
      last.look(source)
      bytes.set(new Uint8Array(last.memory, last.offset + start, count), at)
    }
    this.used += count
  }

  /** The same for a source whose ArrayBuffer is at hand and starts with it. */
  putFrom(memory: ArrayBufferLike, source: Uint8Array, start: number, end: number): void {
    const count = end - start
    if (count <= LOOP_MAX) return this.put(source, start, end)
    this.reserve(count)
    this.bytes.set(new Uint8Array(memory, start, count), this.used)
    this.used += count
  }

  /** Appends a constant made at compile time. */
  putAll(source: Uint8Array): void {
    this.put(source, 0, source.length)
  }

  /** Appends a string of characters 0–255. */
  putLatin1(text: string): void {
    this.reserve(text.length)
    this.used += this.bytes.latin1Write(text, this.used, text.length)
  }

  /** Appends a non-negative integer in decimal. */
  putDecimal(value: number): void {
    this.reserve(20)
    let digits = 1
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++
    let at = this.used + digits
    this.used = at
    let rest = value
    do {
      const next = Math.floor(rest / 10)
      this.bytes[--at] = 48 + (rest - next * 10)
      rest = next
    } while (rest > 0)
  }

  /** Appends a non-negative integer in lower-case hexadecimal. */
  putHex(value: number): void {
    this.putLatin1(value.toString(16))
  }

  /** The bytes now belong to a slow write; the box starts anew and never touches them again. */
  abandon(): void {
    this.#hold(NONE)
    this.used = 0
  }

  /** All bytes have been taken: the buffer goes back to the free list. */
  release(): void {
    const slab = this.#slab
    if (slab.grade < OTHER) {
      const pool = pools[slab.grade]!
      if (pool.length < KEPT[slab.grade]!) pool.push(slab)
    }
    this.abandon()
  }
}
