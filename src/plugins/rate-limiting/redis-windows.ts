/**
 * redis-windows — fixed windows that all machines share: Redis decides, once a request, and counts only whom it admits.
 *
 * WHAT    What Redis says of a key raises the counts of this machine's own table. A key that is known to be at its
 *         limit is refused without asking. While Redis fails the own table decides, from counts that are warm.
 *
 *         What came meanwhile Redis never hears of: until those windows are over both must have room (limits/alone.ts).
 *
 * WRITES  The own table: counts are only raised, never lowered, while Redis answers.
 *
 * LIMITS  As many requests wait as the link has places for (contract/redis.ts); the others are decided as if it failed.
 *
 * HOT     No allocation but the texts of the keys: checks are used again.
 */
import type { Exchange } from '../../contract/exchange.ts'
import { ADD, Check, FIXED, type RedisFailure, type RedisLink } from '../../contract/machine/redis.ts'
import { NEXT, type PluginScope, type Verdict, WAIT } from '../../contract/plugin.ts'
import type { Found, LimitBy } from '../../limits/identity.ts'
import { PERIODS } from '../../limits/periods.ts'
import { RedisKeys } from '../../limits/redis-keys.ts'
import { FixedWindows, WindowAsk } from '../../state/fixed-windows.ts'
import type { Gate, Limiter } from './gate.ts'
import type { Tier } from './tier.ts'

const KEPT_MAX = 4096

export class RedisWindows implements Limiter {
  readonly #gate: Gate
  readonly #link: RedisLink
  readonly #keys: RedisKeys
  readonly #windows: FixedWindows
  readonly #counts: Int32Array
  readonly #idle: WindowCheck[]

  constructor(gate: Gate, link: RedisLink, scope: PluginScope) {
    this.#gate = gate
    this.#link = link
    this.#keys = new RedisKeys(scope, gate.calendar)
    this.#windows = new FixedWindows(gate.host.shared.limits)
    this.#counts = new Int32Array(PERIODS)
    this.#idle = []
  }

  ask(x: Exchange): Verdict {
    const gate = this.#gate
    const nowMs = gate.host.now()
    const tier = gate.enter(x, nowMs)
    const cost = gate.cost.of(x)
    const ask = tier.set.ask
    this.#windows.read(gate.identity.key, ask, (nowMs / 1000) | 0)
    const stop = fullPeriod(ask, cost)
    if (stop >= 0) return gate.settleWindows(x, tier, cost, stop)
    const check = this.#makeCheck(x, tier, cost, FIXED)
    if (this.#link.check(check)) return WAIT
    this.#giveBack(check)
    return this.#insure(x, tier, cost, nowMs)
  }

  #makeCheck(x: Exchange | null, tier: Tier, cost: number, kind: typeof FIXED | typeof ADD): WindowCheck {
    const check = this.#idle.pop() ?? new WindowCheck(this)
    const { identity } = this.#gate
    check.x = x
    check.tier = tier
    identity.keep(check)
    check.ask(kind, this.#keys.nameOf(identity.text), cost)
    this.#keys.addWindows(check, tier.set)
    check.windowAsk.copy(tier.set.ask)
    return check
  }

  /** From a check, once. */
  onChecked(check: WindowCheck, failure: RedisFailure | null): void {
    const gate = this.#gate
    const x = check.x
    const nowMs = gate.host.now()
    const tier = check.tier!
    gate.calendar.refresh(nowMs)
    gate.identity.restore(check)
    const stop = failure === null ? this.#learn(check, nowMs) : -1
    let verdict: Verdict = NEXT
    if (x !== null) {
      if (failure === null) {
        verdict = gate.settleWindows(x, tier, check.cost, stop)
      } else {
        tier.set.refresh(gate.calendar, (nowMs / 1000) | 0)
        verdict = this.#insure(x, tier, check.cost, nowMs)
      }
    } else if (failure !== null) this.#addHere(tier, check.windowAsk, check.cost, nowMs)
    this.#giveBack(check)
    if (x === null) return
    if (verdict === NEXT) x.flow?.resume(x)
    else x.flow?.finish(x)
  }

  /** This machine then knows no less than Redis. Answers the period that refuses, or -1. */
  #learn(check: WindowCheck, nowMs: number): number {
    const periods = check.tier!.set.periods
    const ask = check.tier!.set.ask
    const isAdmitted = check.refusedBy < 0
    const counted = isAdmitted ? check.cost : 0
    const nowS = (nowMs / 1000) | 0
    if (isAdmitted && this.#gate.alone.holds(nowMs)) return this.#take(check, nowS)
    for (let i = 0; i < periods.length; i++) this.#counts[periods[i]!] = check.used[i]! + counted
    this.#windows.raise(this.#gate.identity.key, check.windowAsk, this.#counts, nowS)
    for (let i = 0; i < periods.length; i++) ask.used[periods[i]!] = check.used[i]!
    return isAdmitted ? -1 : periods[check.refusedBy]!
  }

  /** Redis has room, but knows less than this machine. */
  #take(check: WindowCheck, nowS: number): number {
    const periods = check.tier!.set.periods
    const ask = check.tier!.set.ask
    const own = check.windowAsk
    const key = this.#gate.identity.key
    let stop = -1
    if (check.kind === ADD) this.#windows.add(key, own, check.cost, nowS)
    else stop = this.#windows.take(key, own, check.cost, nowS)
    for (let i = 0; i < periods.length; i++) {
      const period = periods[i]!
      const used = check.used[i]!
      ask.used[period] = used > own.used[period]! ? used : own.used[period]!
    }
    return stop
  }

  /** Without Redis this machine decides by what it knows. */
  #insure(x: Exchange, tier: Tier, cost: number, nowMs: number): Verdict {
    if (!this.#gate.insures(tier, nowMs)) return this.#gate.fail(x)
    const ask = tier.set.ask
    const stop = this.#windows.take(this.#gate.identity.key, ask, cost, (nowMs / 1000) | 0)
    return this.#gate.settleWindows(x, tier, cost, stop)
  }

  #giveBack(check: WindowCheck): void {
    check.x = null
    check.tier = null
    if (this.#idle.length < KEPT_MAX) this.#idle.push(check)
  }

  charge(x: Exchange, cost: number): void {
    const gate = this.#gate
    const nowMs = gate.host.now()
    const tier = gate.enter(x, nowMs)
    if (!gate.recall(x)) return
    const check = this.#makeCheck(null, tier, cost, ADD)
    if (this.#link.check(check)) return
    this.#giveBack(check)
    this.#addHere(tier, tier.set.ask, cost, nowMs)
  }

  #addHere(tier: Tier, ask: WindowAsk, cost: number, nowMs: number): void {
    const gate = this.#gate
    gate.alone.note(nowMs, tier.countsUntilMs(nowMs))
    this.#windows.add(gate.identity.key, ask, cost, (nowMs / 1000) | 0)
  }

  close(): void {
    this.#link.close()
  }
}

/** The first period that is known to have no room, or -1. */
function fullPeriod(ask: WindowAsk, cost: number): number {
  for (let period = 0; period < PERIODS; period++) {
    const cap = ask.caps[period]!
    if (cap !== 0 && cost > cap - ask.used[period]!) return period
  }
  return -1
}

class WindowCheck extends Check implements Found {
  x: Exchange | null
  tier: Tier | null
  a: number
  b: number
  text: string
  by: LimitBy
  /** The windows that were asked for, which may be over when the answer comes. */
  readonly windowAsk: WindowAsk
  readonly #owner: RedisWindows

  constructor(owner: RedisWindows) {
    super()
    this.x = null
    this.tier = null
    this.a = 0
    this.b = 0
    this.text = ''
    this.by = 'ip'
    this.windowAsk = new WindowAsk()
    this.#owner = owner
  }

  onChecked(failure: RedisFailure | null): void {
    this.#owner.onChecked(this, failure)
  }
}
