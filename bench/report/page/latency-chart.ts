/**
 * latency-chart — milliseconds over percentiles, a line a subject, all rounds together.
 *
 * Both axes are logarithmic: to the right each step has a tenth of the requests beyond it, so that the tail, which is
 * what a user notices, has as much room as the rest. Where fewer than ten requests are beyond, the line fades.
 */
import type { PercentilePoint } from '../merged-histogram.ts'
import type { Look } from './looks.ts'
import { html, type Markup } from './markup.ts'

export interface Line {
  readonly name: string
  readonly look: Look
  readonly points: readonly PercentilePoint[]
}

export interface LatencyChart {
  readonly lines: readonly Line[]
  /** What is below it says nothing; 0 for none. */
  readonly latenessMs: number
  readonly width: number
  readonly height: number
  /** Room for names to the right. */
  readonly right: number
}

const [LEFT, TOP, BOTTOM] = [46, 22, 34]
const LABEL_GAP = 15
/** From one percentile that is named to the next. */
const MARK_GAP = 44
const LETTER = 7.6
const SOLID_LEFT = 1
/** The axis begins with what a tenth of the requests reach: the luckiest one would take half of the chart. */
const FASTEST = -Math.log10(0.9)
const MARKS: readonly (readonly [nines: number, label: string])[] = [
  [0, '0 %'],
  [Math.log10(2), '50 %'],
  [1, '90 %'],
  [2, '99 %'],
  [3, '99.9 %'],
  [4, '99.99 %'],
  [5, '99.999 %'],
]

interface Frame {
  readonly x: (nines: number) => number
  readonly y: (ms: number) => number
  readonly end: number
  readonly low: number
  readonly high: number
}

export function latencyChart(chart: LatencyChart): Markup {
  const frame = frameOf(chart)
  const label = `Latency by percentile of ${chart.lines.map((line) => line.name).join(', ')}`
  return html`<svg viewBox="0 0 ${chart.width} ${chart.height}" role="img" aria-label="${label}"
 data-left="${frame.x(0)}" data-nine="${frame.x(1) - frame.x(0)}">
${late(chart, frame)}${columns(chart, frame)}${rows(chart, frame)}
${chart.lines.map((line) => path(line, frame))}${names(chart, frame)}
<line class="cursor" x1="0" x2="0" y1="${TOP}" y2="${chart.height - BOTTOM}" /></svg>`
}

function frameOf({ lines, width, height, right }: LatencyChart): Frame {
  const points = lines.flatMap((line) => line.points)
  const end = points.reduce((most, point) => Math.max(most, point.nines), 1)
  const slow = points.filter((point) => point.nines >= FASTEST)
  const low = (slow.length > 0 ? slow : points).reduce(
    (least, point) => Math.min(least, point.ms),
    Number.POSITIVE_INFINITY,
  )
  const high = points.reduce((most, point) => Math.max(most, point.ms), 0)
  const [bottom, top] = [Math.log10(low * 0.9), Math.log10(high * 1.15)]
  return {
    x: (nines) => LEFT + (nines / end) * (width - LEFT - right),
    y: (ms) => TOP + ((top - Math.max(bottom, Math.log10(ms))) / (top - bottom)) * (height - TOP - BOTTOM),
    end,
    low: low * 0.9,
    high: high * 1.15,
  }
}

function columns({ height }: LatencyChart, { x, end }: Frame): Markup[] {
  const floor = height - BOTTOM
  let free = 0
  const kept = MARKS.filter(([nines]) => {
    if (nines > end || x(nines) < free) return false
    free = x(nines) + MARK_GAP
    return true
  })
  return kept.map(
    ([nines, label]) => html`<line class="grid" x1="${x(nines)}" x2="${x(nines)}" y1="${TOP}" y2="${floor}" />
<text class="tick mid" x="${x(nines)}" y="${floor + 18}">${label}</text>`,
  )
}

function rows({ width, right }: LatencyChart, { y, low, high }: Frame): Markup[] {
  const marks = scaleMarks(low, high).map(
    (ms) => html`<line class="grid" x1="${LEFT}" x2="${width - right}" y1="${y(ms)}" y2="${y(ms)}" />
<text class="tick end" x="${LEFT - 7}" y="${y(ms) + 4}">${String(ms)}</text>`,
  )
  return [...marks, html`<text class="tick end" x="${LEFT - 7}" y="${TOP - 10}">ms</text>`]
}

/** 1, 2, 5 of each power of ten; only 1 where that would be too many. */
export function scaleMarks(low: number, high: number): number[] {
  const steps = high / low > 3000 ? [1] : [1, 2, 5]
  const marks: number[] = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
    for (const step of steps) marks.push(Number((step * 10 ** power).toPrecision(1)))
  return marks.filter((mark) => mark >= low && mark <= high)
}

/** What the generator could not see. */
function late({ latenessMs, width, height, right }: LatencyChart, { y, low, high }: Frame): Markup[] {
  if (latenessMs <= low || latenessMs > high) return []
  const [top, floor, end] = [y(latenessMs), height - BOTTOM, width - right]
  return [
    html`<rect class="late" x="${LEFT}" y="${top}" width="${end - LEFT}" height="${floor - top}" />
<text class="tick end" x="${end - 8}" y="${floor - 8}">the generator itself is this late</text>`,
  ]
}

function path({ name, look, points }: Line, { x, y }: Frame): Markup {
  const solid = points.filter((point) => point.nines <= points.at(-1)!.nines - SOLID_LEFT)
  const draw = (some: readonly PercentilePoint[]): string =>
    some.map(({ nines, ms }, i) => `${i === 0 ? 'M' : 'L'}${round(x(nines))} ${round(y(ms))}`).join('')
  const shape = look.isOurs ? 'line ours' : 'line'
  const faint = points.slice(Math.max(0, solid.length - 1))
  return html`<g class="${look.colour}"><title>${name}</title>
<path class="${shape}" stroke-dasharray="${look.dash}" d="${draw(solid)}" />
<path class="${shape} faint" stroke-dasharray="${look.dash}" d="${draw(faint)}" /></g>`
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10
}

/** At the ends of the lines, moved apart where they would lie upon each other. */
function names({ lines, width, height, right }: LatencyChart, { y }: Frame): Markup[] {
  const ends = lines
    .map((line) => ({ line, at: y(line.points.at(-1)!.ms), is: y(line.points.at(-1)!.ms) }))
    .sort((left, next) => left.at - next.at)
  const floor = height - BOTTOM - LABEL_GAP * (ends.length - 1)
  let least = TOP
  for (const [i, end] of ends.entries()) {
    end.at = Math.max(least, Math.min(end.at, floor + i * LABEL_GAP))
    least = end.at + LABEL_GAP
  }
  const from = width - right
  return ends.map(
    ({ line: { name, look }, at, is }) => html`<g class="${look.colour}">
<path class="lead" d="M${from + 2} ${is}L${from + 10} ${at}" />
<text class="name${look.isOurs ? ' ours' : ''}" x="${from + 13}" y="${at + 4}">
${shorten(name, right)}</text></g>`,
  )
}

function shorten(name: string, right: number): string {
  const most = Math.floor((right - 13) / LETTER)
  return name.length <= most ? name : `${name.slice(0, most - 1)}…`
}
