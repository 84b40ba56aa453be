/** The middle of some figures, and how far they lie apart. */

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** NaN of no figures. */
export function spreadOf(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((one, other) => one - other)
  return { median: middleOf(sorted), least: sorted[0] ?? NaN, most: sorted.at(-1) ?? NaN }
}

export function medianOf(figures: readonly number[]): number {
  return spreadOf(figures).median
}

function middleOf(sorted: readonly number[]): number {
  const above = sorted[sorted.length >> 1] ?? NaN
  const below = sorted[(sorted.length - 1) >> 1] ?? NaN
  return (above + below) / 2
}
