/** overview — one ratio over all scenarios: a row a scenario, a dot a subject, and a line at what all are compared with. */
import { type Figures, figuresOf } from '../figures.ts'
import type { Spread } from '../ratios.ts'
import type { RunResult } from '../result.ts'
import { scaleMarks } from './latency-chart.ts'
import type { Look, Looks } from './looks.ts'
import { html, type Markup } from './markup.ts'

export interface Overview {
  readonly title: string
  read(figures: Figures): Spread | null
}

const [WIDTH, ROW, LEFT, RIGHT, BOTTOM] = [500, 30, 96, 14, 24]

interface Dot {
  readonly name: string
  readonly look: Look
  readonly spread: Spread
}

export function overview(run: RunResult, looks: Looks, { title, read }: Overview): Markup {
  const rows = run.scenarios.map((result) => ({
    name: result.scenario.name,
    dots: figuresOf(result, run.reference).flatMap((figures): Dot[] => {
      const spread = read(figures)
      return spread === null || !isDrawn(spread)
        ? []
        : [{ name: figures.name, look: looks(figures.name), spread }]
    }),
  }))
  const x = scaleOf(rows.flatMap(({ dots }) => dots.map(({ spread }) => spread)))
  const height = rows.length * ROW + BOTTOM
  return html`<figure class="overview"><figcaption><b>${title}</b> <span>less is better</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}, by scenario">
${x.marks.map((mark) => drawMark(mark, x.at(mark), height - BOTTOM))}
${rows.map(({ name, dots }, i) => drawRow(name, dots, i * ROW + ROW / 2, x.at))}</svg></figure>`
}

function isDrawn({ least, most }: Spread): boolean {
  return least > 0 && Number.isFinite(most)
}

interface Scale {
  readonly at: (ratio: number) => number
  readonly marks: readonly number[]
}

/**
 * Logarithmic: twice as much is as far to the right as half is to the left. As wide as the medians need: ranges of wild
 * rounds end at the edge.
 */
function scaleOf(spreads: readonly Spread[]): Scale {
  const low = spreads.reduce((least, spread) => Math.min(least, spread.median), 0.8) / 1.15
  const high = spreads.reduce((most, spread) => Math.max(most, spread.median), 1.6) * 1.15
  const clamp = (ratio: number): number => Math.min(high, Math.max(low, ratio))
  const at = (ratio: number): number =>
    LEFT + (Math.log(clamp(ratio) / low) / Math.log(high / low)) * (WIDTH - LEFT - RIGHT)
  return { at, marks: scaleMarks(low, high) }
}

function drawMark(mark: number, x: number, floor: number): Markup {
  return html`<line class="${mark === 1 ? 'one' : 'grid'}" x1="${x}" x2="${x}" y1="0" y2="${floor}" />
<text class="tick mid" x="${x}" y="${floor + 16}">${mark} x</text>`
}

/** Ours last, so that it lies on top. */
function drawRow(name: string, dots: readonly Dot[], y: number, at: Scale['at']): Markup {
  const sorted = [...dots].sort((left, right) => Number(left.look.isOurs) - Number(right.look.isOurs))
  return html`<text class="tick end" x="${LEFT - 12}" y="${y + 4}">${name}</text>
<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" />
${sorted.map(
  ({
    name: subject,
    look,
    spread,
  }) => html`<g class="${look.colour}"><title>${subject}: ${spread.median} x</title>
<line class="range" x1="${at(spread.least)}" x2="${at(spread.most)}" y1="${y}" y2="${y}" />
<circle class="dot" cx="${at(spread.median)}" cy="${y}" r="${look.isOurs ? 6.5 : 4.5}" /></g>`,
)}`
}
