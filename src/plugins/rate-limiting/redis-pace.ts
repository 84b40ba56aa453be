/**
 * redis-pace — sliding-window, token-bucket and leaky-bucket for all machines together: Redis decides, once a request.
 *
 * What it admits this machine counts too, so that it can decide alone while Redis fails.
 */
import type { Exchange } from '../../contract/exchange.ts'
import {
  Check,
  QUEUE,
  RATE,
  type RedisFailure,
  type RedisLink,
  SLIDING,
} from '../../contract/machine/redis.ts'
import { NEXT, type PluginScope, type Verdict, WAIT } from '../../contract/plugin.ts'
import type { Found, LimitBy } from '../../limits/identity.ts'
import { RedisKeys } from '../../limits/redis-keys.ts'
import type { Gate, Limiter } from './gate.ts'
import { type Algorithm, LEAKY_BUCKET, LocalPace } from './pace.ts'
import type { Tier } from './tier.ts'

const NAMES = ['sliding-window', 'token-bucket', 'leaky-bucket'] as const
const KINDS = [SLIDING, RATE, QUEUE] as const

export class RedisPace implements Limiter {
  readonly #gate: Gate
  readonly #link: RedisLink
  readonly #algorithm: Algorithm
  readonly #keys: RedisKeys
  readonly #local: LocalPace

  constructor(gate: Gate, link: RedisLink, scope: PluginScope, algorithm: Algorithm) {
    this.#gate = gate
    this.#link = link
    this.#algorithm = algorithm
    this.#keys = new RedisKeys(scope, gate.calendar)
    this.#local = new LocalPace(gate, algorithm)
  }

  ask(x: Exchange): Verdict {
    const gate = this.#gate
    const nowMs = gate.host.now()
    const tier = gate.enter(x, nowMs)
    const check = new PaceCheck(this, x, tier)
    gate.identity.keep(check)
    check.ask(KINDS[this.#algorithm], this.#keys.nameOf(gate.identity.text), gate.cost.of(x))
    const key = this.#keys.paceKey(check.name, NAMES[this.#algorithm], tier.period, tier.group)
    check.window(key, tier.cap, 0)
    check.windowMs = tier.windowMs
    check.gapMs = tier.gapMs
    check.burst = tier.burst
    if (this.#link.check(check)) return WAIT
    return this.#insure(x, tier, check.cost, nowMs)
  }

  onChecked(check: PaceCheck, failure: RedisFailure | null): void {
    const { x, tier } = check
    const nowMs = this.#gate.host.now()
    this.#gate.identity.restore(check)
    const verdict = failure === null ? this.#settle(check, nowMs) : this.#insure(x, tier, check.cost, nowMs)
    if (verdict === NEXT) x.flow?.resume(x)
    else if (verdict !== WAIT) x.flow?.finish(x)
  }

  #settle({ x, tier, cost, waitMs, left }: PaceCheck, nowMs: number): Verdict {
    const local = this.#local
    const isWary = this.#gate.alone.holds(nowMs)
    if (this.#algorithm === LEAKY_BUCKET) {
      const ownMs = waitMs >= 0 ? local.take(tier, 1, nowMs) : 0
      return local.settleQueue(
        x,
        tier,
        !isWary || waitMs < 0 ? waitMs : ownMs < 0 ? ownMs : Math.max(ownMs, waitMs),
      )
    }
    if (waitMs !== 0) return local.settle(x, tier, waitMs, left)
    if (isWary) {
      const ownMs = local.take(tier, cost, nowMs)
      return local.settle(x, tier, ownMs, Math.min(left, local.left))
    }
    local.count(tier, cost, nowMs)
    return local.settle(x, tier, 0, left)
  }

  #insure(x: Exchange, tier: Tier, cost: number, nowMs: number): Verdict {
    return this.#gate.insures(tier, nowMs) ? this.#local.decide(x, tier, cost, nowMs) : this.#gate.fail(x)
  }

  charge(): void {}

  close(): void {
    this.#link.close()
  }
}

class PaceCheck extends Check implements Found {
  readonly x: Exchange
  readonly tier: Tier
  a = 0
  b = 0
  text = ''
  by: LimitBy = 'ip'
  readonly #owner: RedisPace

  constructor(owner: RedisPace, x: Exchange, tier: Tier) {
    super()
    this.#owner = owner
    this.x = x
    this.tier = tier
  }

  onChecked(failure: RedisFailure | null): void {
    this.#owner.onChecked(this, failure)
  }
}
