/** compare — one run: each scenario with all peers on a stage of its own, and what came of it. */
import { runAutocannon } from '../closed-loop/autocannon.ts'
import { closedTool } from '../closed-loop/run-closed-load.ts'
import { runWrk } from '../closed-loop/wrk.ts'
import { type Cores, shareCores } from '../measure/cores.ts'
import { readMachine } from '../measure/machine.ts'
import type { Peer } from '../peers/peer.ts'
import type { Missing, RunResult, ScenarioResult } from '../report/result.ts'
import type { Options } from './options.ts'
import { Rounds } from './rounds.ts'
import { Stage } from './stage.ts'

export interface Comparison {
  readonly options: Options
  readonly peers: readonly Peer[]
  progress(what: string): void
  /** Told as each scenario ends. */
  done(scenario: ScenarioResult): void
}

export async function compare(comparison: Comparison): Promise<RunResult> {
  const { options, peers } = comparison
  const startedAt = new Date().toISOString()
  const cores = shareCores(options.workers)
  const capacityBy = options.capacityBy || closedTool('GET')
  const found: ScenarioResult[] = []
  const missing: Missing[] = []
  for (const scenario of options.scenarios) {
    const { name } = scenario
    comparison.progress(`${name}: starts ${peers.map((peer) => peer.name).join(', ')}`)
    const stage = await Stage.open(scenario, peers, { cores, workers: options.workers })
    try {
      missing.push(...stage.missing)
      if (stage.subjects.length === 0) continue
      const rounds = new Rounds(scenario, stage.subjects, {
        rounds: options.rounds,
        seconds: options.seconds,
        cores,
        runClosedLoad: capacityBy === 'wrk' ? runWrk : runAutocannon,
        progress: (what) => comparison.progress(`${name}: ${what}`),
      })
      const result = await rounds.run()
      found.push(result)
      comparison.done(result)
    } finally {
      await stage.close()
    }
  }
  const settings = { rounds: options.rounds, seconds: options.seconds, ...settingsOf(cores), capacityBy }
  return { format: 1, startedAt, machine: readMachine(), settings, missing, scenarios: found }
}

function settingsOf({ gateway, load }: Cores) {
  return { gatewayCores: gateway, loadCores: load }
}
