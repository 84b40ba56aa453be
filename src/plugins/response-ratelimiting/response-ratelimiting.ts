/**
 * response-ratelimiting — limits what clients use by what the answers say they used.
 *
 * What an answer uses is known only afterwards, so a limit can be overrun by the requests under way.
 */
import { faults } from '../../base/faults.ts'
import { answer, callIt, exitJson, refuse } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import {
  DONE,
  definePlugin,
  type Handler,
  type Host,
  NEXT,
  type Verdict,
  WAIT,
} from '../../contract/plugin.ts'
import { getFields, removeField, setField } from '../../http1/fields.ts'
import { Calendar } from '../../limits/calendar.ts'
import { PERIOD_NAMES } from '../../limits/periods.ts'
import { putRetryAfter } from '../../limits/rate-fields.ts'
import { redisSettingsOf, usesRedis } from '../../limits/redis-schema.ts'
import { ADMITTED, LIMITS_ALONE, REFUSED, RESPONSE_RATELIMITING, UNDECIDED } from '../../state/counters.ts'
import { readAmounts } from './amounts.ts'
import { Counts, Used } from './counts.ts'
import { NamedLimit } from './named-limit.ts'
import { type Config, schema } from './schema.ts'

const NOTE = 'response-ratelimiting'
const TOO_MANY = 429

export default definePlugin({
  name: 'response-ratelimiting',
  summary: 'Limits what clients use by what the answers say they used.',
  priority: 900,
  schema,
  build: (config, host, scope) => {
    const link = usesRedis({ ...config }) ? host.redis.open(redisSettingsOf(config)) : null
    const calendar = new Calendar(() => host.wall())
    const limits = Object.entries(config.limits).map(
      ([name, limits]) => new NamedLimit({ name, limits, config, host, scope, calendar }),
    )
    return new ResponseRatelimiting({ config, host, calendar, limits, counts: new Counts(host, link) })
  },
})

interface Parts {
  readonly config: Config
  readonly host: Host
  readonly calendar: Calendar
  readonly limits: readonly NamedLimit[]
  readonly counts: Counts
}

/** What one exchange had used before, and what it uses. */
class Usage {
  readonly used: readonly Used[]
  amounts: readonly number[] = []

  constructor(used: readonly Used[]) {
    this.used = used
  }
}

class ResponseRatelimiting implements Handler {
  readonly #parts: Parts
  readonly #names: readonly string[]
  readonly #header: string

  constructor(parts: Parts) {
    this.#parts = parts
    this.#names = parts.limits.map((limit) => limit.name)
    this.#header = parts.config.header_name.toLowerCase()
  }

  onRequest(x: Exchange): Verdict {
    const usage = new Usage(this.#find(x))
    if (this.#parts.counts.isShared) return this.#askRedis(x, usage)
    for (const used of usage.used) this.#parts.counts.read(used)
    return this.#enter(x, usage)
  }

  /** Whom each limit counts. */
  #find(x: Exchange): Used[] {
    const { calendar, host, limits } = this.#parts
    const nowMs = host.now()
    calendar.refresh(nowMs)
    return limits.map((limit) => {
      limit.set.refresh(calendar, (nowMs / 1000) | 0)
      limit.identity.find(x)
      return new Used(limit)
    })
  }

  #askRedis(x: Exchange, usage: Usage): Verdict {
    let left = usage.used.length
    let failed = false
    for (const used of usage.used) {
      const asked = this.#parts.counts.ask(used, (failure) => {
        if (failure !== null) failed = true
        if (--left > 0) return
        const verdict = failed ? this.#fail(x, usage) : this.#enter(x, usage)
        if (verdict === NEXT) x.flow?.resume(x)
        else x.flow?.finish(x)
      })
      if (asked) continue
      failed = true
      left--
    }
    // Nothing was asked, so nothing will call back.
    return left === 0 ? this.#fail(x, usage) : WAIT
  }

  #fail(x: Exchange, usage: Usage): Verdict {
    this.#parts.host.count(LIMITS_ALONE)
    if (this.#parts.config.fault_tolerant) {
      for (const used of usage.used) this.#parts.counts.read(used)
      return this.#enter(x, usage)
    }
    this.#parts.host.count(RESPONSE_RATELIMITING + UNDECIDED)
    x.detail = 'response-ratelimiting: Redis did not answer'
    exitJson(x, faults.LIMITER_UNAVAILABLE.status, faults.LIMITER_UNAVAILABLE.text)
    callIt(x, faults.LIMITER_UNAVAILABLE)
    return DONE
  }

  /** Tells the target what is left, or refuses. */
  #enter(x: Exchange, usage: Usage): Verdict {
    for (const used of usage.used) {
      let least = Infinity
      for (const period of used.limit.set.periods) {
        const left = used.left(period)
        if (this.#parts.config.block_on_first_violation && left === 0) {
          x.detail = detailOf(used, period)
          this.#parts.host.count(RESPONSE_RATELIMITING + REFUSED)
          putRetryAfter(x, this.#waitS([used]))
          refuse(x, faults.LIMIT_EXCEEDED, TOO_MANY, `API rate limit exceeded for '${used.limit.name}'`)
          return DONE
        }
        least = Math.min(least, left)
      }
      setField(x.request, used.limit.remaining, String(least))
    }
    if (x.notes === null) x.notes = new Map()
    x.notes.set(NOTE, usage)
    this.#parts.host.count(RESPONSE_RATELIMITING + ADMITTED)
    return NEXT
  }

  onResponse(x: Exchange): void {
    const usage = usageOf(x)
    if (usage === null) return
    const amounts = readAmounts(getFields(x.response, this.#header), this.#names)
    removeField(x.response, this.#header)
    let refusal = ''
    const refusing = usage.used.filter((_used, i) => amounts[i]! > 0)
    usage.used.forEach((used, i) => {
      for (const period of used.limit.set.periods) {
        const left = used.left(period)
        if (!this.#parts.config.hide_client_headers) {
          setField(x.response, used.limit.limitIn[period]!, String(used.limit.set.limits[period]))
          setField(x.response, used.limit.remainingIn[period]!, String(Math.max(0, left - amounts[i]!)))
        }
        if (amounts[i]! > 0 && left <= 0) refusal = detailOf(used, period)
      }
    })
    if (refusal === '') {
      usage.amounts = amounts
      return
    }
    x.detail = refusal
    this.#parts.host.count(RESPONSE_RATELIMITING + REFUSED)
    answer(x, TOO_MANY, '', null)
    // For logs and metrics: the answer stands as it is.
    x.fault = faults.LIMIT_EXCEEDED
    setField(x.response, 'Retry-After', String(this.#waitS(refusing)))
  }

  /** Seconds until none of these is used up. */
  #waitS(refusing: readonly Used[]): number {
    const { calendar, host } = this.#parts
    calendar.refresh(host.now())
    let waitS = 1
    for (const used of refusing)
      for (const period of used.limit.set.periods)
        if (used.left(period) <= 0) waitS = Math.max(waitS, calendar.resetsS[period]!)
    return waitS
  }

  onLog(x: Exchange): void {
    const usage = usageOf(x)
    if (usage === null) return
    const { calendar, counts, host } = this.#parts
    const nowMs = host.now()
    calendar.refresh(nowMs)
    usage.amounts.forEach((amount, i) => {
      if (amount === 0) return
      const used = usage.used[i]!
      used.limit.set.refresh(calendar, (nowMs / 1000) | 0)
      counts.add(used, amount)
    })
  }

  close(): void {
    this.#parts.counts.close()
  }
}

function usageOf(x: Exchange): Usage | null {
  const usage = x.notes?.get(NOTE)
  return usage instanceof Usage ? usage : null
}

/** For the log: whose limit, but not who. */
function detailOf(used: Used, period: number): string {
  const { name, set } = used.limit
  return `limit of ${set.limits[period]} ${name} a ${PERIOD_NAMES[period]}, by ${used.by}`
}
