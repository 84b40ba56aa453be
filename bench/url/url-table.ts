/** url-table — the figures of the URLs as lines for a terminal. */
import { type Spread, showCount, showFigure, showSpread } from '../report/ratios.ts'
import type { UrlFigures } from './figures.ts'

/** Failures told in words, for each URL. */
const SAMPLES_MAX = 5

interface Column {
  readonly head: string
  show(figures: UrlFigures): string
}

const ratio = (spread: Spread | null): string => (spread === null ? '1' : showSpread(spread))
const one = (figures: readonly UrlFigures[], column: Column): string[] => [
  column.head,
  ...figures.map(column.show),
]

const NUMBER: Column[] = [
  { head: 'at/s', show: ({ rate }) => showCount(rate) },
  { head: 'p50', show: ({ ms }) => showFigure(ms.p50) },
  { head: 'p90', show: ({ ms }) => showFigure(ms.p90) },
  { head: 'p99', show: ({ ms }) => showFigure(ms.p99) },
  { head: 'p99.9', show: ({ ms }) => showFigure(ms.p999) },
  { head: 'max', show: ({ ms }) => showFigure(ms.max) },
]
const CAPACITY: Column = { head: 'carries/s', show: ({ capacity }) => showCount(capacity?.median ?? 0) }
const CAPACITY_RATIO: Column = { head: 'x first', show: ({ capacityRatio }) => ratio(capacityRatio) }
const P99_RATIO: Column = { head: 'p99 x first', show: ({ p99Ratio }) => ratio(p99Ratio) }
const CLOSED: Column[] = [
  { head: 'closed p50', show: ({ closedMs }) => showFigure(closedMs?.p50 ?? Number.NaN) },
  { head: 'closed p99', show: ({ closedMs }) => showFigure(closedMs?.p99 ?? Number.NaN) },
]
const REST: Column[] = [
  { head: 'late p99', show: ({ lateP99Ms }) => showFigure(lateP99Ms) },
  { head: 'failed', show: ({ errors }) => showCount(errors) },
]

export function urlTable(figures: readonly UrlFigures[]): string {
  const isMany = figures.length > 1
  const hasCapacity = figures.some(({ capacity }) => capacity !== null)
  const hasClosed = figures.some(({ closedMs }) => closedMs !== null)
  const columns = [
    ...(hasCapacity ? [CAPACITY] : []),
    ...(hasCapacity && isMany ? [CAPACITY_RATIO] : []),
    ...NUMBER,
    ...(isMany ? [P99_RATIO] : []),
    ...REST,
    ...(hasClosed ? CLOSED : []),
  ].map((column) => alignRight(one(figures, column)))
  const names = isMany ? ['', ...figures.map((_, i) => `(${i + 1})`)] : ['', '']
  const lines = names.map((name, row) => [name, ...columns.map((cells) => cells[row])].join('  ').trimEnd())
  const urls = figures.map(({ url }, i) => (isMany ? `(${i + 1}) ${url}` : url))
  return [
    ...urls,
    '',
    ...lines,
    '',
    LEGEND,
    ...(hasClosed ? [CLOSED_LEGEND] : []),
    ...figures.flatMap(remarks),
  ].join('\n')
}

const LEGEND = 'Latency in ms from the moment each request was due; late: how late the generator itself was.'

const CLOSED_LEGEND =
  'closed: the answers of the closed loop, what it did not send meanwhile filled in; not what users see.'

function remarks({ url, errors, errorSamples, warnings }: UrlFigures): string[] {
  const told = errorSamples.slice(0, SAMPLES_MAX).map((sample) => `  ${sample}`)
  return [
    ...warnings.map((warning) => `Warning: ${url}: ${warning}`),
    ...(errors > 0 ? [`${url}: ${showCount(errors)} requests failed`, ...told] : []),
  ]
}

function alignRight(cells: readonly string[]): string[] {
  const width = Math.max(...cells.map((cell) => [...cell].length))
  return cells.map((cell) => ' '.repeat(width - [...cell].length) + cell)
}
