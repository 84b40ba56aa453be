/**
 * target-state — what all workers know about one target address of one upstream: health, ejection, load.
 *
 * WHAT    A row (rows.ts). `health` holds whether the target is out and Kong's four counters in one word. A success
 *         zeroes the failures and a failure the successes, so that successes share the first byte:
 *
 *           health   | timeouts 8 | tcp 8 | http failures or successes 8 | - | SUCCEEDING | EJECTED | UNHEALTHY |
 *
 *           line 0   | health | joined | multiplier | - | healthy since (double) | ejected at (double) |
 *           line 1   | in flight | good | bad | 5xx, gateway, local errors in a row | ... |
 *           line 2.. | in flight of owner 0 | of owner 1 | ... |
 *
 * WRITES  Any thread, by Atomics; an owner's share of `in flight` by that owner alone, and by the primary after it
 *         has died (`forgetTargetShares`). Who changes a bit of `health` writes the times that go with it.
 *
 * LIMITS  Counters of health stop at 255, as Kong's limits do. `in flight` is never less than the sum of the shares: a
 *         death between the two costs at most one too many. A time may be seen a moment after the bit it belongs to.
 *
 * HOT     Asked for each pick (`isOut`: one load) and told of each try's end. A compareExchange that fails is another
 *         thread's success, so the loops end. What is only looked at is read plainly: Atomics.load is a call of 6 ns
 *         here, and buys no more than that a value just written is seen a moment sooner.
 */
import { type Rows, wholeLines } from './rows.ts'

const UNHEALTHY = 1
const EJECTED = 2
const OUT = UNHEALTHY | EJECTED
const SUCCEEDING = 4
const COUNT_MAX = 255
const FIRST_SHIFT = 8
const TCP_SHIFT = 16
const TIMEOUT_SHIFT = 24

const HEALTH = 0
const JOINED = 1
const MULTIPLIER = 2
const HEALTHY_SINCE = 4
const EJECTED_AT = 6
const IN_FLIGHT = 16
const GOOD = 17
const BAD = 18
const SERVER_RUN = 19
const GATEWAY_RUN = 20
const LOCAL_RUN = 21
const SHARES = 32

/** What `onResponse` and `onLocalFailure` answer: the detectors that have just reached their threshold, as bits. */
export const DETECTED_5XX = 1
export const DETECTED_GATEWAY = 2
export const DETECTED_LOCAL = 4

/** `owners`: workers + 1. */
export function targetRowWords(owners: number): number {
  return SHARES + wholeLines(owners)
}

/** Of one kind of checks (active or passive). 0: reports of that kind count for nothing. */
export interface CheckLimits {
  readonly successes: number
  readonly httpFailures: number
  readonly tcpFailures: number
  readonly timeouts: number
}

/** 0: that detector is off. */
export interface OutlierLimits {
  readonly consecutive5xx: number
  readonly consecutiveGateway: number
  readonly consecutiveLocal: number
  /** Whether what never came from the target has counters of its own. */
  readonly splitLocal: boolean
}

export class TargetState {
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #at: number
  readonly #share: number
  /** What `takeInterval` took. */
  intervalTotal: number
  intervalGood: number

  constructor(words: Int32Array, doubles: Float64Array, at: number, owner: number) {
    this.#words = words
    this.#doubles = doubles
    this.#at = at
    this.#share = at + SHARES + owner
    this.intervalTotal = 0
    this.intervalGood = 0
  }

  /** Unhealthy or ejected: no traffic for it. */
  get isOut(): boolean {
    return (this.#words[this.#at + HEALTH]! & OUT) !== 0
  }

  get isUnhealthy(): boolean {
    return (this.#words[this.#at + HEALTH]! & UNHEALTHY) !== 0
  }

  get isEjected(): boolean {
    return (this.#words[this.#at + HEALTH]! & EJECTED) !== 0
  }

  /** Since when it takes traffic, for slow start; 0: from the start. */
  get healthySinceMs(): number {
    return this.#doubles[(this.#at + HEALTHY_SINCE) >> 1]!
  }

  /** By whoever claims the row; the first one's time counts. 0 for targets there from the start. */
  join(nowMs: number): void {
    if (Atomics.compareExchange(this.#words, this.#at + JOINED, 0, 1) === 0) this.#setHealthySince(nowMs)
  }

  /** True: this report brought the target back, and no other thread is told so. */
  reportSuccess(limits: CheckLimits, nowMs: number): boolean {
    const words = this.#words
    const at = this.#at + HEALTH
    const limit = limits.successes
    if (limit <= 0) return false
    for (;;) {
      const seen = words[at]!
      const count = (seen & SUCCEEDING) === 0 ? 0 : (seen >>> FIRST_SHIFT) & COUNT_MAX
      const isBack = count + 1 >= limit
      // Nothing to tell a healthy target that has its successes: it costs one load.
      if (count >= limit && (seen & UNHEALTHY) === 0) return false
      let next = (seen & OUT) | SUCCEEDING | (Math.min(count + 1, COUNT_MAX) << FIRST_SHIFT)
      if (isBack) next &= ~UNHEALTHY
      if (Atomics.compareExchange(words, at, seen, next) !== seen) continue
      if (!isBack || (seen & UNHEALTHY) === 0) return false
      if ((next & OUT) === 0) this.#setHealthySince(nowMs)
      return true
    }
  }

  /** True, as for the two below: this report took the target out, and no other thread is told so. */
  reportHttpFailure(limits: CheckLimits): boolean {
    return this.#reportFailure(FIRST_SHIFT, limits.httpFailures)
  }

  reportTcpFailure(limits: CheckLimits): boolean {
    return this.#reportFailure(TCP_SHIFT, limits.tcpFailures)
  }

  reportTimeout(limits: CheckLimits): boolean {
    return this.#reportFailure(TIMEOUT_SHIFT, limits.timeouts)
  }

  #reportFailure(shift: number, limit: number): boolean {
    const words = this.#words
    const at = this.#at + HEALTH
    if (limit <= 0) return false
    for (;;) {
      const seen = Atomics.load(words, at)
      let next = (seen & SUCCEEDING) === 0 ? seen : seen & OUT
      const count = (next >>> shift) & COUNT_MAX
      if (count < COUNT_MAX) next = (next + (1 << shift)) | 0
      if (count + 1 >= limit) next |= UNHEALTHY
      if (next === seen) return false
      if (Atomics.compareExchange(words, at, seen, next) === seen) return (next & ~seen & UNHEALTHY) !== 0
    }
  }

  /** By an operator or another judge. Zeroes the counters; true when it changed the health. */
  setHealthy(isHealthy: boolean, nowMs: number): boolean {
    const words = this.#words
    const at = this.#at + HEALTH
    for (;;) {
      const seen = Atomics.load(words, at)
      const next = (seen & EJECTED) | (isHealthy ? 0 : UNHEALTHY)
      if (Atomics.compareExchange(words, at, seen, next) !== seen) continue
      const changed = ((seen ^ next) & UNHEALTHY) !== 0
      if (changed && (next & OUT) === 0) this.#setHealthySince(nowMs)
      return changed
    }
  }

  get successes(): number {
    const seen = Atomics.load(this.#words, this.#at + HEALTH)
    return (seen & SUCCEEDING) === 0 ? 0 : (seen >>> FIRST_SHIFT) & COUNT_MAX
  }

  get httpFailures(): number {
    return this.#failures(FIRST_SHIFT)
  }

  get tcpFailures(): number {
    return this.#failures(TCP_SHIFT)
  }

  get timeouts(): number {
    return this.#failures(TIMEOUT_SHIFT)
  }

  #failures(shift: number): number {
    const seen = Atomics.load(this.#words, this.#at + HEALTH)
    return (seen & SUCCEEDING) !== 0 ? 0 : (seen >>> shift) & COUNT_MAX
  }

  /** A try is under way. */
  begin(): void {
    const words = this.#words
    Atomics.add(words, this.#at + IN_FLIGHT, 1)
    words[this.#share] = words[this.#share]! + 1
  }

  /** It is over. Nothing happens where none of this owner's is under way. */
  end(): void {
    const words = this.#words
    const held = words[this.#share]!
    if (held <= 0) return
    words[this.#share] = held - 1
    Atomics.sub(words, this.#at + IN_FLIGHT, 1)
  }

  /** Tries under way, of all workers. */
  get inFlight(): number {
    return this.#words[this.#at + IN_FLIGHT]!
  }

  /**
   * The target answered. Answers DETECTED_ bits: which detector has just reached its threshold. One thread is told so,
   * and the run starts again at 0, so that further errors of a target that could not be ejected are noticed again.
   */
  onResponse(status: number, limits: OutlierLimits): number {
    if (status < 500) {
      Atomics.add(this.#words, this.#at + GOOD, 1)
      this.#endRun(SERVER_RUN)
      this.#endRun(GATEWAY_RUN)
      return 0
    }
    Atomics.add(this.#words, this.#at + BAD, 1)
    let detected = 0
    if (status < 502 || status > 504) this.#endRun(GATEWAY_RUN)
    else if (this.#extendRun(GATEWAY_RUN, limits.consecutiveGateway)) detected = DETECTED_GATEWAY
    if (this.#extendRun(SERVER_RUN, limits.consecutive5xx)) detected |= DETECTED_5XX
    return detected
  }

  /** No answer: no connection, a reset, a time limit. Counts as 503 unless such failures have their own counters. */
  onLocalFailure(limits: OutlierLimits): number {
    if (!limits.splitLocal) return this.onResponse(503, limits)
    return this.#extendRun(LOCAL_RUN, limits.consecutiveLocal) ? DETECTED_LOCAL : 0
  }

  /** A connection to the target was there: the end of a run of local failures. */
  onConnected(limits: OutlierLimits): void {
    if (limits.splitLocal) this.#endRun(LOCAL_RUN)
  }

  /** Takes the answers since it was last called into `intervalTotal` and `intervalGood`: each answer once. */
  takeInterval(): void {
    this.intervalGood = Atomics.exchange(this.#words, this.#at + GOOD, 0)
    this.intervalTotal = this.intervalGood + Atomics.exchange(this.#words, this.#at + BAD, 0)
  }

  /**
   * Takes the target out for a while; true for exactly one of those who try. Its multiplier grows by one up to
   * `multiplierMax`.
   */
  eject(nowMs: number, multiplierMax: number): boolean {
    const words = this.#words
    const at = this.#at + HEALTH
    // Before the bit, so that nobody reads the end of an ejection off the time of an earlier one.
    if ((Atomics.load(words, at) & EJECTED) !== 0) return false
    this.#doubles[(this.#at + EJECTED_AT) >> 1] = nowMs
    if ((Atomics.or(words, at, EJECTED) & EJECTED) !== 0) return false
    const multiplier = Atomics.load(words, this.#at + MULTIPLIER)
    if (multiplier < multiplierMax) Atomics.store(words, this.#at + MULTIPLIER, multiplier + 1)
    return true
  }

  /** Back from an ejection with its runs at 0; true for exactly one of those who try. */
  uneject(nowMs: number): boolean {
    const words = this.#words
    const seen = Atomics.and(words, this.#at + HEALTH, ~EJECTED)
    if ((seen & EJECTED) === 0) return false
    this.#endRun(SERVER_RUN)
    this.#endRun(GATEWAY_RUN)
    this.#endRun(LOCAL_RUN)
    if ((seen & UNHEALTHY) === 0) this.#setHealthySince(nowMs)
    return true
  }

  get ejectedAtMs(): number {
    return this.#doubles[(this.#at + EJECTED_AT) >> 1]!
  }

  /** An ejection lasts this many times its base. */
  get multiplier(): number {
    return Atomics.load(this.#words, this.#at + MULTIPLIER)
  }

  /** By the sweep, for a target that is not ejected: its next ejection is shorter again. */
  lowerMultiplier(): void {
    const multiplier = this.multiplier
    if (multiplier > 0)
      Atomics.compareExchange(this.#words, this.#at + MULTIPLIER, multiplier, multiplier - 1)
  }

  #setHealthySince(nowMs: number): void {
    this.#doubles[(this.#at + HEALTHY_SINCE) >> 1] = nowMs
  }

  #endRun(run: number): void {
    if (this.#words[this.#at + run] !== 0) Atomics.store(this.#words, this.#at + run, 0)
  }

  /** True for the thread whose failure completes the run; it starts again at 0 in the same moment. */
  #extendRun(run: number, threshold: number): boolean {
    const words = this.#words
    const at = this.#at + run
    if (threshold <= 0) return false
    for (;;) {
      const seen = Atomics.load(words, at)
      const isFull = seen + 1 >= threshold
      if (Atomics.compareExchange(words, at, seen, isFull ? 0 : seen + 1) === seen) return isFull
    }
  }
}

/** By the primary, after worker `dead` has died and before `rows.forget`: what it had in flight, on every target. */
export function forgetTargetShares(rows: Rows, dead: number): void {
  const words = rows.words
  for (let row = 0; row < rows.count; row++) {
    if (!rows.isHeld(row)) continue
    const at = rows.at(row)
    const held = Atomics.exchange(words, at + SHARES + dead, 0)
    if (held > 0) Atomics.sub(words, at + IN_FLIGHT, held)
  }
}
