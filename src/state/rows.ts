/**
 * rows — named rows of shared words: threads that claim the same name get the same row.
 *
 * WHAT    One SharedArrayBuffer: a directory by fingerprint, and behind it the rows. A name stands in the first place
 *         at or after its own (a modulo rows) that was free when it came; a place that was freed is passed over while
 *         `used`, so that what stands behind it is still found.
 *
 *           header     | lock | rows | width | owners | seed a | seed b | unshared |                  16 words
 *           directory  | a | b | claims | used | claims of owner 0 | of owner 1 | ... |                row 0
 *                      | a | b | claims | used | ...                                                   row 1
 *           rows       | width words, of which this file knows nothing; 64 bytes aligned |               row 0
 *                      | ...                                                                           row 1
 *
 * WRITES  Directory: any thread, under the lock; `claims` is the sum of the owners' claims. A row: whoever claims it,
 *         by its own rules. The claim that takes a free row zeroes it, so a row lives from its first claim to its last
 *         release. After a worker has died the primary calls `forget` before the replacement starts.
 *
 * LIMITS  When all rows are taken, `claim` answers -1 and the caller goes on with `privateRow`: the same words, seen
 *         by its thread alone; `unshared` counts how often. A fingerprint names a row: two names with the same 64 bits
 *         would share one. A death at any point costs nothing: `forget` counts the claims anew.
 */
import { invariant } from '../base/invariant.ts'
import { freeHeldBy, lock, unlock } from './spin-lock.ts'

export const LINE_WORDS = 16

const LOCK = 0
const ROWS = 1
const WIDTH = 2
const OWNERS = 3
const SEED_A = 4
const SEED_B = 5
const UNSHARED = 6
const HEADER_WORDS = LINE_WORDS

const KEY_A = 0
const KEY_B = 1
const CLAIMS = 2
const USED = 3
const BY_OWNER = 4

export interface RowsOptions {
  readonly rows: number
  /** Words of a row; rounded up to whole lines of 64 bytes. */
  readonly width: number
  /** Threads that may open it: workers + 1. */
  readonly owners: number
  readonly seedA: number
  readonly seedB: number
}

/** Where a row's words are. */
export interface Row {
  readonly words: Int32Array
  readonly doubles: Float64Array
  readonly at: number
}

export class Rows {
  readonly words: Int32Array
  /** Over the same memory: the double at word index `at` is doubles[at / 2]. */
  readonly doubles: Float64Array
  readonly owner: number
  readonly owners: number
  readonly count: number
  readonly width: number
  /** For the fingerprints of the names. */
  readonly seedA: number
  readonly seedB: number
  readonly #entryWords: number
  readonly #start: number

  constructor(buffer: SharedArrayBuffer, owner: number) {
    this.words = new Int32Array(buffer)
    this.doubles = new Float64Array(buffer)
    this.owner = owner
    this.owners = this.words[OWNERS]!
    this.count = this.words[ROWS]!
    this.width = this.words[WIDTH]!
    this.seedA = this.words[SEED_A]!
    this.seedB = this.words[SEED_B]!
    this.#entryWords = BY_OWNER + this.owners
    this.#start = directoryEnd(this.count, this.owners)
    invariant(owner >= 0 && owner < this.owners, 'the owner has a place in the rows it opens')
  }

  /** Word index of the row of this name, all zeros when nobody else holds it; -1: all rows are taken. */
  claim(a: number, b: number): number {
    const words = this.words
    lock(words, LOCK, this.owner + 1)
    const row = this.#find(a | 0, b | 0)
    if (row >= 0) this.#take(row, a, b)
    unlock(words, LOCK)
    return row < 0 ? -1 : this.at(row)
  }

  /** Gives one claim of this owner back; `at` as `claim` answered it. Nothing happens where none is held. */
  release(at: number): void {
    const words = this.words
    const row = (at - this.#start) / this.width
    const entry = this.#entry(row)
    lock(words, LOCK, this.owner + 1)
    const own = entry + BY_OWNER + this.owner
    if (words[own]! > 0) {
      words[own] = words[own]! - 1
      words[entry + CLAIMS] = words[entry + CLAIMS]! - 1
      if (words[entry + CLAIMS] === 0) this.#shorten(row)
    }
    unlock(words, LOCK)
  }

  /**
   * By the primary, after `dead` has died: its claims, and the lock if it held it. What it held inside the rows is
   * given back first (forgetTargetShares, forgetUpstreamShares).
   */
  forget(dead: number): void {
    freeHeldBy(this.words, LOCK, dead)
    lock(this.words, LOCK, this.owner + 1)
    for (let row = 0; row < this.count; row++) this.#recount(row, dead)
    unlock(this.words, LOCK)
  }

  /** A stand-in for a row that `claim` could not give. */
  privateRow(): Row {
    Atomics.add(this.words, UNSHARED, 1)
    return makePrivateRow(this.width)
  }

  /** Stand-ins given so far, by all threads. */
  get unshared(): number {
    return Atomics.load(this.words, UNSHARED)
  }

  /** Rows held by anybody. */
  get taken(): number {
    let taken = 0
    for (let row = 0; row < this.count; row++) if (this.isHeld(row)) taken++
    return taken
  }

  isHeld(row: number): boolean {
    return Atomics.load(this.words, this.#entry(row) + CLAIMS) > 0
  }

  /** Word index of row `row`, counted from 0. */
  at(row: number): number {
    return this.#start + row * this.width
  }

  #entry(row: number): number {
    return HEADER_WORDS + row * this.#entryWords
  }

  /** The held row of this name, else a free one, else -1. */
  #find(a: number, b: number): number {
    const words = this.words
    let free = -1
    let row = (a >>> 0) % this.count
    for (let looked = 0; looked < this.count; looked++) {
      const entry = this.#entry(row)
      if (words[entry + CLAIMS]! > 0) {
        if (words[entry + KEY_A] === a && words[entry + KEY_B] === b) return row
      } else {
        if (free < 0) free = row
        if (words[entry + USED] === 0) return free
      }
      row = row + 1 === this.count ? 0 : row + 1
    }
    return free
  }

  /** The claims come last: until then the row is free, whatever was written. */
  #take(row: number, a: number, b: number): void {
    const words = this.words
    const entry = this.#entry(row)
    if (words[entry + CLAIMS] === 0) {
      words.fill(0, this.at(row), this.at(row) + this.width)
      words[entry + KEY_A] = a
      words[entry + KEY_B] = b
      words[entry + USED] = 1
    }
    const own = entry + BY_OWNER + this.owner
    words[own] = words[own]! + 1
    words[entry + CLAIMS] = words[entry + CLAIMS]! + 1
  }

  #recount(row: number, dead: number): void {
    const words = this.words
    const entry = this.#entry(row)
    words[entry + BY_OWNER + dead] = 0
    let claims = 0
    for (let owner = 0; owner < this.owners; owner++) claims += words[entry + BY_OWNER + owner]!
    words[entry + CLAIMS] = claims
    if (claims === 0) this.#shorten(row)
  }

  /** Where nothing stands behind freed places, a search can end at the first of them. */
  #shorten(freed: number): void {
    const words = this.words
    const behind = freed + 1 === this.count ? 0 : freed + 1
    if (words[this.#entry(behind) + USED] === 1) return
    for (let row = freed; ; row = row === 0 ? this.count - 1 : row - 1) {
      const entry = this.#entry(row)
      if (words[entry + CLAIMS]! > 0 || words[entry + USED] === 0) return
      words[entry + USED] = 0
    }
  }
}

export function makeRowBuffer(options: RowsOptions): SharedArrayBuffer {
  const { rows, owners, seedA, seedB } = options
  const width = wholeLines(options.width)
  invariant(rows > 0 && width > 0 && owners > 0, 'there are rows, they have words, and somebody opens them')
  const buffer = new SharedArrayBuffer((directoryEnd(rows, owners) + rows * width) * 4)
  const words = new Int32Array(buffer)
  words[ROWS] = rows
  words[WIDTH] = width
  words[OWNERS] = owners
  words[SEED_A] = seedA
  words[SEED_B] = seedB
  return buffer
}

/** A row of its thread alone. Atomics work on it as on shared words, and nobody is ever waited for. */
export function makePrivateRow(width: number): Row {
  const buffer = new ArrayBuffer(wholeLines(width) * 4)
  return { words: new Int32Array(buffer), doubles: new Float64Array(buffer), at: 0 }
}

export function wholeLines(words: number): number {
  return Math.ceil(words / LINE_WORDS) * LINE_WORDS
}

function directoryEnd(rows: number, owners: number): number {
  return wholeLines(HEADER_WORDS + rows * (BY_OWNER + owners))
}
