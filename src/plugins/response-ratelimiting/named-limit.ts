/** One of the limits of response-ratelimiting: its windows, its names in headers, its keys. */
import type { Host, PluginScope } from '../../contract/plugin.ts'
import type { Calendar } from '../../limits/calendar.ts'
import { Identity } from '../../limits/identity.ts'
import { LimitSet } from '../../limits/limit-set.ts'
import { type Limits, PERIOD_NAMES } from '../../limits/periods.ts'
import { RedisKeys } from '../../limits/redis-keys.ts'
import type { Config } from './schema.ts'

export interface NamedLimitOptions {
  readonly name: string
  readonly limits: Limits
  readonly config: Config
  readonly host: Host
  readonly scope: PluginScope
  readonly calendar: Calendar
}

export class NamedLimit {
  readonly name: string
  readonly set: LimitSet
  readonly identity: Identity
  readonly keys: RedisKeys
  /** For the target: what is left of the period that has least. */
  readonly remaining: string
  /** By period. */
  readonly limitIn: readonly string[]
  readonly remainingIn: readonly string[]

  constructor({ name, limits, config, host, scope, calendar }: NamedLimitOptions) {
    this.name = name
    this.set = new LimitSet(limits)
    this.identity = new Identity({
      limitBy: config.limit_by,
      headerName: null,
      path: null,
      scope,
      use: `response-ratelimiting ${name}`,
      seedA: host.shared.limits.seedA,
      seedB: host.shared.limits.seedB,
    })
    this.keys = new RedisKeys(scope, calendar, `${name}:`)
    this.remaining = `X-RateLimit-Remaining-${name}`
    this.limitIn = PERIOD_NAMES.map((period) => `X-RateLimit-Limit-${name}-${period}`)
    this.remainingIn = PERIOD_NAMES.map((period) => `X-RateLimit-Remaining-${name}-${period}`)
  }
}
