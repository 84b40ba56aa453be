/** health-rig — upstreams and targets with real states, as what watches them is given them, and a log to read. */
import type { OutlierDetectionRecord, TargetEntity, UpstreamEntity } from '../../src/config/model.ts'
import type { WatchedGroup, WatchedTarget } from '../../src/control/health/group.ts'
import { splitHostPort } from '../../src/flow/balancer/host-port.ts'
import { makePrivateRow } from '../../src/state/rows.ts'
import { TargetState, targetRowWords } from '../../src/state/target-state.ts'
import { UpstreamState, upstreamRowWords } from '../../src/state/upstream-state.ts'
import { FakeTimers } from './fake-timers.ts'

const BORN = { tags: null, created_at: 1, updated_at: 2 }

export function makeUpstream(fields: Partial<UpstreamEntity> = {}): UpstreamEntity {
  return {
    ...BORN,
    id: 'upstream-id',
    name: 'pool',
    algorithm: 'round-robin',
    hash_on: 'none',
    hash_fallback: 'none',
    hash_on_header: null,
    hash_fallback_header: null,
    hash_on_cookie: null,
    hash_on_cookie_path: '/',
    hash_on_query_arg: null,
    hash_fallback_query_arg: null,
    hash_on_uri_capture: null,
    hash_fallback_uri_capture: null,
    slots: 1000,
    healthchecks: makeChecks(),
    host_header: null,
    client_certificate: null,
    use_srv_name: false,
    circuit_breaker: null,
    outlier_detection: null,
    slow_start: null,
    fallback: null,
    ...fields,
  }
}

type Active = UpstreamEntity['healthchecks']['active']

/** No checks but what `active` says. */
export function makeChecks(active: Partial<Active> = {}): UpstreamEntity['healthchecks'] {
  return {
    threshold: 0,
    active: {
      type: 'http',
      timeout: 1,
      concurrency: 10,
      http_path: '/',
      https_sni: null,
      https_verify_certificate: true,
      headers: null,
      healthy: { interval: 0, http_statuses: [200, 302], successes: 0 },
      unhealthy: { interval: 0, http_statuses: [500], tcp_failures: 0, timeouts: 0, http_failures: 0 },
      ...active,
    },
    passive: {
      type: 'http',
      healthy: { http_statuses: [200], successes: 0 },
      unhealthy: { http_statuses: [500], tcp_failures: 0, timeouts: 0, http_failures: 0 },
    },
  }
}

/** Envoy's defaults, but for two targets and a handful of requests. */
export const OUTLIERS: OutlierDetectionRecord = {
  consecutive_5xx: 5,
  enforcing_consecutive_5xx: 100,
  consecutive_gateway_failure: 5,
  enforcing_consecutive_gateway_failure: 0,
  split_external_local_origin_errors: false,
  consecutive_local_origin_failure: 5,
  enforcing_consecutive_local_origin_failure: 100,
  interval: 10,
  base_ejection_time: 30,
  max_ejection_time: 300,
  max_ejection_time_jitter: 0,
  max_ejection_percent: 100,
  always_eject_one_host: true,
  enforcing_success_rate: 100,
  success_rate_minimum_hosts: 5,
  success_rate_request_volume: 10,
  success_rate_stdev_factor: 1900,
  enforcing_failure_percentage: 0,
  failure_percentage_threshold: 85,
  failure_percentage_minimum_hosts: 5,
  failure_percentage_request_volume: 10,
  successful_active_health_check_uneject_host: true,
  panic_threshold: 50,
}

export function makeEntity(target: string, weight = 100): TargetEntity {
  return { ...BORN, id: `id of ${target}`, upstream: 'upstream-id', target, weight }
}

export function makeTarget(name: string, ip = '', weight = 100): WatchedTarget {
  const { host, port } = splitHostPort(name, 0)
  const row = makePrivateRow(targetRowWords(1))
  const state = new TargetState(row.words, row.doubles, row.at, 0)
  return { name, host, address: { ip: ip === '' ? host : ip, port }, weight, state }
}

export function makeGroup(targets: WatchedTarget[]): WatchedGroup & { targets: WatchedTarget[] } {
  const row = makePrivateRow(upstreamRowWords(1))
  return { targets, state: new UpstreamState(row.words, row.doubles, row.at, 0), close: () => {} }
}

export function makeTools(random: () => number = () => 0.5) {
  const timers = new FakeTimers()
  const logged: string[] = []
  return {
    timers,
    logged,
    tools: {
      now: () => timers.now(),
      later: (ms: number, call: () => void) => timers.later(ms, call),
      random,
    },
    log: (level: string, message: string, fields: Record<string, unknown>) => {
      logged.push(`${level} ${message} ${JSON.stringify(fields)}`)
    },
  }
}
