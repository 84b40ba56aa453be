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

/** A stop of 10 ms in 2 s moves p99.9 by half, which fewer rounds do not always tell from the noise of a shared machine. */
export const PROVING_ROUNDS = 15
/** Two stops in each measurement, and on two shared cores enough requests for p99.9. */
export const PROVING_SECONDS = 5

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
  const [clean, busy, stall] = ['sluice', 'sluice-seeded-busy', 'sluice-seeded-stall'].map((name) =>
    verdictsOf(gates, run, name),
  )
  const text = [
    `against itself: ${breaks(clean!) ? 'BROKE' : 'nothing broke, as it must be'}`,
    ...told(clean!),
    `100 µs burnt a request: ${breaks(busy!) ? 'caught' : 'NOT CAUGHT'}`,
    ...told(busy!),
    `stopped for 10 ms every 2 s: ${breaks(stall!) ? 'caught' : 'NOT CAUGHT'}`,
    ...told(stall!),
  ]
  const isProven = clean!.length > 0 && !breaks(clean!) && breaks(busy!) && breaks(stall!)
  return { isProven, text: text.join('\n') }
}

function breaks(verdicts: readonly Verdict[]): boolean {
  return verdicts.some(({ outcome }) => outcome === 'broken')
}

function told(verdicts: readonly Verdict[]): string[] {
  return (['broken', 'not measured'] as const).flatMap((outcome) =>
    verdictLines(verdicts, outcome).map((line) => `  ${outcome}: ${line}`),
  )
}

/** Judged with the subject `name` in the place of the one that the bounds are for. */
function verdictsOf(gates: Gates, run: RunResult, name: string): Verdict[] {
  const inPlace = run.scenarios.map(({ scenario, subjects }) => ({
    scenario,
    subjects: subjects
      .filter((subject) => subject.name === name || subject.name === gates.base.subject)
      .map((subject) => (subject.name === name ? { ...subject, name: gates.subject } : subject)),
  }))
  const ran = new Set(run.scenarios.map(({ scenario }) => scenario.name))
  const verdicts = judge(gates, { ...run, missing: [], scenarios: inPlace }, ['base'])
  return verdicts.filter(({ scenario }) => ran.has(scenario))
}
