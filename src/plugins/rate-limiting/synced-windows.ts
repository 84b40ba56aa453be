/**
 * synced-windows — fixed windows with a sync_rate: decided here at once, told to the other machines through Redis.
 *
 * WHAT    A request is admitted while what this machine has counted and what it knows of the others leave room. Every
 *         sync_rate seconds a worker sends what it admitted, and learns from Redis's totals what the others did.
 *
 * LIMITS  With N machines and a limit L at most L + (N-1) × min(L, what one machine admits in sync_rate and one round
 *         trip) are admitted in a window. While Redis fails each machine has the limit for itself.
 *
 * HOT     `ask` runs once a limited request.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { RedisLink } from '../../contract/machine/redis.ts'
import type { PluginScope, Verdict } from '../../contract/plugin.ts'
import { Deltas, KEYS_MAX } from '../../limits/deltas.ts'
import type { Found } from '../../limits/identity.ts'
import { OtherCounts } from '../../limits/other-counts.ts'
import { PERIODS } from '../../limits/periods.ts'
import { RedisKeys } from '../../limits/redis-keys.ts'
import { FixedWindows, WindowAsk } from '../../state/fixed-windows.ts'
import type { Gate, Limiter } from './gate.ts'
import type { Tier } from './tier.ts'

const LOG_EVERY_MS = 60_000

export class SyncedWindows implements Limiter {
  readonly #gate: Gate
  readonly #link: RedisLink
  readonly #syncMs: number
  readonly #windows: FixedWindows
  readonly #others: OtherCounts
  readonly #deltas: Deltas
  /** The limits less what the others have counted. */
  readonly #room: WindowAsk
  readonly #found: Found
  #cancel: (() => void) | null
  #loggedMs: number
  readonly #tick: () => void

  constructor(gate: Gate, link: RedisLink, scope: PluginScope, syncMs: number) {
    this.#gate = gate
    this.#link = link
    this.#syncMs = syncMs
    this.#windows = new FixedWindows(gate.host.shared.limits)
    this.#others = new OtherCounts(gate.host.shared.limits)
    const keys = new RedisKeys(scope, gate.calendar)
    const now = () => gate.host.now()
    this.#deltas = new Deltas({ link, calendar: gate.calendar, keys, others: this.#others, now })
    this.#room = new WindowAsk()
    this.#found = { a: 0, b: 0, text: '', by: 'ip' }
    this.#cancel = null
    this.#loggedMs = -Infinity
    this.#tick = () => {
      this.#cancel = null
      this.#deltas.push()
      // Once more after the last change, so that its total is learned and the list is found empty.
      if (this.#deltas.size > 0) this.#schedule()
    }
  }

  ask(x: Exchange): Verdict {
    const gate = this.#gate
    const nowMs = gate.host.now()
    const tier = gate.enter(x, nowMs)
    const cost = gate.cost.of(x)
    const stop = this.#take(tier, cost, (nowMs / 1000) | 0)
    const used = tier.set.ask.used
    for (let period = 0; period < PERIODS; period++)
      used[period] = this.#room.used[period]! + this.#others.counts[period]!
    if (stop < 0) this.#tell(tier, cost, nowMs)
    return gate.settleWindows(x, tier, cost, stop)
  }

  #take(tier: Tier, cost: number, nowS: number): number {
    const ask = tier.set.ask
    const room = this.#room
    const key = this.#gate.identity.key
    this.#others.read(key.a, key.b, ask, nowS)
    let full = -1
    for (let period = 0; period < PERIODS; period++) {
      const cap = ask.caps[period]!
      const left = cap - this.#others.counts[period]!
      room.ids[period] = ask.ids[period]!
      // 0 would stand for no limit.
      room.caps[period] = cap === 0 ? 0 : left < 1 ? 1 : left
      if (full < 0 && cap !== 0 && left < 1) full = period
    }
    room.untilS = ask.untilS
    if (full < 0) return this.#windows.take(key, room, cost, nowS)
    this.#windows.read(key, room, nowS)
    return full
  }

  #tell(tier: Tier, cost: number, nowMs: number): void {
    this.#gate.identity.keep(this.#found)
    if (!this.#deltas.add(this.#found, tier.set.periods, tier.set.ask.ids, cost)) this.#complain(nowMs)
    if (this.#cancel === null) this.#schedule()
  }

  #schedule(): void {
    this.#cancel = this.#gate.host.later(this.#syncMs, this.#tick)
  }

  #complain(nowMs: number): void {
    if (nowMs - this.#loggedMs < LOG_EVERY_MS) return
    this.#loggedMs = nowMs
    this.#gate.host.log(
      'warn',
      'rate-limiting: more keys wait to be told to Redis than are kept',
      makeFigures(),
    )
  }

  charge(x: Exchange, cost: number): void {
    const gate = this.#gate
    const nowMs = gate.host.now()
    const tier = gate.enter(x, nowMs)
    if (!gate.recall(x)) return
    this.#windows.add(gate.identity.key, tier.set.ask, cost, (nowMs / 1000) | 0)
    this.#tell(tier, cost, nowMs)
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = null
    this.#deltas.close()
    this.#link.close()
  }
}

function makeFigures(): Record<string, unknown> {
  return { kept: KEYS_MAX }
}
