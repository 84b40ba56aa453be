/**
 * upstream-state — what all workers hold of one upstream at the moment, and no more of it than allowed.
 *
 * WHAT    A row (rows.ts): totals that all workers add to, a share for each owner so that a dead worker's part can be
 *         given back, and the upstream's breaker (breaker.ts draws its lines).
 *
 *           line 0      | requests | pending | connections | retries | ejected |                 totals, all owners
 *                       | refused: circuit, requests, pending, retries | 3 x second told | 3 x refused when told |
 *           line 1..7   | the breaker |
 *           2 lines an  | requests | pending | connections | retries | breaker's counts ... |    owner 0
 *           owner       | ...                                                                    owner 1
 *
 * WRITES  Totals: any thread, by Atomics. A share: its owner alone with plain stores, and the primary after the owner
 *         has died (`forgetUpstreamShares`), before the replacement starts.
 *
 * LIMITS  Never more than `max` are held: a share is raised after the total and lowered before it, so a total is never
 *         less than the sum of its shares, and a death between the two costs at most one place.
 *
 * HOT     Called several times a request: one compareExchange and one plain store. One that fails is another thread's
 *         success, so the loops end.
 */
import { Breaker, forgetProbes, OWNER_WORDS, OWNERS_AT } from './breaker.ts'
import type { Rows } from './rows.ts'

const REQUESTS = 0
const PENDING = 1
const CONNECTIONS = 2
const RETRIES = 3
const HELD = 4
const EJECTED = 4
const REFUSED_AT = 5
const TOLD_S = 9
const TOLD_COUNT = 12

/** What refuses, as `refused` and `newlyRefused` count it. */
export const BY_CIRCUIT = 0
export const BY_REQUESTS = 1
export const BY_PENDING = 2
export const BY_RETRIES = 3

/** `owners`: workers + 1. */
export function upstreamRowWords(owners: number): number {
  return OWNERS_AT + owners * OWNER_WORDS
}

export class UpstreamState {
  readonly breaker: Breaker
  readonly #words: Int32Array
  readonly #at: number
  readonly #own: number

  constructor(words: Int32Array, doubles: Float64Array, at: number, owner: number) {
    this.breaker = new Breaker(words, doubles, at, owner)
    this.#words = words
    this.#at = at
    this.#own = at + OWNERS_AT + owner * OWNER_WORDS
  }

  /** False while `max` are held, as for all `take`; 0 or less: no limit, but counted. */
  takeRequest(max: number): boolean {
    return this.#take(REQUESTS, max)
  }

  /** Nothing happens where this owner holds none, as for all `give`. */
  giveRequest(): void {
    this.#give(REQUESTS)
  }

  takePending(max: number): boolean {
    return this.#take(PENDING, max)
  }

  givePending(): void {
    this.#give(PENDING)
  }

  takeConnection(max: number): boolean {
    return this.#take(CONNECTIONS, max)
  }

  giveConnection(): void {
    this.#give(CONNECTIONS)
  }

  takeRetry(max: number): boolean {
    return this.#take(RETRIES, max)
  }

  /** Of what is under way now, `percent` may be retries, and `minimum` at any rate. Given back by `giveRetry`. */
  takeRetryInBudget(percent: number, minimum: number): boolean {
    // Multiplied first: 29 / 100 * 100 is less than 29.
    const max = Math.max(minimum, Math.floor((percent * (this.requests + this.pending)) / 100))
    return max > 0 && this.#take(RETRIES, max)
  }

  giveRetry(): void {
    this.#give(RETRIES)
  }

  get requests(): number {
    return Atomics.load(this.#words, this.#at + REQUESTS)
  }

  get pending(): number {
    return Atomics.load(this.#words, this.#at + PENDING)
  }

  get connections(): number {
    return Atomics.load(this.#words, this.#at + CONNECTIONS)
  }

  get retries(): number {
    return Atomics.load(this.#words, this.#at + RETRIES)
  }

  get ejected(): number {
    return Atomics.load(this.#words, this.#at + EJECTED)
  }

  /** One more was refused. */
  countRefused(by: number): void {
    Atomics.add(this.#words, this.#at + REFUSED_AT + by, 1)
  }

  /** Since the row was made. */
  refused(by: number): number {
    return Atomics.load(this.#words, this.#at + REFUSED_AT + by) >>> 0
  }

  /**
   * How many were refused since somebody was last told; 0: nobody is to be told, as somebody was in this second. Not
   * for BY_RETRIES.
   */
  newlyRefused(by: number, nowS: number): number {
    const words = this.#words
    const at = this.#at + TOLD_S + by
    const told = Atomics.load(words, at)
    // Never told is 0, and another thread's clock may be a turn ahead.
    if (nowS + 1 <= told || Atomics.compareExchange(words, at, told, nowS + 1) !== told) return 0
    const refused = this.refused(by)
    return (refused - Atomics.exchange(words, this.#at + TOLD_COUNT + by, refused)) >>> 0
  }

  /** Whether one more of `hosts` may be ejected; `alwaysOne`: the first one may, whatever its share. */
  tryEject(hosts: number, maxPercent: number, alwaysOne: boolean): boolean {
    const words = this.#words
    const at = this.#at + EJECTED
    let seen = Atomics.load(words, at)
    while ((seen + 1) * 100 <= maxPercent * hosts || (alwaysOne && seen === 0)) {
      const found = Atomics.compareExchange(words, at, seen, seen + 1)
      if (found === seen) return true
      seen = found
    }
    return false
  }

  /** One host is back, or was not ejected after all. */
  giveEjection(): void {
    const words = this.#words
    const at = this.#at + EJECTED
    for (let seen = Atomics.load(words, at); seen > 0; ) {
      const found = Atomics.compareExchange(words, at, seen, seen - 1)
      if (found === seen) return
      seen = found
    }
  }

  /**
   * By the primary: the number of ejected hosts was `seen` and should be `counted` (a host left while ejected, a worker
   * died between taking the place and ejecting). False when it has changed since.
   */
  correctEjections(seen: number, counted: number): boolean {
    return Atomics.compareExchange(this.#words, this.#at + EJECTED, seen, counted) === seen
  }

  #take(which: number, max: number): boolean {
    const words = this.#words
    const at = this.#at + which
    let seen = Atomics.load(words, at)
    while (max <= 0 || seen < max) {
      const found = Atomics.compareExchange(words, at, seen, seen + 1)
      if (found === seen) {
        words[this.#own + which] = words[this.#own + which]! + 1
        return true
      }
      seen = found
    }
    return false
  }

  #give(which: number): void {
    const words = this.#words
    const held = words[this.#own + which]!
    if (held <= 0) return
    words[this.#own + which] = held - 1
    Atomics.sub(words, this.#at + which, 1)
  }
}

/** By the primary, after worker `dead` has died and before `rows.forget`: all that it held, of every upstream. */
export function forgetUpstreamShares(rows: Rows, dead: number): void {
  const words = rows.words
  for (let row = 0; row < rows.count; row++) {
    if (!rows.isHeld(row)) continue
    const at = rows.at(row)
    const own = at + OWNERS_AT + dead * OWNER_WORDS
    for (let which = 0; which < HELD; which++) {
      const held = Atomics.exchange(words, own + which, 0)
      if (held > 0) Atomics.sub(words, at + which, held)
    }
    forgetProbes(rows, at, dead)
  }
}
