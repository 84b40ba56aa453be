/** table — a scenario's figures in rows and columns: for a terminal, for Markdown, and for the page. */
import { type Figures, figuresOf, rateOf } from './figures.ts'
import { type Spread, showCount, showFigure, showSpread } from './ratios.ts'
import type { ScenarioResult } from './result.ts'

export interface Table {
  readonly head: readonly string[]
  /** As many cells as the head; the first is the subject's name. */
  readonly rows: readonly (readonly string[])[]
}

/** No line of a terminal's table is wider. */
const COLUMNS_MAX = 160
const NAME_COLUMNS_MAX = 20
const NONE = '–'

interface Column {
  readonly head: string
  show(figures: Figures): string
}

function columnsOf(first: string): Column[] {
  const ratio = (name: string, spread: Spread | null): string =>
    spread === null ? (name === first ? '1' : NONE) : showSpread(spread)
  return [
    { head: 'subject', show: (f) => f.name },
    { head: 'requests/s', show: (f) => showCount(f.requestsPerS.median) },
    { head: 'CPU µs', show: (f) => showFigure(f.cpuUs.median) },
    { head: `x ${first}`, show: (f) => ratio(f.name, f.cpuRatio) },
    { head: 'p50', show: (f) => showFigure(f.ms.p50) },
    { head: 'p90', show: (f) => showFigure(f.ms.p90) },
    { head: 'p99', show: (f) => showFigure(f.ms.p99) },
    { head: 'p99.9', show: (f) => showFigure(f.ms.p999) },
    { head: 'max', show: (f) => showFigure(f.ms.max) },
    { head: `p99 x ${first}`, show: (f) => ratio(f.name, f.p99Ratio) },
    { head: 'MB', show: (f) => showCount(f.steadyMb.median) },
    { head: 'peak', show: (f) => showCount(f.peakMb) },
    {
      head: 'B/request',
      show: (f) => (f.bytesPerRequest === null ? NONE : showCount(f.bytesPerRequest.median)),
    },
    { head: 'GC ms', show: (f) => (f.pauseMs === null ? NONE : showFigure(f.pauseMs)) },
  ]
}

export function tableOf(result: ScenarioResult): Table {
  const columns = columnsOf(result.subjects[0]?.name ?? 'first')
  const rows = figuresOf(result).map((figures) => columns.map((column) => column.show(figures)))
  return { head: columns.map((column) => column.head), rows }
}

/** For a terminal: names to the left, figures to the right, a line for each subject with failed requests below. */
export function terminalTable(result: ScenarioResult): string {
  const { head, rows } = tableOf(result)
  const lines = [head, ...rows].map(([name, ...cells]) => [shorten(name!), ...cells])
  const widths = head.map((_, column) => Math.max(...lines.map((line) => width(line[column]!))))
  const gap = widths.reduce((sum, one) => sum + one, 2 * widths.length) > COLUMNS_MAX ? ' ' : '  '
  const text = lines.map((line) => line.map((cell, i) => pad(cell, widths[i]!, i === 0)).join(gap))
  return [titleOf(result), ...text, ...failures(result)].join('\n')
}

export function markdownTable(result: ScenarioResult): string {
  const { head, rows } = tableOf(result)
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  const row = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`
  return [`**${titleOf(result)}**`, '', row(head), row(rule), ...rows.map(row), ...failures(result)].join(
    '\n',
  )
}

export function titleOf(result: ScenarioResult): string {
  const { name, says } = result.scenario
  return `${name}: ${says}; latency in ms at ${showCount(rateOf(result))} requests/s`
}

function failures(result: ScenarioResult): string[] {
  return figuresOf(result)
    .filter(({ errors }) => errors > 0)
    .map(({ name, errors }) => `${name}: ${showCount(errors)} requests failed`)
}

function shorten(name: string): string {
  const letters = [...name]
  return letters.length <= NAME_COLUMNS_MAX ? name : `${letters.slice(0, NAME_COLUMNS_MAX - 1).join('')}…`
}

function width(cell: string): number {
  return [...cell].length
}

function pad(cell: string, columns: number, isLeft: boolean): string {
  const space = ' '.repeat(Math.max(0, columns - width(cell)))
  return isLeft ? cell + space : space + cell
}

function escapeCell(cell: string): string {
  return cell.replaceAll('\\', '\\\\').replaceAll('|', '\\|')
}
