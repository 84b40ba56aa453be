/** bar-chart — one figure of each subject as a bar, with the least and the most of its rounds as a whisker. */
import type { Spread } from '../ratios.ts'
import type { Look } from './looks.ts'
import { html, type Markup, NOTHING } from './markup.ts'

export interface Bar {
  readonly name: string
  readonly look: Look
  readonly spread: Spread
  /** The figure as it is shown. */
  readonly value: string
  /** To the first subject; '' for none. */
  readonly ratio: string
}

export interface BarChart {
  readonly title: string
  /** Which way is good. */
  readonly better: 'less is better' | 'more is better'
  readonly bars: readonly Bar[]
}

const WIDTH = 340
const ROW = 37
const [TEXT_Y, BAR_Y, BAR_HEIGHT] = [13, 19, 10]

export function barChart({ title, better, bars }: BarChart): Markup {
  const most = bars.reduce((so, { spread }) => Math.max(so, spread.most), 0)
  const scale = most > 0 ? WIDTH / (most * 1.01) : 0
  const label = `${title}: ${bars.map(({ name, value }) => `${name} ${value}`).join(', ')}`
  return html`<figure class="bars"><figcaption><b>${title}</b> <span>${better}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${bars.length * ROW}" role="img" aria-label="${label}">
${bars.map((bar, i) => drawBar(bar, i * ROW, scale))}</svg></figure>`
}

function drawBar({ name, look, spread, value, ratio }: Bar, top: number, scale: number): Markup {
  const middle = top + BAR_Y + BAR_HEIGHT / 2
  const ours = look.isOurs ? ' ours' : ''
  return html`<g class="${look.colour}"><text class="name${ours}" x="0" y="${top + TEXT_Y}">${name}</text>
<text class="value${ours} end" x="${WIDTH}" y="${top + TEXT_Y}">${value}${showRatio(ratio)}</text>
<rect class="track" x="0" y="${top + BAR_Y}" width="${WIDTH}" height="${BAR_HEIGHT}" rx="2" />
<rect class="bar" x="0" y="${top + BAR_Y}" width="${spread.median * scale}" height="${BAR_HEIGHT}" rx="2" />
<path class="whisker" d="${whisker(spread.least * scale, spread.most * scale, middle)}" /></g>`
}

function showRatio(ratio: string): Markup {
  return ratio === '' ? NOTHING : html`<tspan class="ratio" dx="8">${ratio}</tspan>`
}

function whisker(from: number, to: number, y: number): string {
  const [left, right] = [from.toFixed(1), to.toFixed(1)]
  return `M${left} ${y - 4}V${y + 4}M${left} ${y}H${right}M${right} ${y - 4}V${y + 4}`
}
