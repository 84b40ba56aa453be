/**
 * calendar — the windows of now: in which second, minute, hour, day, month and year of UTC we are, and since when.
 *
 * WHAT    By period: the window's number (without gaps), its start and its end in seconds since 1970, and what Kong
 *         puts into RateLimit-Reset: the period's usual length (a month has 30 days) less what has passed, at least 1.
 *
 * WRITES  The worker that made it.
 *
 * LIMITS  A wall clock that is set is noticed within a second. Seconds are numbered in int32, which wrap in 2038: only
 *         differences of them may be taken.
 *
 * HOT     `refresh` runs once a limited request, and computes once a second.
 */
import { PERIOD_SECONDS, PERIODS } from './periods.ts'

const SECOND = 0
const MINUTE = 1
const HOUR = 2
const DAY = 3
const MONTH = 4
const YEAR = 5

const DAY_S = 86_400
/** Days of a common year before each month, and at its end. */
const BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365] as const
const FEBRUARY = 1

export class Calendar {
  readonly ids: Int32Array
  readonly startsS: Float64Array
  readonly endsS: Float64Array
  readonly resetsS: Int32Array
  /** The second that all of this is about. */
  wallS: number
  /** Changes with `wallS`. */
  generation: number
  readonly #wall: () => number
  #untilMs: number

  /** `wall`: milliseconds since 1970. */
  constructor(wall: () => number) {
    this.ids = new Int32Array(PERIODS)
    this.startsS = new Float64Array(PERIODS)
    this.endsS = new Float64Array(PERIODS)
    this.resetsS = new Int32Array(PERIODS)
    this.wallS = 0
    this.generation = 0
    this.#wall = wall
    this.#untilMs = -Infinity
  }

  /** `nowMs`: of a clock that never steps. */
  refresh(nowMs: number): void {
    if (nowMs < this.#untilMs) return
    const wallMs = this.#wall()
    const wallS = Math.floor(wallMs / 1000)
    this.#untilMs = nowMs + 1000 - (wallMs - wallS * 1000)
    if (wallS === this.wallS && this.generation !== 0) return
    this.generation = (this.generation + 1) | 0
    this.wallS = wallS
    this.#set(SECOND, wallS, wallS, wallS + 1)
    this.#setEven(MINUTE, 60)
    this.#setEven(HOUR, 3600)
    this.#setEven(DAY, DAY_S)
    this.#setMonthAndYear(Math.floor(wallS / DAY_S))
  }

  #setEven(period: number, lengthS: number): void {
    const id = Math.floor(this.wallS / lengthS)
    this.#set(period, id, id * lengthS, (id + 1) * lengthS)
  }

  #setMonthAndYear(day: number): void {
    // 400 years have 146,097 days; the guess is one year off at most.
    let year = 1970 + Math.floor((day * 400) / 146_097)
    if (daysBefore(year) > day) year--
    else if (daysBefore(year + 1) <= day) year++
    const first = daysBefore(year)
    const leap = daysBefore(year + 1) - first - 365
    const inYear = day - first
    let month = 0
    while (inYear >= monthEnd(month, leap)) month++
    const monthStart = first + (month === 0 ? 0 : monthEnd(month - 1, leap))
    this.#set(MONTH, year * 12 + month, monthStart * DAY_S, (first + monthEnd(month, leap)) * DAY_S)
    this.#set(YEAR, year, first * DAY_S, daysBefore(year + 1) * DAY_S)
  }

  #set(period: number, id: number, startS: number, endS: number): void {
    this.ids[period] = id
    this.startsS[period] = startS
    this.endsS[period] = endS
    this.resetsS[period] = Math.max(1, PERIOD_SECONDS[period]! - (this.wallS - startS))
  }
}

/** Days from 1970 to the first of January. */
function daysBefore(year: number): number {
  const past = year - 1
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400)
  return 365 * (year - 1970) + leapDays - 477 // those of the years before 1970
}

function monthEnd(month: number, leap: number): number {
  return BEFORE_MONTH[month + 1]! + (month >= FEBRUARY ? leap : 0)
}
