/** The six periods a limit can have, in the order in which all tables and lists of the limits hold them. */

export const PERIODS = 6
export const PERIOD_NAMES = ['second', 'minute', 'hour', 'day', 'month', 'year'] as const

export type PeriodName = (typeof PERIOD_NAMES)[number]

/** As header fields spell them. */
export const PERIOD_TITLES = ['Second', 'Minute', 'Hour', 'Day', 'Month', 'Year'] as const

/** Kong's lengths in seconds: a month has 30 days and a year 365. Windows begin with the real month and year. */
export const PERIOD_SECONDS = [1, 60, 3600, 86_400, 2_592_000, 31_536_000] as const

/** Counts are kept in 31 bits. */
export const CAP_MAX = 0x7fffffff

/** Limits by period; null: not limited. */
export type Limits = Readonly<Record<PeriodName, number | null>>

/** How many requests a limit admits: 1.5 admits two, for Kong refuses when `limit - used` is not above 0. */
export function capOf(limit: number): number {
  return Math.min(Math.ceil(limit), CAP_MAX)
}
