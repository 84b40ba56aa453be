/** upstream-summary — the health and circuit of each upstream that has any, in a line each, for /status. */
import { CIRCUIT_CLOSED, CIRCUIT_HALF_OPEN } from '../../state/breaker.ts'
import { addressHealth, isChecked } from '../health/health-view.ts'
import type { WatchedUpstream } from '../health/watched-upstream.ts'

const UPSTREAMS_MAX = 200
const OUT_SHOWN = 10

export interface UpstreamSummary {
  readonly name: string
  /** Addresses. */
  readonly targets: number
  readonly unhealthy: number
  readonly ejected: number
  /** Of those that are out, the first. */
  readonly out: readonly string[]
  /** Null: it has none. */
  readonly circuit: 'closed' | 'open' | 'half-open' | null
  /** Refused by its circuit and limits since the start. */
  readonly refused: number
}

/** Upstreams that nothing watches are left out: their health is nobody's knowledge. */
export function upstreamSummaries(upstreams: Iterable<WatchedUpstream>): UpstreamSummary[] {
  const summaries: UpstreamSummary[] = []
  for (const watched of upstreams) {
    const { upstream } = watched
    if (!isChecked(upstream) && upstream.circuit_breaker === null) continue
    if (summaries.length === UPSTREAMS_MAX) break
    summaries.push(summaryOf(watched))
  }
  return summaries
}

function summaryOf({ upstream, group }: WatchedUpstream): UpstreamSummary {
  const out = group.targets.filter((target) => addressHealth(upstream, target) === 'UNHEALTHY')
  const ejected = out.filter(({ state }) => state.isEjected).length
  const hasCircuit = upstream.circuit_breaker !== null && group.state !== null
  return {
    name: upstream.name,
    targets: group.targets.length,
    unhealthy: out.length - ejected,
    ejected,
    out: out.slice(0, OUT_SHOWN).map(({ name }) => name),
    circuit: hasCircuit ? circuitName(group.state!.breaker.state) : null,
    refused: hasCircuit ? [0, 1, 2, 3].reduce((sum, reason) => sum + group.state!.refused(reason), 0) : 0,
  }
}

function circuitName(state: number): 'closed' | 'open' | 'half-open' {
  if (state === CIRCUIT_CLOSED) return 'closed'
  return state === CIRCUIT_HALF_OPEN ? 'half-open' : 'open'
}
