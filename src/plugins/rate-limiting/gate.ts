/**
 * gate — what all ways of limiting have in common: whom to count, by which limits, and what to tell the client.
 *
 * HOT     Runs once a limited request. The texts of refusals are made as they happen.
 */
import { faults } from '../../base/faults.ts'
import { callIt, exitJson, refuse } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, type Host, NEXT, type PluginScope, type Verdict } from '../../contract/plugin.ts'
import { Alone } from '../../limits/alone.ts'
import { Calendar } from '../../limits/calendar.ts'
import { type Found, Identity } from '../../limits/identity.ts'
import { putRetryAfter } from '../../limits/rate-fields.ts'
import {
  ADMITTED,
  LIMITS_ALONE,
  LIMITS_DRY,
  RATE_LIMITING,
  REFUSED,
  UNDECIDED,
} from '../../state/counters.ts'
import { CostReader } from './cost.ts'
import type { Config } from './schema.ts'
import { Tier } from './tier.ts'

/** Where logs find what a dry run would have refused. */
export const NOTE = 'rate-limiting'
/** Whom an answer that names its cost is charged to. */
const CHARGED = 'rate-limiting charged'
const DRY_LOG_EVERY_MS = 1000

/** One way to limit. */
export interface Limiter {
  ask(x: Exchange): Verdict
  /** The answer has named its cost: charges what was not taken before. */
  charge(x: Exchange, cost: number): void
  close(): void
}

export class Gate {
  readonly host: Host
  readonly calendar: Calendar
  readonly identity: Identity
  readonly cost: CostReader
  readonly alone: Alone
  readonly isDry: boolean
  /** False: Redis's failure is the client's. */
  readonly #isTolerant: boolean
  readonly #own: Tier
  readonly #tiers: readonly Tier[]
  readonly #isHidden: boolean
  readonly #status: number
  readonly #message: string
  #dryLogMs: number

  constructor(config: Config, host: Host, scope: PluginScope) {
    this.host = host
    this.calendar = new Calendar(() => host.wall())
    this.identity = new Identity({
      limitBy: config.limit_by,
      headerName: config.header_name,
      path: config.path,
      scope,
      use: `rate-limiting ${config.algorithm}`,
      seedA: host.shared.limits.seedA,
      seedB: host.shared.limits.seedB,
    })
    this.cost = new CostReader(config.cost)
    const use = `${scope.routeId}|${scope.serviceId}|rate-limiting ${config.algorithm}`
    this.alone = new Alone(host.shared.limits, use)
    this.isDry = config.dry_run
    this.#isTolerant = config.fault_tolerant
    this.#own = new Tier('', config, config, this.calendar)
    this.#tiers = (config.tiers ?? []).map(
      (tier) => new Tier(tier.consumer_group, tier, config, this.calendar),
    )
    this.#isHidden = config.hide_client_headers || config.headers === 'none'
    this.#status = config.error_code
    this.#message = config.error_message
    this.#dryLogMs = -Infinity
  }

  /** The limits of this client, for the windows of now. */
  enter(x: Exchange, nowMs: number): Tier {
    this.calendar.refresh(nowMs)
    const tier = this.#tiers.length === 0 || x.consumer === null ? this.#own : this.#pick(x.consumer.groups)
    tier.set.refresh(this.calendar, (nowMs / 1000) | 0)
    this.identity.find(x)
    this.identity.key.b ^= tier.salt
    return tier
  }

  /** Whom it found, for `recall` when the answer has come: until then headers may change. */
  remember(x: Exchange): void {
    if (x.notes === null) x.notes = makeNotes()
    x.notes.set(CHARGED, makeFound(this.identity))
  }

  /** False: this request was not counted. The tier is that of `enter`. */
  recall(x: Exchange): boolean {
    const found = x.notes === null ? undefined : x.notes.get(CHARGED)
    if (found === undefined) return false
    this.identity.restore(found as Found) // as `remember` put it there
    return true
  }

  #pick(groups: readonly string[]): Tier {
    for (let i = 0; i < this.#tiers.length; i++)
      if (groups.includes(this.#tiers[i]!.group)) return this.#tiers[i]!
    return this.#own
  }

  /** `tier.set.ask.used` is what was used before this request. `stop`: the period that refuses, or -1. */
  settleWindows(x: Exchange, tier: Tier, cost: number, stop: number): Verdict {
    if (stop < 0) this.host.count(RATE_LIMITING + ADMITTED)
    if (stop < 0 && (this.#isHidden || this.isDry)) return NEXT
    // A dry run changes nothing for clients.
    if (this.isDry) return this.#refuse(x, tier, stop)
    const resetS = tier.fields.putWindows(x, cost, stop)
    if (stop < 0) return NEXT
    putRetryAfter(x, resetS)
    return this.#refuse(x, tier, stop)
  }

  /** `resetS`: until all is free again; less than 0 when refused: minus the seconds until asking again can succeed. */
  settlePaced(x: Exchange, tier: Tier, left: number, resetS: number): Verdict {
    if (!this.#isHidden && !this.isDry) tier.fields.putPaced(x, left, Math.abs(resetS))
    if (resetS >= 0) {
      this.host.count(RATE_LIMITING + ADMITTED)
      return NEXT
    }
    if (!this.isDry) putRetryAfter(x, -resetS)
    return this.#refuse(x, tier, tier.period)
  }

  #refuse(x: Exchange, tier: Tier, period: number): Verdict {
    x.detail = makeDetail(tier.texts[period]!, this.identity.by)
    if (this.isDry) return this.#pretend(x)
    this.host.count(RATE_LIMITING + REFUSED)
    refuse(x, faults.LIMIT_EXCEEDED, this.#status, this.#message)
    return DONE
  }

  /** Said in the log, once a second at most: a dry run may stand before a flood. */
  #pretend(x: Exchange): Verdict {
    if (x.notes === null) x.notes = makeNotes()
    x.notes.set(NOTE, x.detail)
    this.host.count(LIMITS_DRY)
    this.host.count(RATE_LIMITING + ADMITTED)
    const nowMs = this.host.now()
    if (nowMs - this.#dryLogMs >= DRY_LOG_EVERY_MS) {
      this.#dryLogMs = nowMs
      this.host.log('warn', makeDryText(x.detail), makeFields(x))
    }
    x.detail = ''
    return NEXT
  }

  /** A dry run would have refused it. */
  hasPretended(x: Exchange): boolean {
    return this.isDry && x.notes?.has(NOTE) === true
  }

  /** Redis can't be asked. True: this machine decides. */
  insures(tier: Tier, nowMs: number): boolean {
    this.host.count(LIMITS_ALONE)
    if (this.#isTolerant) this.alone.note(nowMs, tier.countsUntilMs(nowMs))
    return this.#isTolerant
  }

  /** Redis can't be asked, and the limit is not to be kept in any other way. */
  fail(x: Exchange): Verdict {
    x.detail = 'rate-limiting: Redis did not answer'
    if (this.isDry) return this.#pretend(x)
    this.host.count(RATE_LIMITING + UNDECIDED)
    exitJson(x, faults.LIMITER_UNAVAILABLE.status, faults.LIMITER_UNAVAILABLE.text)
    callIt(x, faults.LIMITER_UNAVAILABLE)
    return DONE
  }
}

function makeFound(identity: Identity): Found {
  const found: Found = { a: 0, b: 0, text: '', by: 'ip' }
  identity.keep(found)
  return found
}

function makeDetail(limit: string, by: string): string {
  return `${limit}, by ${by}`
}

function makeDryText(detail: string): string {
  return `rate-limiting (dry run) would refuse: ${detail}`
}

function makeFields(x: Exchange): Record<string, unknown> {
  return { request: x.requestId.latin1Slice(0, x.requestId.length) }
}

function makeNotes(): Map<string, unknown> {
  return new Map()
}
