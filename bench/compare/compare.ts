/** compare — one run: each scenario with all peers on a stage of its own, and what came of it. */
import {
  type ClosedTool,
  closedTool,
  runClosedLoad,
  senderOf,
  whyNoSender,
} from '../closed-loop/run-closed-load.ts'
import type { Scenario } from '../load/scenario.ts'
import { shareCores } from '../measure/cores.ts'
import { readMachine } from '../measure/machine.ts'
import { originFor } from '../peers/origin.ts'
import type { Peer } from '../peers/peer.ts'
import type { Missing, RunResult, ScenarioResult, Settings } from '../report/result.ts'
import type { Options } from './options.ts'
import { NotMeasured, Rounds } from './rounds.ts'
import { Stage } from './stage.ts'

export interface Comparison {
  readonly options: Options
  /** The first is the reference. */
  readonly peers: readonly Peer[]
  progress(what: string): void
  /** Told after each scenario; the result stays null where it could not be measured. */
  done(run: RunResult, scenario: ScenarioResult | null): void
}

export interface Compared {
  readonly run: RunResult
  /** What is missing though it is installed: a gateway that did not start, or ended. */
  readonly failures: readonly Missing[]
}

export async function compare(comparison: Comparison): Promise<Compared> {
  const { options, peers } = comparison
  const scenarios: ScenarioResult[] = []
  const missing: Missing[] = []
  const failures: Missing[] = []
  const tool = options.capacityBy || closedTool('GET')
  const settings = await settingsOf(options, tool)
  const about = { format: 1, startedAt: new Date().toISOString(), machine: readMachine() } as const
  const run: RunResult = { ...about, settings, reference: peers[0]!.name, missing, scenarios }
  for (const scenario of options.scenarios) {
    const found = await compareIn(scenario, comparison, tool)
    missing.push(...found.missing)
    failures.push(...found.failed)
    if (found.result !== null) scenarios.push(found.result)
    comparison.done(run, found.result)
  }
  return { run, failures }
}

interface Found {
  readonly result: ScenarioResult | null
  readonly missing: readonly Missing[]
  readonly failed: readonly Missing[]
}

async function compareIn(
  scenario: Scenario,
  { options, peers, progress }: Comparison,
  tool: ClosedTool,
): Promise<Found> {
  const why = whyNoSender(scenario.protocol)
  if (why !== '') {
    const missing = [{ peer: senderOf(scenario.protocol, tool), scenario: scenario.name, why }]
    return { result: null, missing, failed: [] }
  }
  const cores = shareCores(options.workers)
  progress(`${scenario.name}: starts ${peers.map(({ name }) => name).join(', ')}`)
  const stage = await Stage.open(scenario, peers, { cores, workers: options.workers })
  const { missing, failed } = stage
  try {
    if (stage.subjects.length === 0) return { result: null, missing, failed }
    const rounds = new Rounds(scenario, stage.subjects, {
      rounds: options.rounds,
      seconds: options.seconds,
      cores,
      runClosedLoad: (load, cores) => runClosedLoad(load, cores, tool),
      progress: (what) => progress(`${scenario.name}: ${what}`),
    })
    return { result: await rounds.run(), missing, failed }
  } catch (cause) {
    if (!(cause instanceof NotMeasured)) throw cause
    const lost = { peer: cause.name, scenario: scenario.name, why: cause.message }
    return { result: null, missing: [...missing, lost], failed: [...failed, lost] }
  } finally {
    await stage.close()
  }
}

async function settingsOf(options: Options, tool: ClosedTool): Promise<Settings> {
  const { rounds, seconds, workers, scenarios } = options
  const { gateway, origin, load } = shareCores(workers)
  return {
    rounds,
    seconds,
    gatewayCores: gateway,
    originCores: origin,
    loadCores: load,
    origin: await originsOf(scenarios),
    workers,
    capacityBy: sendersOf(scenarios, tool),
  }
}

/** `wrk`, and where they differ `wrk in tls-64; h2load in h2-64`. */
function sendersOf(scenarios: readonly Scenario[], tool: ClosedTool): string {
  const names = new Map<string, string[]>()
  for (const { name, protocol } of scenarios) {
    const sender = senderOf(protocol, tool)
    names.set(sender, [...(names.get(sender) ?? []), name])
  }
  if (names.size === 1) return [...names.keys()][0]!
  return [...names].map(([sender, those]) => `${sender} in ${those.join(', ')}`).join('; ')
}

/** `nginx 1.22.1 in plain-8, plain-64; raw-origin v20.20.2 in slow-mix` */
async function originsOf(scenarios: readonly Scenario[]): Promise<string> {
  const names = new Map<string, string[]>()
  for (const scenario of scenarios) {
    const origin = originFor(scenario)
    const text = `${origin.name} ${await origin.version()}`
    names.set(text, [...(names.get(text) ?? []), scenario.name])
  }
  return [...names].map(([text, those]) => `${text} in ${those.join(', ')}`).join('; ')
}
