/** The limits of the plugin or of one consumer group, ready to be asked, told of and logged. */
import { Fingerprint } from '../../base/fingerprint.ts'
import type { Calendar } from '../../limits/calendar.ts'
import { LimitSet } from '../../limits/limit-set.ts'
import { capOf, type Limits, PERIOD_NAMES, PERIOD_SECONDS } from '../../limits/periods.ts'
import { RateFields } from '../../limits/rate-fields.ts'
import type { Config } from './schema.ts'

export class Tier {
  /** '' for the plugin's own limits. */
  readonly group: string
  readonly set: LimitSet
  readonly fields: RateFields
  /** By period, for logs: 'limit of 5 a minute'. */
  readonly texts: readonly string[]
  /** Of the one period that all algorithms but fixed-window have. */
  readonly period: number
  readonly windowMs: number
  readonly cap: number
  readonly gapMs: number
  readonly burst: number
  /**
   * Tells its keys from those of other tiers: one client's address can be that of two tiers, and a debt or a part of a
   * window means nothing under another rate. Counts in windows do, and are shared: 0.
   */
  readonly salt: number
  /** For how long a request counts, where there are no windows; else 0. */
  readonly #countsMs: number

  constructor(group: string, limits: Limits, config: Config, calendar: Calendar) {
    this.group = group
    this.set = new LimitSet(limits)
    this.period = this.set.periods[0]!
    const limit = this.set.limits[this.period]!
    this.windowMs = PERIOD_SECONDS[this.period]! * 1000
    this.cap = capOf(limit)
    this.gapMs = this.windowMs / limit
    this.burst = config.burst ?? (config.algorithm === 'leaky-bucket' ? 0 : this.cap)
    const shown = config.hide_client_headers ? 'none' : config.headers
    const forms = { kong: /kong|both/.test(shown), draft: /draft|both/.test(shown) }
    const quota = config.algorithm === 'token-bucket' ? this.burst : null
    this.fields = new RateFields(this.set, forms, calendar, quota)
    this.salt = config.algorithm === 'fixed-window' ? 0 : makeSalt(`${PERIOD_NAMES[this.period]} ${group}`)
    this.#countsMs = countsMs(config.algorithm, this)
    const whose = group === '' ? '' : ` for ${group}`
    this.texts = PERIOD_NAMES.map((name, period) => `limit of ${this.set.limits[period]} a ${name}${whose}`)
  }

  /** When a request of now counts no more. */
  countsUntilMs(nowMs: number): number {
    return this.#countsMs > 0 ? nowMs + this.#countsMs : this.set.ask.untilS * 1000
  }
}

function countsMs(algorithm: Config['algorithm'], { windowMs, burst, gapMs }: Tier): number {
  if (algorithm === 'fixed-window') return 0
  return algorithm === 'sliding-window' ? windowMs : (burst + 1) * gapMs
}

function makeSalt(text: string): number {
  const print = new Fingerprint()
  print.setText(0, 0, text)
  return print.a
}
