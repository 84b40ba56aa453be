/** compare — one run: each scenario with all peers on a stage of its own, and what came of it. */
import { type ClosedTool, closedTool, runClosedLoad } from '../closed-loop/run-closed-load.ts'
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
  const settings = await settingsOf(options)
  const about = { format: 1, startedAt: new Date().toISOString(), machine: readMachine() } as const
  const run: RunResult = { ...about, settings, reference: peers[0]!.name, missing, scenarios }
  for (const scenario of options.scenarios) {
    const found = await compareIn(scenario, comparison, settings)
    missing.push(...found.missing)
    failures.push(...found.failed)
    if (found.result !== null) scenarios.push(found.result)
    comparison.done(run, found.result)
  }
  return { run, failures }
}

type ChosenSettings = Settings & { readonly capacityBy: ClosedTool }

interface Found {
  readonly result: ScenarioResult | null
  readonly missing: readonly Missing[]
  readonly failed: readonly Missing[]
}

async function compareIn(
  scenario: Scenario,
  { options, peers, progress }: Comparison,
  settings: ChosenSettings,
): Promise<Found> {
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
      runClosedLoad: (load, cores) => runClosedLoad(load, cores, settings.capacityBy),
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

async function settingsOf({
  rounds,
  seconds,
  workers,
  capacityBy,
  scenarios,
}: Options): Promise<ChosenSettings> {
  const { gateway, origin, load } = shareCores(workers)
  return {
    rounds,
    seconds,
    gatewayCores: gateway,
    originCores: origin,
    loadCores: load,
    origin: await originsOf(scenarios),
    workers,
    capacityBy: capacityBy || closedTool('GET'),
  }
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
