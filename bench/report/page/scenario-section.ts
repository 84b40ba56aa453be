/** scenario-section — one scenario of the page: latency, CPU, throughput, memory, and all of it in numbers. */
import { type Figures, figuresOf, latenessMs, rateOf } from '../figures.ts'
import { mergeHistograms, percentileLine } from '../merged-histogram.ts'
import { type Spread, showCount, showFigure } from '../ratios.ts'
import type { RunResult, ScenarioResult, SubjectResult } from '../result.ts'
import { notesOf, tableOf } from '../table.ts'
import { type Bar, barChart } from './bar-chart.ts'
import { type Line, latencyChart } from './latency-chart.ts'
import type { Looks } from './looks.ts'
import { html, type Markup, NOTHING } from './markup.ts'

const WIDE = { width: 1080, height: 390, right: 165 }
const NARROW = { width: 430, height: 380, right: 124 }

export function scenarioSection(result: ScenarioResult, run: RunResult, looks: Looks): Markup {
  const { name, says, connections } = result.scenario
  const figures = figuresOf(result, run.reference)
  return html`<section class="card" id="${name}"><h2>${name}</h2>
<p class="dim">${says.includes('connections') ? says : `${says}; ${connections} connections`}</p>
${failures(figures)}${latency(result, looks)}
<div class="three">${bars(figures, looks)}</div>${numbers(result, run, looks)}</section>`
}

function failures(figures: readonly Figures[]): Markup[] {
  return figures
    .filter(({ errors }) => errors > 0)
    .map(({ name, errors }) => html`<p class="bad"><b>${name}: ${showCount(errors)} requests failed</b></p>`)
}

function latency(result: ScenarioResult, looks: Looks): Markup {
  const lines = result.subjects.flatMap((subject) => lineOf(subject, looks))
  if (lines.length === 0) return NOTHING
  const chart = { lines, latenessMs: latenessMs(result) }
  const data = lines.map(({ name, look, points }) => ({
    name,
    colour: look.colour,
    ms: points.map(({ ms }) => Number(ms.toPrecision(3))),
  }))
  return html`<figure class="latency" data-lines="${JSON.stringify(data)}">
<figcaption><b>Latency by percentile</b>
<span>at ${showCount(rateOf(result))} requests/s, less is better</span></figcaption>
<div class="wide">${latencyChart({ ...chart, ...WIDE })}</div>
<div class="narrow">${latencyChart({ ...chart, ...NARROW })}</div>
<div class="readout" hidden=""></div></figure>`
}

function lineOf(subject: SubjectResult, looks: Looks): Line[] {
  const histogram = mergeHistograms(subject)
  if (histogram === null) return []
  return [{ name: subject.name, look: looks(subject.name), points: percentileLine(histogram) }]
}

function bars(figures: readonly Figures[], looks: Looks): Markup[] {
  const draw = (read: (one: Figures) => Pick<Bar, 'spread' | 'value' | 'ratio'>): Bar[] =>
    figures.map((one) => ({ name: one.name, look: looks(one.name), ...read(one) }))
  return [
    barChart({
      title: 'CPU a request',
      better: 'less is better',
      bars: draw(({ cpuUs, cpuRatio }) => ({
        spread: cpuUs,
        value: `${showFigure(cpuUs.median)} µs`,
        ratio: showRatio(cpuRatio),
      })),
    }),
    barChart({
      title: 'Requests a second',
      better: 'more is better',
      bars: draw(({ requestsPerS, requestsRatio }) => ({
        spread: requestsPerS,
        value: showCount(requestsPerS.median),
        ratio: showRatio(requestsRatio),
      })),
    }),
    barChart({
      title: 'Memory, and its peak',
      better: 'less is better',
      bars: draw(({ steadyMb, peakMb }) => ({
        spread: { ...steadyMb, most: peakMb },
        value: `${showFigure(steadyMb.median)} MB`,
        ratio: `${showCount(peakMb)} peak`,
      })),
    }),
  ]
}

function showRatio(spread: Spread | null): string {
  return spread === null ? '' : `${spread.median.toFixed(2)} x`
}

function numbers(result: ScenarioResult, run: RunResult, looks: Looks): Markup {
  const { head, rows } = tableOf(result, run)
  const notes = notesOf(result, run).map((note) => html`<p class="dim">${note}</p>`)
  const heads = head.map((cell) => html`<th scope="col">${cell}</th>`)
  return html`<div class="scroll"><table><thead><tr>${heads}</tr></thead><tbody>${rows.map((cells) => tableRow(cells, looks))}</tbody></table></div>${notes}`
}

function tableRow(cells: readonly string[], looks: Looks): Markup {
  const look = looks(cells[0]!)
  const ours = look.isOurs ? ' ours' : ''
  return html`<tr class="${look.colour}${ours}">${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`
}
