/** health-view — the health of an upstream in the shape of Kong's GET /upstreams/{name or id}/health. */
import type { HealthchecksRecord, TargetEntity, UpstreamEntity } from '../../config/model.ts'
import type { Names } from '../../contract/target.ts'
import { isIp, splitHostPort } from '../../flow/balancer/host-port.ts'
import type { WatchedTarget } from './group.ts'

export type HealthName = 'HEALTHY' | 'UNHEALTHY' | 'HEALTHCHECKS_OFF' | 'DNS_ERROR'

export interface SeenUpstream {
  readonly upstream: UpstreamEntity
  readonly configured: readonly TargetEntity[]
  /** Of all configured targets, as names resolve now. */
  readonly targets: readonly WatchedTarget[]
  readonly names: Names
}

/** What Kong adds up where some addresses are out. */
interface Weights {
  readonly total: number
  readonly available: number
  readonly unavailable: number
}

interface Host {
  readonly host: string
  readonly port: number
  readonly dns: string
  readonly nodeWeight: number
  readonly weight: Weights
}

/** Whether anything can take a target of it out. */
export function isChecked(upstream: UpstreamEntity): boolean {
  const { active } = upstream.healthchecks
  if (active.healthy.interval > 0 || active.unhealthy.interval > 0) return true
  return isPassive(upstream.healthchecks) || upstream.outlier_detection !== null
}

function isPassive({ passive: { unhealthy } }: HealthchecksRecord): boolean {
  return unhealthy.tcp_failures > 0 || unhealthy.timeouts > 0 || unhealthy.http_failures > 0
}

/** All targets with their health. */
export function targetsHealth(seen: SeenUpstream, nodeId: string): object {
  return { data: seen.configured.map((entity) => targetHealth(seen, entity)), next: null, node_id: nodeId }
}

/** With ?balancer_health=1. */
export function balancerHealth(seen: SeenUpstream, nodeId: string): object {
  const weight = weigh(seen.targets)
  const { threshold } = seen.upstream.healthchecks
  const isHealthy = weight.total > 0 && (weight.available / weight.total) * 100 > threshold
  const health = isHealthy ? 'HEALTHY' : 'UNHEALTHY'
  return {
    data: {
      id: seen.upstream.id,
      health: isChecked(seen.upstream) ? health : 'HEALTHCHECKS_OFF',
      balancer_health: health,
      details: {
        healthy: isHealthy,
        weight,
        hosts: seen.configured.map((entity) => hostHealth(seen, entity)),
      },
    },
    next: null,
    node_id: nodeId,
  }
}

export function addressHealth(upstream: UpstreamEntity, target: WatchedTarget): HealthName {
  if (target.weight === 0 || !isChecked(upstream)) return 'HEALTHCHECKS_OFF'
  return target.state.isOut ? 'UNHEALTHY' : 'HEALTHY'
}

function targetHealth(seen: SeenUpstream, entity: TargetEntity): object {
  const own = addressesOf(seen, entity)
  const addresses = own.map((target) => ({
    ip: target.address.ip,
    port: target.address.port,
    weight: target.weight,
    health: addressHealth(seen.upstream, target),
  }))
  const { upstream, ...fields } = entity
  return {
    ...fields,
    upstream: { id: upstream },
    health: overall(
      addresses.map(({ health }) => health),
      entity.weight,
    ),
    data: { ...hostOf(seen, entity, own), addresses },
  }
}

/** One healthy address is enough. */
function overall(addresses: readonly HealthName[], weight: number): HealthName {
  if (weight === 0) return 'HEALTHCHECKS_OFF'
  if (addresses.length === 0) return 'DNS_ERROR'
  if (addresses.includes('HEALTHY')) return 'HEALTHY'
  return addresses.includes('UNHEALTHY') ? 'UNHEALTHY' : 'HEALTHCHECKS_OFF'
}

function hostHealth(seen: SeenUpstream, entity: TargetEntity): object {
  const own = addressesOf(seen, entity)
  const addresses = own.map(({ address, weight, state }) => ({
    ip: address.ip,
    port: address.port,
    weight,
    healthy: !state.isOut,
  }))
  return { ...hostOf(seen, entity, own), addresses }
}

function addressesOf(seen: SeenUpstream, entity: TargetEntity): readonly WatchedTarget[] {
  return seen.targets.filter((target) => target.name === entity.target)
}

function hostOf(seen: SeenUpstream, entity: TargetEntity, own: readonly WatchedTarget[]): Host {
  const { host, port } = splitHostPort(entity.target, 0)
  return { host, port, dns: recordType(host, seen.names), nodeWeight: entity.weight, weight: weigh(own) }
}

function weigh(targets: readonly WatchedTarget[]): Weights {
  let total = 0
  let unavailable = 0
  for (const target of targets) {
    total += target.weight
    if (target.state.isOut) unavailable += target.weight
  }
  return { total, available: total - unavailable, unavailable }
}

/** The kind of record the addresses come from. Kong takes an address for an answer of its own kind. */
function recordType(host: string, names: Names): string {
  const first = isIp(host) ? { ip: host, host: undefined } : names.get(host)?.[0]
  if (first === undefined) return 'unknown'
  if (first.host !== undefined) return 'SRV'
  return first.ip.includes(':') ? 'AAAA' : 'A'
}
