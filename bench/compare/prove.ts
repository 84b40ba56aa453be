/**
 * prove — shows that the gate bites: a gateway that burns 100 µs a request, and one that stops for 10 ms every 2 s, are
 * held to the bounds against a base that is the same code without them. Both must break a bound, and the same code put
 * against itself must break none.
 */

import { verdictLines } from '../gate/gate-text.ts'
import type { Gates } from '../gate/gates.ts'
import { judge, type Verdict } from '../gate/judge.ts'
import { scenarios } from '../load/scenarios.ts'
import { peerOf } from '../peers/all-peers.ts'
import type { Peer } from '../peers/peer.ts'
import { sluiceAt, sluiceMain } from '../peers/sluice.ts'
import type { RunResult } from '../report/result.ts'

export const PROVING = scenarios.filter(({ name }) => name === 'plain-64')

/** The base is this very checkout under another name. */
export function provingPeers(gates: Gates): Peer[] {
  const names = ['sluice', 'sluice-seeded-busy', 'sluice-seeded-stall']
  return [sluiceAt(gates.base.subject, sluiceMain), ...names.map(peerOf)]
}

export interface Proof {
  readonly isProven: boolean
  readonly text: string
}

export function proofOf(gates: Gates, run: RunResult): Proof {
  const clean = broken(gates, run, 'sluice')
  const busy = broken(gates, run, 'sluice-seeded-busy')
  const stall = broken(gates, run, 'sluice-seeded-stall')
  const text = [
    `against itself: ${clean.length === 0 ? 'nothing broke, as it must be' : 'BROKE'}`,
    ...verdictLines(clean, 'broken'),
    `100 µs burnt a request: ${busy.length > 0 ? 'caught' : 'NOT CAUGHT'}`,
    ...verdictLines(busy, 'broken'),
    `stopped for 10 ms every 2 s: ${stall.length > 0 ? 'caught' : 'NOT CAUGHT'}`,
    ...verdictLines(stall, 'broken'),
  ]
  return { isProven: clean.length === 0 && busy.length > 0 && stall.length > 0, text: text.join('\n') }
}

/** What breaks when the subject `name` stands in the place of the one that the bounds are for. */
function broken(gates: Gates, run: RunResult, name: string): Verdict[] {
  const inPlace = run.scenarios.map(({ scenario, subjects }) => ({
    scenario,
    subjects: subjects
      .filter((subject) => subject.name === name || subject.name === gates.base.subject)
      .map((subject) => (subject.name === name ? { ...subject, name: gates.subject } : subject)),
  }))
  const ran = new Set(run.scenarios.map(({ scenario }) => scenario.name))
  const verdicts = judge(gates, { ...run, missing: [], scenarios: inPlace }, ['base'])
  return verdicts.filter(({ scenario, outcome }) => ran.has(scenario) && outcome === 'broken')
}
