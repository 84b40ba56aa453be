/** limit-set — the limits of a plugin or of one of its tiers, with what they ask of the table. HOT: `refresh`. */
import { WindowAsk } from '../state/fixed-windows.ts'
import type { Calendar } from './calendar.ts'
import { capOf, type Limits, PERIOD_NAMES, PERIODS } from './periods.ts'

export class LimitSet {
  /** By period, as configured; 0: not limited. */
  readonly limits: Float64Array
  /** The periods that are limited, shortest first. */
  readonly periods: Int32Array
  readonly ask: WindowAsk
  #generation: number

  constructor(limits: Limits) {
    this.limits = new Float64Array(PERIODS)
    this.ask = new WindowAsk()
    const limited: number[] = []
    PERIOD_NAMES.forEach((name, period) => {
      const limit = limits[name]
      if (limit === null) return
      limited.push(period)
      this.limits[period] = limit
      this.ask.caps[period] = capOf(limit)
    })
    this.periods = Int32Array.from(limited)
    this.#generation = 0
  }

  /** Makes `ask` ask for the windows of now. `nowS` is of the clock that never steps. */
  refresh(calendar: Calendar, nowS: number): void {
    if (this.#generation === calendar.generation) return
    this.#generation = calendar.generation
    const periods = this.periods
    const ask = this.ask
    let untilS = calendar.wallS
    for (let i = 0; i < periods.length; i++) {
      const period = periods[i]!
      ask.ids[period] = calendar.ids[period]!
      if (calendar.endsS[period]! > untilS) untilS = calendar.endsS[period]!
    }
    ask.untilS = (nowS + untilS - calendar.wallS) | 0
  }
}
