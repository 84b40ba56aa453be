/**
 * fixed-windows — how often a key came in this second, minute, hour, day, month and year: all asked and raised at once.
 *
 * WHAT    The 12 words of a key's state hold a pair for each period.
 *
 *           | id | count | id | count | id | count | id | count | id | count | id | count |    int32
 *             second       minute       hour         day          month        year
 *
 *         `id` is the window the count belongs to, numbered by the caller without gaps. A stored window before the one
 *         asked for is over, and its count is 0. One ahead of it was begun by a thread whose clock is a turn further:
 *         it is counted on in. One further ahead means that the clock was set back: the count stays, in the window
 *         asked for, so that setting a clock back lets nobody in twice.
 *
 * WRITES  Any thread, holding the key. A count is written before its id, so a thread that dies in between leaves a
 *         window that is over and loses the one request.
 *
 * LIMITS  Counts stop at 2^31 - 1. Ids are compared by their difference in int32, so they may wrap.
 *
 * HOT     `take` runs once a limited request.
 */
import type { Fingerprint } from '../base/fingerprint.ts'
import type { KeyTable } from './key-table.ts'

/** Second, minute, hour, day, month, year. */
export const PERIODS = 6
/** Where they begin in `fields`. */
const CAPS = 0
const IDS = PERIODS
const USED = 2 * PERIODS
const COUNT_MAX = 0x7fffffff

/** Made once for a limit and used for every call: an object a call would be garbage. */
export class WindowAsk {
  /** The three below, one after the other: hot code reads them through one view. */
  readonly fields: Int32Array
  /** By period; 0: not limited, and not counted. */
  readonly caps: Int32Array
  /** The windows of now, by period. */
  readonly ids: Int32Array
  /** What the call found, by period with a cap, before it raised anything. */
  readonly used: Int32Array
  /** The second, as in nowS, at which the longest of the windows is over. */
  untilS: number

  constructor() {
    this.fields = new Int32Array(3 * PERIODS)
    this.caps = this.fields.subarray(CAPS, CAPS + PERIODS)
    this.ids = this.fields.subarray(IDS, IDS + PERIODS)
    this.used = this.fields.subarray(USED, USED + PERIODS)
    this.untilS = 0
  }

  /** Asks what `other` asks, and goes on asking it when the windows of `other` have moved on. */
  copy(other: WindowAsk): void {
    this.caps.set(other.caps)
    this.ids.set(other.ids)
    this.untilS = other.untilS
  }
}

export class FixedWindows {
  readonly #table: KeyTable
  readonly #words: Int32Array

  constructor(table: KeyTable) {
    this.#table = table
    this.#words = table.words
  }

  /** -1: admitted, and counted in all windows. Else the first period without room for `cost`, and nothing is counted. */
  take(key: Fingerprint, ask: WindowAsk, cost: number, nowS: number): number {
    const at = this.#table.hold(key.a, key.b, nowS)
    const refusing = this.#check(at, ask.fields, cost)
    if (refusing < 0) this.#count(at, ask.fields, cost)
    this.#table.keepAtLeast(at, ask.untilS)
    this.#table.release(at)
    return refusing
  }

  /** Fills `used`, and counts nothing. */
  read(key: Fingerprint, ask: WindowAsk, nowS: number): void {
    const at = this.#table.find(key.a, key.b, nowS)
    if (at < 0) {
      ask.used.fill(0)
      return
    }
    this.#check(at, ask.fields, 0)
    this.#table.release(at)
  }

  /** Counts `cost` in all windows, whether there is room or not. */
  add(key: Fingerprint, ask: WindowAsk, cost: number, nowS: number): void {
    const at = this.#table.hold(key.a, key.b, nowS)
    this.#check(at, ask.fields, cost)
    this.#count(at, ask.fields, cost)
    this.#table.keepAtLeast(at, ask.untilS)
    this.#table.release(at)
  }

  /** No count stays below `counts[period]`: what others have counted elsewhere is learned here. */
  raise(key: Fingerprint, ask: WindowAsk, counts: Int32Array, nowS: number): void {
    const at = this.#table.hold(key.a, key.b, nowS)
    this.#check(at, ask.fields, 0)
    for (let period = 0; period < PERIODS; period++)
      if (ask.caps[period] !== 0 && counts[period]! > ask.used[period]!)
        this.#write(at + 2 * period, ask.ids[period]!, counts[period]!)
    this.#table.keepAtLeast(at, ask.untilS)
    this.#table.release(at)
  }

  /** Fills `used`. Answers the first period without room, or -1. */
  #check(at: number, fields: Int32Array, cost: number): number {
    const words = this.#words
    let refusing = -1
    for (let period = 0; period < PERIODS; period++) {
      const cap = fields[CAPS + period]!
      if (cap === 0) continue
      const id = at + 2 * period
      const asked = fields[IDS + period]!
      const ahead = (words[id]! - asked) | 0
      const used = ahead >= 0 ? words[id + 1]! : 0
      if (ahead > 1 && used !== 0) words[id] = asked
      if (cost > cap - used && refusing < 0) refusing = period
      fields[USED + period] = used
    }
    return refusing
  }

  /** Adds to what #check found. */
  #count(at: number, fields: Int32Array, cost: number): void {
    for (let period = 0; period < PERIODS; period++) {
      if (fields[CAPS + period] === 0) continue
      const used = fields[USED + period]!
      const count = used > COUNT_MAX - cost ? COUNT_MAX : used + cost
      this.#write(at + 2 * period, fields[IDS + period]!, count)
    }
  }

  #write(id: number, asked: number, count: number): void {
    const words = this.#words
    const ahead = (words[id]! - asked) | 0
    const hasBegun = words[id + 1] !== 0 && (ahead === 0 || ahead === 1)
    words[id + 1] = count
    if (!hasBegun) words[id] = asked
  }
}
