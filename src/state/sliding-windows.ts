/**
 * sliding-windows — never more than `cap` in any stretch of time as long as the window, wherever it begins.
 *
 * WHAT    A window is as long as 8 parts. A key's state counts the last 9 parts, so that all that came within a
 *         window's length is among them. A part counts whole until it has left altogether, which refuses up to an
 *         eighth of a window longer than need be; a key that was idle for a whole window has all its room at once.
 *
 *           | lastMs: time of the last admission (double) | part | part | part | ... 9 parts | - |
 *
 *         Part number n, counted from the clock's zero, is at n mod 9. The newest is the one of lastMs. What stands at
 *         parts after it is over.
 *
 * WRITES  Any thread, holding the key: parts that are over are zeroed, then lastMs moves on, then its part is raised. A
 *         thread that dies in between loses its one request.
 *
 * LIMITS  windowMs is whole. A time before lastMs counts as lastMs, for threads' clocks differ by a turn; if it lies a
 *         window before, the clock was set back: all counts stay, as of now, and leave a part at a time.
 *
 * HOT     `take` runs once a limited request. It is one function, since a double handed to another costs an object.
 */
import type { Fingerprint } from '../base/fingerprint.ts'
import type { KeyTable } from './key-table.ts'

const PARTS = 8
const KEPT = PARTS + 1
/** Words of the state. */
const PARTS_AT = 2
const SUM_AT = PARTS_AT + KEPT
const INT_MAX = 0x7fffffff

export class SlidingWindows {
  /** What the last call left of the cap. */
  left: number
  readonly #table: KeyTable
  readonly #words: Int32Array
  readonly #doubles: Float64Array

  constructor(table: KeyTable) {
    this.left = 0
    this.#table = table
    this.#words = table.words
    this.#doubles = table.doubles
  }

  /** 0: admitted and counted. Else how long until there is room for `cost`; 2^31 - 1 where it never fits. */
  take(key: Fingerprint, nowMs: number, windowMs: number, cap: number, cost: number): number {
    const words = this.#words
    const doubles = this.#doubles
    const at = this.#table.hold(key.a, key.b, (nowMs / 1000) | 0)
    const parts = at + PARTS_AT
    let lastMs = doubles[at >> 1]!
    if (lastMs - nowMs > windowMs) doubles[at >> 1] = lastMs = nowMs
    const countedMs = nowMs < lastMs ? lastMs : nowMs
    const newest = Math.floor((Math.floor(countedMs) * PARTS) / windowMs)
    let over = newest - Math.floor((Math.floor(lastMs) * PARTS) / windowMs)
    if (countedMs - lastMs >= windowMs || over > KEPT) over = KEPT
    const place = newest <= INT_MAX ? (newest | 0) % KEPT : newest - Math.floor(newest / KEPT) * KEPT

    let used = words[at + SUM_AT]!
    if (over !== 0) {
      used = 0
      for (let age = over; age < KEPT; age++)
        used += words[parts + (place < age ? place - age + KEPT : place - age)]!
    }
    if (cost <= cap - used) {
      for (let age = 0; age < over; age++) words[parts + (place < age ? place - age + KEPT : place - age)] = 0
      words[at + SUM_AT] = used + cost
      doubles[at >> 1] = countedMs
      words[parts + place] = words[parts + place]! + cost
      this.#table.keepUntil(at, (((countedMs + windowMs) / 1000) | 0) + 1)
      this.#table.release(at)
      this.left = cap - used - cost
      return 0
    }

    this.left = used < cap ? cap - used : 0
    let waitMs = cost > cap ? INT_MAX : Math.ceil(lastMs + windowMs - nowMs)
    for (let age = KEPT - 1; age >= over && waitMs < INT_MAX; age--) {
      used -= words[parts + (place < age ? place - age + KEPT : place - age)]!
      if (cost > cap - used) continue
      const leavesMs = Math.ceil(Math.ceil(((newest - age + KEPT) * windowMs) / PARTS) - nowMs)
      if (leavesMs < waitMs) waitMs = leavesMs
      break
    }
    this.#table.release(at)
    return waitMs < 1 ? 1 : waitMs < INT_MAX ? waitMs | 0 : INT_MAX
  }
}
