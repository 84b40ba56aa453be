/** html — a run as one page that needs nothing else: charts, numbers, what the gate says, and how it was measured. */
import { gateSummary, verdictLines } from '../gate/gate-text.ts'
import type { Outcome, Verdict } from '../gate/judge.ts'
import { type Looks, looksOf } from './page/looks.ts'
import { html, Markup, NOTHING } from './page/markup.ts'
import { overview } from './page/overview.ts'
import { scenarioSection } from './page/scenario-section.ts'
import { SCRIPT } from './page/script.ts'
import { STYLE } from './page/style.ts'
import type { RunResult, Settings } from './result.ts'
import { noRatios } from './table.ts'

/** Verdicts are null where no gate was asked. */
export function htmlPage(run: RunResult, verdicts: readonly Verdict[] | null): string {
  const looks = looksOf(run)
  const title = `Sluice bench, ${run.machine.commit}`
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8" /><meta name="viewport" content="width=device-width, initial-scale=1" />
<title>${title}</title><style>${new Markup(STYLE)}</style></head>
<body><main>
${header(run)}${gate(verdicts)}${glance(run, looks)}
<nav>${run.scenarios.map(({ scenario: { name } }) => html`<a href="#${name}">${name}</a>`)}</nav>
${run.scenarios.map((result) => scenarioSection(result, run, looks))}
${footer()}
</main><script>${new Markup(SCRIPT)}</script></body></html>
`
  return page.text
}

function header({ startedAt, machine, settings }: RunResult): Markup {
  const facts: (readonly [name: string, value: string])[] = [
    ['machine', `${machine.cpu}, ${machine.cores} cores, ${Math.round(machine.memoryMb / 1024)} GB`],
    ['kernel', machine.kernel],
    ['Node.js', machine.node],
    ['rounds', `${settings.rounds}, alternating, ${settings.seconds} s each`],
    ['workers', String(settings.workers)],
    ['cores', coresOf(settings)],
    ['origin', settings.origin],
    ['capacity by', settings.capacityBy],
  ]
  return html`<header><h1>Sluice bench</h1>
<p class="dim">commit <b>${machine.commit}</b>, ${startedAt.slice(0, 16).replace('T', ' ')} UTC</p>
<dl>${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></header>`
}

function coresOf({ gatewayCores, originCores, loadCores }: Settings): string {
  const parts = { gateway: gatewayCores, origin: originCores, load: loadCores }
  const pinned = Object.entries(parts).filter(([, cores]) => cores.length > 0)
  if (pinned.length === 0) return 'nothing pinned'
  return pinned.map(([name, cores]) => `${name} on ${cores.join(', ')}`).join('; ')
}

const MARKS: Record<Outcome, readonly [mark: string, tone: string]> = {
  broken: ['✗', 'bad'],
  'not measured': ['?', 'open'],
  held: ['✓', 'good'],
}

function gate(verdicts: readonly Verdict[] | null): Markup {
  if (verdicts === null) return NOTHING
  const list = (outcome: Outcome): Markup => {
    const [mark, tone] = MARKS[outcome]
    const lines = verdictLines(verdicts, outcome)
    const items = lines.map((line) => html`<li class="${tone}" data-mark="${mark}">${line}</li>`)
    return items.length === 0 ? NOTHING : html`<ul class="verdicts">${items}</ul>`
  }
  const held = verdicts.filter(({ outcome }) => outcome === 'held').length
  return html`<section class="card"><h2>${capital(gateSummary(verdicts))}</h2>
${list('broken')}${list('not measured')}
${held === 0 ? NOTHING : html`<details><summary>${held} bounds held</summary>${list('held')}</details>`}</section>`
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

function missing(run: RunResult): Markup {
  if (run.missing.length === 0) return NOTHING
  const items = run.missing.map(
    ({ peer, scenario, why }) => html`<li data-mark="–"><b>${peer}</b> in ${scenario}: ${why}</li>`,
  )
  return html`<h3>Asked for and not here</h3><ul class="verdicts dim">${items}</ul>`
}

function glance(run: RunResult, looks: Looks): Markup {
  const { reference } = run
  if (run.scenarios.length === 0)
    return html`<section class="card"><p>Nothing was measured.</p>${missing(run)}</section>`
  const versions = new Map(
    run.scenarios.flatMap(({ subjects }) => subjects.map((one) => [one.name, one.version])),
  )
  const legend = [...versions].map(
    ([name, version]) => html`<li class="${looks(name).colour}">${name} ${version}</li>`,
  )
  if (!versions.has(reference))
    return html`<section class="card"><h2>At a glance</h2>
<p class="dim">${noRatios(reference)}</p><ul class="legend">${legend}</ul>${missing(run)}</section>`
  return html`<section class="card"><h2>At a glance</h2>
<p class="dim">What a request costs and how late a slow one is, as a multiple of
${reference} in the same round</p>
<ul class="legend">${legend}</ul><div class="two">
${overview(run, looks, { title: `CPU a request, x ${reference}`, read: (one) => one.cpuRatio })}
${overview(run, looks, { title: `p99 latency, x ${reference}`, read: (one) => one.p99Ratio })}</div>
${missing(run)}</section>`
}

function footer(): Markup {
  return html`<footer><h3>How to read this</h3>
<p>Rounds alternate between the subjects. A ratio is of one round to the same round of the one that all are
compared with, so a machine that gets slower does so for both; shown is the median, with the least and the
most of the rounds as a whisker or in brackets.</p>
<p>Latency is timed from the moment each request was due, at a rate that does not depend on the answers, so a
stall counts for every request that had to wait for it. On its chart each step to the right has a tenth of the
requests beyond it, of all rounds together; a line fades where fewer than ten are left. In the table
percentiles are the medians of what each round had. CPU and requests a second are of a closed
loop at full speed.</p></footer>`
}
