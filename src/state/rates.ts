/**
 * rates — so many at once, then one each `gapMs` (GCRA): for limits with bursts, and for queues that leak at a rate.
 *
 * WHAT    A key's state is one double: when its next request is due if it kept exactly to the rate. Who asks moves it
 *         on by a gap each; it may run `burst` gaps ahead of now, or `queueMax` gaps where those ahead have to wait.
 *
 *           | due (double) | - | - | ... |    in ticks of 2^-18 ms, about 4 ns
 *
 *         Ticks are whole, so no error adds up. A gap is rounded up to ticks: never more than the rate, and less by one
 *         part in 26,000 at 100,000 a second.
 *
 * WRITES  Any thread, holding the key: one store of 8 bytes, so a thread that dies has either asked or not.
 *
 * LIMITS  Exact while nowMs is below 2^35 (a year). A due time more than LAG_MS further ahead than it may be means that
 *         the clock was set back, or the limit lowered: the key is then at its limit, as of now.
 *
 * HOT     Each call runs once a limited request. Whole functions, since a double handed to another costs an object.
 */
import type { Fingerprint } from '../base/fingerprint.ts'
import type { KeyTable } from './key-table.ts'

const TICKS_PER_MS = 2 ** 18
const TICKS_PER_S = 1000 * TICKS_PER_MS
const LAG_MS = 1000
const MS_MAX = 0x7fffffff
/** 34 years: seconds further ahead would wrap, and the key be taken for one that is over. */
const KEPT_S_MAX = 2 ** 30

export class Rates {
  /** Whole requests that could still come at once after the last `take`. */
  left: number
  readonly #table: KeyTable
  readonly #doubles: Float64Array

  constructor(table: KeyTable) {
    this.left = 0
    this.#table = table
    this.#doubles = table.doubles
  }

  /** 0: admitted and counted. Else how long until there is room for `cost`; 2^31 - 1 where it never fits. */
  take(key: Fingerprint, nowMs: number, gapMs: number, burst: number, cost: number): number {
    const at = this.#table.hold(key.a, key.b, (nowMs / 1000) | 0)
    const now = Math.floor(nowMs * TICKS_PER_MS)
    const gap = Math.ceil(gapMs * TICKS_PER_MS)
    const limit = now + gap * burst
    let due = this.#doubles[at >> 1]!
    if (due > limit + LAG_MS * TICKS_PER_MS) this.#doubles[at >> 1] = due = limit
    if (due < now) due = now
    if (due > limit) due = limit

    const next = due + gap * cost
    if (next <= limit) {
      this.#doubles[at >> 1] = next
      this.#table.keepUntil(at, (Math.min(next / TICKS_PER_S, nowMs / 1000 + KEPT_S_MAX) | 0) + 1)
      this.#table.release(at)
      this.left = Math.floor((limit - next) / gap) | 0
      return 0
    }
    this.#table.release(at)
    this.left = Math.floor((limit - due) / gap) | 0
    const waitMs = Math.ceil((next - limit) / TICKS_PER_MS)
    return cost > burst || waitMs > MS_MAX ? MS_MAX : waitMs | 0
  }

  /**
   * A place in a queue that one leaves each `gapMs`: 0 when it may go on at once, else the time until it may. Less than
   * 0 when `queueMax` wait already: no place was taken, and one is free after so long.
   */
  reserve(key: Fingerprint, nowMs: number, gapMs: number, queueMax: number): number {
    const at = this.#table.hold(key.a, key.b, (nowMs / 1000) | 0)
    const now = Math.floor(nowMs * TICKS_PER_MS)
    const gap = Math.ceil(gapMs * TICKS_PER_MS)
    const limit = now + gap * queueMax
    let due = this.#doubles[at >> 1]!
    if (due > limit + gap + LAG_MS * TICKS_PER_MS) this.#doubles[at >> 1] = due = limit + gap
    if (due < now) due = now

    if (due <= limit) {
      this.#doubles[at >> 1] = due + gap
      this.#table.keepUntil(at, (Math.min((due + gap) / TICKS_PER_S, nowMs / 1000 + KEPT_S_MAX) | 0) + 1)
      this.#table.release(at)
      const waitMs = Math.ceil((due - now) / TICKS_PER_MS)
      return waitMs > MS_MAX ? MS_MAX : waitMs | 0
    }
    this.#table.release(at)
    const waitMs = Math.ceil((due - limit) / TICKS_PER_MS)
    return waitMs > MS_MAX ? -MS_MAX : -waitMs | 0
  }
}
