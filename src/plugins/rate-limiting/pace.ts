/**
 * pace — the algorithms that have no windows of the calendar: sliding-window, token-bucket and leaky-bucket.
 *
 * HOT     Runs once a limited request. Only a request that has to wait costs a closure.
 */
import type { Exchange } from '../../contract/exchange.ts'
import { NEXT, type Verdict, WAIT } from '../../contract/plugin.ts'
import { CAP_MAX } from '../../limits/periods.ts'
import { Rates } from '../../state/rates.ts'
import { SlidingWindows } from '../../state/sliding-windows.ts'
import type { Gate, Limiter } from './gate.ts'
import type { Config } from './schema.ts'
import type { Tier } from './tier.ts'

/** 24 days: as far as Rates and SlidingWindows can tell. */
const WAIT_MS_MAX = 0x7fffffff

export const SLIDING_WINDOW = 0
export const TOKEN_BUCKET = 1
export const LEAKY_BUCKET = 2
export type Algorithm = 0 | 1 | 2

export function algorithmOf(config: Config): Algorithm {
  if (config.algorithm === 'sliding-window') return SLIDING_WINDOW
  return config.algorithm === 'token-bucket' ? TOKEN_BUCKET : LEAKY_BUCKET
}

export class LocalPace implements Limiter {
  readonly #gate: Gate
  readonly #algorithm: Algorithm
  readonly #windows: SlidingWindows
  readonly #rates: Rates

  constructor(gate: Gate, algorithm: Algorithm) {
    this.#gate = gate
    this.#algorithm = algorithm
    this.#windows = new SlidingWindows(gate.host.shared.limits)
    this.#rates = new Rates(gate.host.shared.limits)
  }

  ask(x: Exchange): Verdict {
    const nowMs = this.#gate.host.now()
    const tier = this.#gate.enter(x, nowMs)
    return this.decide(x, tier, this.#gate.cost.of(x), nowMs)
  }

  /** For the key that the gate has found. */
  decide(x: Exchange, tier: Tier, cost: number, nowMs: number): Verdict {
    let waitMs = this.take(tier, cost, nowMs)
    // A thread that read its clock later may have asked before: by an older reading one too many is under way.
    if (this.#isRefusal(waitMs)) {
      const freshMs = this.#gate.host.nowAnew()
      // Waits are rounded up. Where the clock has moved by less, asking again is refused again.
      if (freshMs - nowMs > Math.abs(waitMs) - 1) waitMs = this.take(tier, cost, freshMs)
    }
    if (this.#algorithm === LEAKY_BUCKET) return this.settleQueue(x, tier, waitMs)
    return this.settle(x, tier, waitMs, this.left)
  }

  /** Counts what Redis has admitted, so that this machine knows what it has let through. */
  count(tier: Tier, cost: number, nowMs: number): void {
    // Parts begin at other times than in Redis: its window may have room a moment before this one has.
    if (this.#algorithm === SLIDING_WINDOW)
      this.#windows.take(this.#gate.identity.key, nowMs, tier.windowMs, CAP_MAX, cost)
    else this.take(tier, cost, nowMs)
  }

  #isRefusal(waitMs: number): boolean {
    return this.#algorithm === LEAKY_BUCKET ? waitMs < 0 : waitMs !== 0
  }

  /** As Rates and SlidingWindows answer. */
  take(tier: Tier, cost: number, nowMs: number): number {
    const key = this.#gate.identity.key
    if (this.#algorithm === SLIDING_WINDOW)
      return this.#windows.take(key, nowMs, tier.windowMs, tier.cap, cost)
    if (this.#algorithm === TOKEN_BUCKET) return this.#rates.take(key, nowMs, tier.gapMs, tier.burst, cost)
    return this.#rates.reserve(key, nowMs, tier.gapMs, tier.burst)
  }

  /** After `take`. */
  get left(): number {
    return this.#algorithm === SLIDING_WINDOW ? this.#windows.left : this.#rates.left
  }

  /** `waitMs`: 0 when admitted, else until asking again can succeed. */
  settle(x: Exchange, tier: Tier, waitMs: number, left: number): Verdict {
    const fullMs = this.#algorithm === SLIDING_WINDOW ? tier.windowMs : (tier.burst - left) * tier.gapMs
    return this.#gate.settlePaced(
      x,
      tier,
      left,
      waitMs === 0 ? secondsOf(fullMs) : -secondsOf(farther(waitMs, fullMs)),
    )
  }

  /** `waitMs`: when to go on, or less than 0: minus the time until a place is free. */
  settleQueue(x: Exchange, tier: Tier, waitMs: number): Verdict {
    if (waitMs < 0) {
      const freeMs = farther(-waitMs, tier.gapMs)
      return this.#gate.settlePaced(x, tier, 0, -secondsOf(freeMs))
    }
    const waiting = Math.ceil(waitMs / tier.gapMs)
    const left = waiting > tier.burst ? 0 : tier.burst - waiting
    this.#gate.settlePaced(x, tier, left, secondsOf(waitMs + tier.gapMs))
    if (waitMs === 0 || this.#gate.isDry) return NEXT
    makeWait(this.#gate, x, waitMs)
    return WAIT
  }

  charge(): void {}

  close(): void {}
}

/** Waits end at WAIT_MS_MAX: what is farther off is as far as it can be. */
function farther(waitMs: number, mostMs: number): number {
  return waitMs < WAIT_MS_MAX || mostMs < waitMs ? waitMs : mostMs
}

function secondsOf(ms: number): number {
  return ms <= 1000 ? 1 : Math.ceil(ms / 1000)
}

function makeWait(gate: Gate, x: Exchange, ms: number): void {
  gate.host.later(ms, () => x.flow?.resume(x))
}
