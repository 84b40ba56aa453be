/**
 * ratios — what many rounds of one measurement come to.
 *
 * Figures of one machine follow its speed of the moment, so a round of one subject is only ever set against the same
 * round of another, and what counts is the median of these ratios: one odd round moves it little.
 */

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Null where there is nothing to tell of. */
export function spreadOf(figures: readonly number[]): Spread | null {
  if (figures.length === 0) return null
  const sorted = [...figures].sort((left, right) => left - right)
  const half = sorted.length >> 1
  const upper = sorted[half]!
  const median = sorted.length % 2 === 1 ? upper : (sorted[half - 1]! + upper) / 2
  return { median, least: sorted[0]!, most: sorted.at(-1)! }
}

/** Round by round; a round that only one of them has is left out. */
export function ratiosOf(own: readonly number[], other: readonly number[]): number[] {
  return own.slice(0, other.length).map((figure, round) => figure / other[round]!)
}

/** `1.12 (1.05–1.31)`, and `1.12` where the rounds agree to the last digit shown. */
export function showSpread(spread: Spread, digits = 2): string {
  const [median, least, most] = [spread.median, spread.least, spread.most].map((one) => one.toFixed(digits))
  return least === most ? median! : `${median} (${least}–${most})`
}

/** Whole numbers with commas: `12,345`. */
export function showCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** Three digits that matter: `0.42`, `4.21`, `42.1`, `421`. */
export function showFigure(figure: number): string {
  if (!Number.isFinite(figure)) return '–'
  if (figure >= 1000) return showCount(figure)
  return figure.toFixed(figure >= 99.95 ? 0 : figure >= 9.995 ? 1 : 2)
}
