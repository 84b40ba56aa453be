/** Kong's names of counters in Redis: ratelimit:<route>:<service>:<whom>:<start of the window in ms>:<period>. */

import type { Check } from '../contract/machine/redis.ts'
import type { PluginScope } from '../contract/plugin.ts'
import type { Calendar } from './calendar.ts'
import type { LimitSet } from './limit-set.ts'
import { PERIOD_NAMES, PERIOD_SECONDS, PERIODS } from './periods.ts'

/** In the place of a route or service that the plugin is not bound to. */
const NOBODY = '00000000-0000-0000-0000-000000000000'
/** Clocks of machines differ: a counter outlives its window, so that none counts on in it from 0. */
const SLACK_S = 5

export class RedisKeys {
  readonly #opening: string
  readonly #calendar: Calendar
  /** By period, for the windows of now. */
  readonly #endings: string[]
  #generation: number
  readonly #limit: string

  /** `limit`: the name of one of several limits, with a colon; else ''. */
  constructor(scope: PluginScope, calendar: Calendar, limit = '') {
    this.#limit = limit
    this.#opening = `ratelimit:${scope.routeId ?? NOBODY}:${scope.serviceId ?? NOBODY}:`
    this.#calendar = calendar
    this.#endings = PERIOD_NAMES.map(() => '')
    this.#generation = 0
  }

  /** What all keys of `whom` begin with. */
  nameOf(whom: string): string {
    return this.#opening + whom
  }

  /** Of the window of now. */
  windowKey(name: string, period: number): string {
    if (this.#generation !== this.#calendar.generation) this.#refresh()
    return name + this.#endings[period]
  }

  /** Asks `check` for the counters of all periods of `set`; its name is that of `nameOf`. */
  addWindows(check: Check, set: LimitSet): void {
    for (let i = 0; i < set.periods.length; i++) {
      const period = set.periods[i]!
      check.window(this.windowKey(check.name, period), set.ask.caps[period]!, this.#ttlMs(period))
    }
  }

  #refresh(): void {
    this.#generation = this.#calendar.generation
    for (let period = 0; period < PERIODS; period++)
      this.#endings[period] =
        `:${this.#calendar.startsS[period]! * 1000}:${this.#limit}${PERIOD_NAMES[period]}`
  }

  /** For what has no windows; no name of Kong's. `group`: of the tier, or ''. */
  paceKey(name: string, algorithm: string, period: number, group: string): string {
    const key = `${name}:${algorithm}:${PERIOD_NAMES[period]}`
    return group === '' ? key : `${key}:${group}`
  }

  /** From a counter's first count. Kong's, or longer where the real month or year is. */
  #ttlMs(period: number): number {
    const lengthS = this.#calendar.endsS[period]! - this.#calendar.startsS[period]!
    return (Math.max(PERIOD_SECONDS[period]!, lengthS) + SLACK_S) * 1000
  }

  expireAtS(period: number): number {
    return this.#calendar.endsS[period]! + SLACK_S
  }
}
