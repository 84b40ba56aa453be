/** table — a scenario's figures in rows and columns: for a terminal, for Markdown, and for the page. */
import { doubtsOf } from '../gate/doubts.ts'
import { type Figures, figuresOf, rateOf } from './figures.ts'
import { type Spread, showCount, showFigure, showSpread } from './ratios.ts'
import type { ScenarioResult, Terms } from './result.ts'

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

function columnsOf(reference: string): Column[] {
  const ratio = (name: string, spread: Spread | null): string =>
    spread === null ? (name === reference ? '1' : NONE) : showSpread(spread)
  return [
    { head: 'subject', show: (f) => f.name },
    { head: 'requests/s', show: (f) => showCount(f.requestsPerS.median) },
    { head: 'CPU µs', show: (f) => showFigure(f.cpuUs.median) },
    { head: `x ${reference}`, show: (f) => ratio(f.name, f.cpuRatio) },
    { head: 'p50', show: (f) => showFigure(f.ms.p50) },
    { head: 'p90', show: (f) => showFigure(f.ms.p90) },
    { head: 'p99', show: (f) => showFigure(f.ms.p99) },
    { head: 'p99.9', show: (f) => showFigure(f.ms.p999) },
    { head: 'max', show: (f) => showFigure(f.ms.max) },
    { head: `p99 x ${reference}`, show: (f) => ratio(f.name, f.p99Ratio) },
    { head: 'MB', show: (f) => showCount(f.steadyMb.median) },
    { head: 'peak', show: (f) => showCount(f.peakMb) },
    {
      head: 'B/request',
      show: (f) => (f.bytesPerRequest === null ? NONE : showCount(f.bytesPerRequest.median)),
    },
    { head: 'GC ms', show: (f) => (f.pauseMs === null ? NONE : showFigure(f.pauseMs)) },
  ]
}

export function tableOf(result: ScenarioResult, { reference }: Terms): Table {
  const columns = columnsOf(reference)
  const rows = figuresOf(result, reference).map((figures) => columns.map((column) => column.show(figures)))
  return { head: columns.map((column) => column.head), rows }
}

/** For a terminal: names to the left, figures to the right, and below what the reader has to know of them. */
export function terminalTable(result: ScenarioResult, terms: Terms): string {
  const { head, rows } = tableOf(result, terms)
  const lines = [head, ...rows].map(([name, ...cells]) => [shorten(name!), ...cells])
  const widths = head.map((_, column) => Math.max(...lines.map((line) => width(line[column]!))))
  const gap = widths.reduce((sum, one) => sum + one, 2 * widths.length) > COLUMNS_MAX ? ' ' : '  '
  const text = lines.map((line) => line.map((cell, i) => pad(cell, widths[i]!, i === 0)).join(gap))
  return [titleOf(result), ...text, ...notesOf(result, terms)].join('\n')
}

export function markdownTable(result: ScenarioResult, terms: Terms): string {
  const { head, rows } = tableOf(result, terms)
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  const row = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`
  const notes = notesOf(result, terms).map((note) => `- ${note}`)
  const below = notes.length === 0 ? [] : ['', ...notes]
  return [`**${titleOf(result)}**`, '', row(head), row(rule), ...rows.map(row), ...below].join('\n')
}

export function titleOf(result: ScenarioResult): string {
  const { name, says } = result.scenario
  return `${name}: ${says}; latency in ms, medians of the rounds, at ${showCount(rateOf(result))} requests/s`
}

/** Why there are no ratios, what makes the percentiles doubtful, and whose requests failed. */
export function notesOf(result: ScenarioResult, { reference, settings }: Terms): string[] {
  const figures = figuresOf(result, reference)
  const isThere = figures.some(({ name }) => name === reference)
  const failures = figures
    .filter(({ errors }) => errors > 0)
    .map(({ name, errors }) => `${name}: ${showCount(errors)} requests failed`)
  return [...(isThere ? [] : [noRatios(reference)]), ...doubtsOf(result, settings), ...failures]
}

export function noRatios(reference: string): string {
  return `${reference} did not take part: no ratios`
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
