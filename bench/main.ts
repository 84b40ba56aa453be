/** bench — compares this gateway with others and with its own past, in one run: `npm run bench -- --help`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../src/boot/machine.ts'
import { buildBase } from './compare/base.ts'
import { type Compared, type Comparison, compare } from './compare/compare.ts'
import { HELP, type Options, readOptions } from './compare/options.ts'
import { Progress } from './compare/progress.ts'
import { PROVING, PROVING_ROUNDS, PROVING_SECONDS, proofOf, provingPeers } from './compare/prove.ts'
import { gateExitCode, gateText } from './gate/gate-text.ts'
import { type Gates, readGates } from './gate/gates.ts'
import { judge, type Verdict } from './gate/judge.ts'
import { scenarios } from './load/scenarios.ts'
import { peerOf, peers } from './peers/all-peers.ts'
import type { Peer } from './peers/peer.ts'
import { sluiceAt } from './peers/sluice.ts'
import { htmlPage } from './report/html.ts'
import type { RunResult } from './report/result.ts'
import { terminalTable } from './report/table.ts'
import { nameOfRun, writeWhole } from './report/write-result.ts'

const GATES = 'bench/gates.json'
const progress = new Progress()
const tell = (what: string) => progress.tell(what)

async function main(words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) return say(HELP)
  if (words.includes('--list')) return say(await list())
  const options = readOptions(words)
  const gates = openGates()
  if (options.prove)
    return prove(
      {
        ...options,
        scenarios: PROVING,
        rounds: Math.max(options.rounds, PROVING_ROUNDS),
        seconds: Math.max(options.seconds, PROVING_SECONDS),
      },
      gates,
    )
  const { run, failures } = await measure(options, await chosenPeers(options, gates))
  const verdicts = options.gate ? judgeAsked(gates, run, options) : null
  const page = keep(run, verdicts, options)
  for (const { peer, scenario, why } of run.missing) say(`left out: ${peer} in ${scenario}: ${why}`)
  say(`${page}`)
  if (verdicts !== null) {
    say(gateText(verdicts))
    return gateExitCode(verdicts)
  }
  return hasErrors(run) || failures.length > 0 || run.scenarios.length === 0 ? 1 : 0
}

/** What is found is kept after each scenario, so that an end before the end loses only one. */
async function measure(options: Options, chosen: readonly Peer[]): Promise<Compared> {
  const done: Comparison['done'] = (run, scenario) => {
    progress.clear()
    keep(run, null, options)
    if (scenario !== null) say(`\n${terminalTable(scenario, run)}\n`)
  }
  return compare({ options, peers: chosen, progress: tell, done })
}

async function prove(options: Options, gates: Gates): Promise<number> {
  const { run } = await measure(options, provingPeers(gates))
  const { isProven, text } = proofOf(gates, run)
  say(text)
  return isProven ? 0 : 1
}

async function chosenPeers({ peers: names, base }: Options, gates: Gates): Promise<Peer[]> {
  const chosen = names.includes('all')
    ? peers.filter(({ name }) => !/seeded|profile/.test(name))
    : names.map(peerOf)
  if (base === '') return chosen
  const { main: program, commit } = await buildBase(base, tell)
  const old = sluiceAt(gates.base.subject, program)
  return [...chosen, { ...old, version: async () => `${await old.version()}, ${base} at ${commit}` }]
}

/** Bounds of scenarios that were not asked for are no part of the question. */
function judgeAsked(gates: Gates, run: RunResult, { scenarios: asked, base }: Options): Verdict[] {
  const names = new Set(asked.map(({ name }) => name))
  const verdicts = judge(gates, run, base === '' ? ['reference'] : ['reference', 'base'])
  return verdicts.filter(({ scenario }) => names.has(scenario))
}

/** The path of the page. */
function keep(run: RunResult, verdicts: readonly Verdict[] | null, { out }: Options): string {
  const path = out === '' ? join(packageRoot(), 'bench/results', nameOfRun(run)) : out
  writeWhole(`${path}.json`, `${JSON.stringify(run, null, 1)}\n`)
  writeWhole(`${path}.html`, htmlPage(run, verdicts))
  return `${path}.html`
}

function openGates(): Gates {
  const text = readFileSync(join(packageRoot(), GATES), 'utf8')
  return readGates({ path: GATES, text, scenarios: scenarios.map(({ name }) => name) })
}

async function list(): Promise<string> {
  const versions = await Promise.all(peers.map((peer) => peer.version()))
  const names = peers.map(
    (peer, i) => `  ${peer.name.padEnd(22)} ${versions[i] ?? `missing: ${peer.install}`}`,
  )
  const all = scenarios.map((scenario) => `  ${scenario.name.padEnd(22)} ${scenario.says}`)
  return ['scenarios', ...all, '', 'peers', ...names].join('\n')
}

function hasErrors(run: RunResult): boolean {
  const rounds = run.scenarios.flatMap(({ subjects }) => subjects.flatMap((subject) => subject.rounds))
  return rounds.some(({ capacity, latency }) => capacity.errors + latency.errors > 0)
}

function say(text: string): 0 {
  process.stdout.write(`${text}\n`)
  return 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (cause) {
  progress.clear()
  process.stderr.write(`bench: ${cause instanceof Error ? cause.message : String(cause)}\n`)
  process.exitCode = 1
}
