/** top-columns — the table of routes: what each column shows, how wide it is, and the order it sorts by. */
import type { TopRoute } from './top-figures.ts'
import { count, duration, share } from './top-numbers.ts'

export interface Column {
  readonly title: string
  readonly width: number
  text(route: TopRoute): string
  /** Below 0: `a` stands first. */
  compare(a: TopRoute, b: TopRoute): number
}

/** The name takes the rest of the line. */
export const NAME_TITLE = 'ROUTE'

export const columns: readonly Column[] = [
  numeric('REQ/S', 8, ({ rps }) => rps, count),
  numeric('2XX%', 6, ({ ok }) => ok, share),
  numeric('4XX%', 6, ({ refused }) => refused, share),
  numeric('5XX%', 6, ({ failed }) => failed, share),
  numeric('P50', 7, ({ p50 }) => p50, duration),
  numeric('P99', 7, ({ p99 }) => p99, duration),
  numeric('P99.9', 7, ({ p999 }) => p999, duration),
  numeric('UP P99', 8, ({ upstream_p99 }) => upstream_p99, duration),
]

/** As many as the columns, and by name behind them. */
export const SORTS = columns.length + 1

export function sorted(routes: readonly TopRoute[], by: number): TopRoute[] {
  const column = columns[by]
  const byName = (a: TopRoute, b: TopRoute) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  if (column === undefined) return [...routes].sort(byName)
  return [...routes].sort((a, b) => column.compare(a, b) || b.rps - a.rps || byName(a, b))
}

function numeric(
  title: string,
  width: number,
  value: (route: TopRoute) => number | null,
  text: (value: number | null) => string,
): Column {
  // Where there is no value there is nothing to look at: last.
  const of = (route: TopRoute) => value(route) ?? -1
  return { title, width, text: (route) => text(value(route)), compare: (a, b) => of(b) - of(a) }
}
