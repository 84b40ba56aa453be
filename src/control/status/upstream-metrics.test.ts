/** What the metrics say of upstreams and their targets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  makeChecks,
  makeEntity,
  makeGroup,
  makeTarget,
  makeUpstream,
  OUTLIERS,
} from '../../../test/kit/health-rig.ts'
import type { UpstreamEntity } from '../../config/model.ts'
import type { CircuitInput } from '../../flow/balancer/upstream-input.ts'
import { BY_REQUESTS } from '../../state/upstream-state.ts'
import { WatchedUpstream } from '../health/watched-upstream.ts'
import { upstreamMetrics } from './upstream-metrics.ts'

const CHECKED = makeChecks({ healthy: { interval: 1, http_statuses: [200], successes: 1 } })
const CIRCUIT: CircuitInput = {
  max_connections: null,
  max_pending_requests: null,
  max_requests: 5,
  max_retries: null,
  retry_budget: null,
  failure_percentage: null,
  consecutive_failures: null,
  minimum_requests: 20,
  window: 10,
  failure_statuses: [500],
  open_time: 5,
  max_open_time: 60,
  half_open_requests: 3,
  success_threshold: 3,
}

function watch(names: string[], fields: Partial<UpstreamEntity>): WatchedUpstream {
  const group = makeGroup(names.map((name) => makeTarget(name)))
  const configured = [...names, 'gone.test:9'].map((name) => makeEntity(name))
  return new WatchedUpstream(makeUpstream(fields), configured, () => group)
}

function values(lines: readonly string[], name: string): string[] {
  return lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
}

test("a target's address has Kong's four states, one of them 1; a name without address is a dns_error", () => {
  const watched = watch(['10.0.0.1:80'], { healthchecks: CHECKED })
  watched.group.targets[0]!.state.setHealthy(false, 1)
  const labels = 'upstream="pool",target="10.0.0.1:80",address="10.0.0.1:80"'
  const lines = values(upstreamMetrics([watched]), 'kong_upstream_target_health')
  assert.deepEqual(lines.slice(0, 4), [
    `kong_upstream_target_health{${labels},state="healthchecks_off",subsystem="http"} 0`,
    `kong_upstream_target_health{${labels},state="healthy",subsystem="http"} 0`,
    `kong_upstream_target_health{${labels},state="unhealthy",subsystem="http"} 1`,
    `kong_upstream_target_health{${labels},state="dns_error",subsystem="http"} 0`,
  ])
  assert.equal(
    lines.at(-1),
    'kong_upstream_target_health{upstream="pool",target="gone.test:9",address="",state="dns_error",subsystem="http"} 1',
  )
})

test('the number of series has an end, what is left out is counted, and costs nothing', () => {
  const names = Array.from({ length: 999 }, (_, i) => `10.0.${i >> 8}.${i & 255}:80`)
  const last = new WatchedUpstream(makeUpstream(), [makeEntity('10.1.0.0:80')], () => assert.fail('built'))
  const lines = upstreamMetrics([watch(names, {}), last])
  assert.equal(values(lines, 'kong_upstream_target_health').length, 4000)
  assert.deepEqual(values(lines, 'sluice_target_health_omitted'), ['sluice_target_health_omitted 1'])
})

test('circuits, what is in use and ejections are shown for upstreams that have them', () => {
  const watched = watch(['10.0.0.1:80'], { circuit_breaker: CIRCUIT, outlier_detection: OUTLIERS })
  watched.group.state?.takeRequest(5)
  watched.group.state?.countRefused(BY_REQUESTS)
  watched.group.targets[0]!.state.eject(1, 5)
  const lines = upstreamMetrics([watched, watch(['10.0.0.2:80'], {})])
  assert.deepEqual(values(lines, 'sluice_circuit_state'), ['sluice_circuit_state{upstream="pool"} 0'])
  assert.deepEqual(values(lines, 'sluice_circuit_opened_total'), [
    'sluice_circuit_opened_total{upstream="pool"} 0',
  ])
  assert.deepEqual(values(lines, 'sluice_upstream_in_use'), [
    'sluice_upstream_in_use{upstream="pool",resource="requests"} 1',
    'sluice_upstream_in_use{upstream="pool",resource="pending"} 0',
    'sluice_upstream_in_use{upstream="pool",resource="connections"} 0',
    'sluice_upstream_in_use{upstream="pool",resource="retries"} 0',
  ])
  assert.deepEqual(values(lines, 'sluice_upstream_refused_total'), [
    'sluice_upstream_refused_total{upstream="pool",reason="circuit"} 0',
    'sluice_upstream_refused_total{upstream="pool",reason="max_requests"} 1',
    'sluice_upstream_refused_total{upstream="pool",reason="max_pending_requests"} 0',
    'sluice_upstream_refused_total{upstream="pool",reason="max_retries"} 0',
  ])
  assert.deepEqual(values(lines, 'sluice_targets_ejected'), ['sluice_targets_ejected{upstream="pool"} 1'])
})

test('of the limits of an upstream those are shown that are set', () => {
  const circuit_breaker = {
    ...CIRCUIT,
    max_requests: 7,
    max_pending_requests: 0,
    max_connections: null,
    max_retries: null,
  }
  const lines = upstreamMetrics([watch(['10.0.0.1:80'], { circuit_breaker }), watch(['10.0.0.2:80'], {})])
  assert.deepEqual(values(lines, 'sluice_upstream_limit'), [
    'sluice_upstream_limit{upstream="pool",resource="requests"} 7',
    'sluice_upstream_limit{upstream="pool",resource="pending"} 0',
  ])
})
