/** top-lines — a view of `sluice top` as lines of text: nothing here writes, so all of it is tested as it stands. */
import type { Latency } from '../../../control/traffic/figures.ts'
import { columns, NAME_TITLE, sorted } from './top-columns.ts'
import type { TopFigures, TopRoute, TopUpstream } from './top-figures.ts'
import { bytes, count, duration, uptime } from './top-numbers.ts'

export interface TopLine {
  readonly text: string
  readonly look: 'plain' | 'title' | 'alarm' | 'faint'
}

export interface TopView {
  /** Of the terminal; what does not fit is left out. */
  readonly width: number
  readonly height: number
  /** Place in top-columns.ts; the number of columns: by name. */
  readonly sort: number
  readonly isPaused: boolean
  /** Why the figures are old; '' while they are not. */
  readonly trouble: string
  /** There are keys to press. */
  readonly isLive: boolean
}

const NAME_MIN = 12
const UPSTREAMS_SHOWN = 5

export function topLines(figures: TopFigures, view: TopView): TopLine[] {
  const head = headLines(figures, view)
  const upstreams = upstreamLines(figures.upstreams)
  const foot = footLines(figures, view)
  const room = view.height - head.length - upstreams.length - foot.length
  const routes = routeLines(figures, view, Math.max(2, room))
  const lines = [...head, ...routes, ...upstreams, ...foot]
  return lines.slice(0, view.height).map(({ text, look }) => ({ text: fit(text, view.width), look }))
}

function headLines(figures: TopFigures, view: TopView): TopLine[] {
  const { workers, workers_ready: ready, draining } = figures
  const state = [view.isPaused ? 'PAUSED' : '', draining ? 'DRAINING' : ''].filter((each) => each !== '')
  const name = [`sluice ${figures.version}`, figures.engine, `pid ${figures.pid}`, ...state].join('  ')
  const first = [name, `up ${uptime(figures.uptime_seconds)}`, `workers ${ready}/${workers}`]
  const load = [
    `req/s ${count(figures.rps)}`,
    `5xx/s ${count(figures.errors)}`,
    `limited/s ${count(figures.limited)}`,
    `connections ${figures.connections}`,
    `cpu ${figures.cpu === null ? '-' : figures.cpu.toFixed(2)}`,
    `mem ${bytes(figures.rss_bytes)}`,
  ]
  return [
    line(first.join('  '), ready === workers && !draining ? 'title' : 'alarm'),
    line(load.join('  '), figures.errors > 0 ? 'alarm' : 'plain'),
    ...(view.trouble === '' ? [] : [line(view.trouble, 'alarm')]),
    line(latencyText('total', figures.total)),
    line(latencyText('target', figures.upstream)),
    line(latencyText('gateway', figures.gateway)),
    line(''),
  ]
}

function latencyText(title: string, latency: Latency): string {
  const parts = (['p50', 'p90', 'p99', 'p99.9', 'max'] as const).map(
    (name) => `${name} ${duration(latency[name]).padEnd(6)}`,
  )
  return `${title.padEnd(8)} ${parts.join('  ')} ms`
}

function routeLines(figures: TopFigures, view: TopView, room: number): TopLine[] {
  const wide = columns.reduce((sum, { width }) => sum + width, 0)
  const name = Math.max(NAME_MIN, view.width - wide)
  const rows = sorted(figures.routes, view.sort)
  // The title takes a line, and so does what says that there are more.
  const isAll = rows.length < room && figures.routes_seen <= rows.length
  const shown = isAll ? rows : rows.slice(0, Math.max(1, room - 2))
  const more = Math.max(figures.routes_seen, rows.length) - shown.length
  return [
    line(titles(view.sort, name), 'title'),
    ...shown.map((route) => line(routeText(route, name), (route.failed ?? 0) > 0 ? 'alarm' : 'plain')),
    ...(rows.length === 0 ? [line('no requests yet', 'faint')] : []),
    ...(more > 0 ? [line(`and ${more} more`, 'faint')] : []),
  ]
}

/** A star is at what the rows are sorted by. */
function titles(sort: number, name: number): string {
  const star = (title: string, at: number) => (at === sort ? `*${title}` : title)
  const first = star(NAME_TITLE, columns.length).padEnd(name)
  return first + columns.map(({ title, width }, at) => star(title, at).padStart(width)).join('')
}

function routeText(route: TopRoute, name: number): string {
  const first = fit(route.name, name - 1).padEnd(name)
  return first + columns.map((column) => column.text(route).padStart(column.width)).join('')
}

/** Those with trouble first. */
function upstreamLines(upstreams: readonly TopUpstream[]): TopLine[] {
  if (upstreams.length === 0) return []
  const ranked = [...upstreams].sort((a, b) => Number(isTroubled(b)) - Number(isTroubled(a)))
  const more = upstreams.length - UPSTREAMS_SHOWN
  return [
    line(''),
    line(
      `${'UPSTREAM'.padEnd(24)}${'TARGETS'.padStart(8)}${'OUT'.padStart(5)}  CIRCUIT    REFUSED/S`,
      'title',
    ),
    ...ranked
      .slice(0, UPSTREAMS_SHOWN)
      .map((each) => line(upstreamText(each), isTroubled(each) ? 'alarm' : 'plain')),
    ...(more > 0 ? [line(`and ${more} more`, 'faint')] : []),
  ]
}

function isTroubled({ unhealthy, ejected, circuit, refused }: TopUpstream): boolean {
  return unhealthy + ejected > 0 || (circuit !== null && circuit !== 'closed') || refused > 0
}

function upstreamText(upstream: TopUpstream): string {
  const out = upstream.unhealthy + upstream.ejected
  const name = fit(upstream.name, 23).padEnd(24)
  const numbers = `${String(upstream.targets).padStart(8)}${String(out).padStart(5)}`
  const circuit = (upstream.circuit ?? '-').padEnd(10)
  return `${name}${numbers}  ${circuit}${count(upstream.refused).padStart(10)}  ${upstream.out.join(' ')}`
}

function footLines({ logs_lost: lost, logs_lost_total: total }: TopFigures, { isLive }: TopView): TopLine[] {
  const told = line(`log records lost: ${count(lost)}/s, ${total} since the start`, 'alarm')
  const lines = total === 0 ? [] : [told]
  if (isLive) lines.push(line('q quit  s sort by the next column  p pause', 'faint'))
  return lines.length === 0 ? [] : [line(''), ...lines]
}

function line(text: string, look: TopLine['look'] = 'plain'): TopLine {
  return { text, look }
}

/** A terminal must not be told anything by a name, and each character takes one column. */
function fit(text: string, width: number): string {
  const plain = text.replace(
    /[^\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0377\u0384-\u03ff\u0400-\u0482]/gu,
    '?',
  )
  return plain.length <= width ? plain : `${plain.slice(0, Math.max(0, width - 1))}~`
}
