/** upstream-metrics — targets' health, circuits and what upstreams have in use. Bounded, and it says what it left out. */
import { addressText, type WatchedTarget } from '../health/group.ts'
import { addressHealth } from '../health/health-view.ts'
import type { WatchedUpstream } from '../health/watched-upstream.ts'
import { preamble, sample } from './metric-lines.ts'

/** Each has four lines, one a state. */
const ADDRESSES_MAX = 1000
const UPSTREAMS_MAX = 1000
const STATES = ['healthchecks_off', 'healthy', 'unhealthy', 'dns_error']

export function upstreamMetrics(upstreams: readonly WatchedUpstream[]): string[] {
  const limited = upstreams
    .filter(({ upstream }) => upstream.circuit_breaker !== null || upstream.outlier_detection !== null)
    .slice(0, UPSTREAMS_MAX)
  return [
    ...targetHealth(upstreams),
    ...circuits(limited),
    ...openings(limited),
    ...inUse(limited),
    ...limits(limited),
    ...refusals(limited),
    ...ejected(limited),
  ]
}

function targetHealth(upstreams: readonly WatchedUpstream[]): string[] {
  const name = 'kong_upstream_target_health'
  const lines = preamble(
    name,
    'gauge',
    'Health of each address of each target, under the name Kong gives it.',
  )
  let left = ADDRESSES_MAX
  let omitted = 0
  for (const watched of upstreams) {
    // An upstream that is not shown any more is not built for it either.
    if (left === 0) {
      omitted += watched.configured.length
      continue
    }
    const rows = rowsOf(watched)
    lines.push(...rows.slice(0, left).flatMap((row) => fourStates(name, row)))
    omitted += Math.max(0, rows.length - left)
    left -= Math.min(rows.length, left)
  }
  lines.push(...preamble('sluice_target_health_omitted', 'gauge', 'Targets beyond those shown here.'))
  lines.push(sample('sluice_target_health_omitted', '', omitted))
  return lines
}

interface Row {
  readonly upstream: string
  readonly target: string
  readonly address: string
  readonly state: string
}

function rowsOf({ upstream, configured, group }: WatchedUpstream): Row[] {
  const byTarget = new Map<string, WatchedTarget[]>(configured.map(({ target }) => [target, []]))
  for (const target of group.targets) byTarget.get(target.name)?.push(target)
  return [...byTarget].flatMap(([target, its]) => {
    if (its.length === 0) return [{ upstream: upstream.name, target, address: '', state: 'dns_error' }]
    return its.map((each) => ({
      upstream: upstream.name,
      target,
      address: addressText(each.address),
      state: addressHealth(upstream, each).toLowerCase(),
    }))
  })
}

function fourStates(name: string, { upstream, target, address, state }: Row): string[] {
  const labels = `upstream="${upstream}",target="${target}",address="${address}"`
  return STATES.map((each) =>
    sample(name, `${labels},state="${each}",subsystem="http"`, each === state ? 1 : 0),
  )
}

function circuits(upstreams: readonly WatchedUpstream[]): string[] {
  const name = 'sluice_circuit_state'
  const lines = preamble(name, 'gauge', '0 closed, 1 open, 2 half-open.')
  for (const { upstream, group } of upstreams)
    if (upstream.circuit_breaker !== null && group.state !== null)
      lines.push(sample(name, `upstream="${upstream.name}"`, group.state.breaker.state))
  return lines
}

function openings(upstreams: readonly WatchedUpstream[]): string[] {
  const name = 'sluice_circuit_opened_total'
  const lines = preamble(name, 'counter', 'Times a circuit has opened, from half-open too.')
  for (const { upstream, group } of upstreams)
    if (upstream.circuit_breaker !== null && group.state !== null)
      lines.push(sample(name, `upstream="${upstream.name}"`, group.state.breaker.opened))
  return lines
}

const RESOURCES = ['requests', 'pending', 'connections', 'retries'] as const

function inUse(upstreams: readonly WatchedUpstream[]): string[] {
  const name = 'sluice_upstream_in_use'
  const lines = preamble(name, 'gauge', 'What an upstream with limits has in use, in all workers.')
  for (const { upstream, group } of upstreams) {
    if (upstream.circuit_breaker === null || group.state === null) continue
    for (const resource of RESOURCES)
      lines.push(sample(name, `upstream="${upstream.name}",resource="${resource}"`, group.state[resource]))
  }
  return lines
}

const LIMITS = [
  ['requests', 'max_requests'],
  ['pending', 'max_pending_requests'],
  ['connections', 'max_connections'],
  ['retries', 'max_retries'],
] as const

/** Those that the configuration has: what is in use against them tells how near a refusal is. */
function limits(upstreams: readonly WatchedUpstream[]): string[] {
  const name = 'sluice_upstream_limit'
  const lines = preamble(name, 'gauge', 'How much of it the upstream may have in use.')
  for (const { upstream } of upstreams)
    for (const [resource, field] of LIMITS) {
      const limit = upstream.circuit_breaker?.[field] ?? null
      if (limit !== null)
        lines.push(sample(name, `upstream="${upstream.name}",resource="${resource}"`, limit))
    }
  return lines
}

/** By the number state/upstream-state.ts gives each. */
const REASONS = ['circuit', 'max_requests', 'max_pending_requests', 'max_retries']

function refusals(upstreams: readonly WatchedUpstream[]): string[] {
  const name = 'sluice_upstream_refused_total'
  const lines = preamble(name, 'counter', 'Requests, and for max_retries retries, that an upstream refused.')
  for (const { upstream, group } of upstreams) {
    if (upstream.circuit_breaker === null || group.state === null) continue
    for (const [by, reason] of REASONS.entries())
      lines.push(sample(name, `upstream="${upstream.name}",reason="${reason}"`, group.state.refused(by)))
  }
  return lines
}

function ejected(upstreams: readonly WatchedUpstream[]): string[] {
  const name = 'sluice_targets_ejected'
  const lines = preamble(name, 'gauge', 'Targets that outlier detection has taken out.')
  for (const { upstream, group } of upstreams) {
    if (upstream.outlier_detection === null) continue
    const out = group.targets.filter(({ state }) => state.isEjected).length
    lines.push(sample(name, `upstream="${upstream.name}"`, out))
  }
  return lines
}
