/** What Prometheus and Kong's tools read from the status listener. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults } from '../../base/faults.ts'
import { makeSharedBuffers, openShared, TRIAL_SIZES } from '../../boot/plane/shared-memory.ts'
import { Counters, FAULTS, HEAP_BYTES, makeCounterBuffer, REQUESTS, RESPONSES } from '../../state/counters.ts'
import { makeRouteBuffer } from '../../state/route-stats.ts'
import { makeSeriesBuffer } from '../../state/series/series-area.ts'
import { SeriesReader } from '../../state/series/series-reader.ts'
import { Traffic } from '../traffic/traffic.ts'
import { metricsText } from './metrics-text.ts'
import { EMPTY_HASH, notReady, type StatusView, statusBody } from './status-view.ts'

function view(more: Partial<StatusView> = {}): StatusView {
  const counters = makeCounterBuffer(2)
  new Counters(counters, 1).add(REQUESTS, 2)
  new Counters(counters, 2).add(REQUESTS, 3)
  new Counters(counters, 2).add(RESPONSES + 4, 1)
  new Counters(counters, 2).add(FAULTS + faults.TARGET_RESET.id, 1)
  new Counters(counters, 1).set(HEAP_BYTES, 3 * 1024 ** 2)
  const worker = { state: 'ready', epoch: 1, restarts: 0 }
  return {
    version: '1.2.3',
    engine: 'node',
    pid: 42,
    nodeId: 'node',
    counters,
    workers: [
      { id: 1, ...worker },
      { id: 2, ...worker },
    ],
    hash: 'abc',
    epoch: 1,
    reloads: { taken: 0, refused: 0 },
    draining: false,
    upstreams: [],
    logs: [],
    shared: openShared(makeSharedBuffers(TRIAL_SIZES), 0),
    traffic: new Traffic(makeRouteBuffer(2, 4), () => 0),
    series: new SeriesReader(makeSeriesBuffer(2, 16 * 1024), 3),
    ...more,
  }
}

test('metrics sum over workers, and each name has one HELP and one TYPE before its samples', () => {
  const text = metricsText(view())
  assert.match(text, /^sluice_requests_total 5$/m)
  assert.match(text, /^sluice_responses_total\{class="4xx"\} 1$/m)
  assert.match(text, /^sluice_faults_total\{code="TARGET_RESET",blame="upstream"\} 1$/m)
  assert.match(text, /^kong_nginx_requests_total\{node_id="node",subsystem="http"\} 5$/m)
  const described = new Set<string>()
  for (const line of text.trimEnd().split('\n')) {
    const name = /^# TYPE (\w+)/.exec(line)?.[1]
    if (name !== undefined) assert.ok(!described.has(name), name)
    if (name !== undefined) described.add(name)
    else if (!line.startsWith('#')) assert.ok(described.has(/^\w+/.exec(line)![0]), line)
  }
  assert.ok(text.endsWith('\n'))
})

test("the status has Kong's fields", () => {
  const body = JSON.parse(JSON.stringify(statusBody(view())))
  assert.equal(body.server.total_requests, 5)
  assert.equal(body.configuration_hash, 'abc')
  assert.deepEqual(body.memory.workers_lua_vms[0], { http_allocated_gc: '3.00 MiB', pid: 42, worker: 1 })
  assert.equal(body.sluice.workers[1].requests, 3)
})

test('readiness is lost when draining, without configuration and without any worker, not while one is replaced', () => {
  assert.equal(notReady(view()), '')
  assert.equal(notReady(view({ draining: true })), 'draining')
  assert.equal(
    notReady(view({ hash: EMPTY_HASH })),
    'no configuration available (empty configuration present)',
  )
  const dead = (id: number) => ({ id, state: 'dead', epoch: 1, restarts: 1 })
  assert.equal(notReady(view({ workers: [dead(1), { ...dead(2), state: 'ready' }] })), '')
  assert.equal(
    notReady(view({ workers: [dead(1), dead(2)] })),
    'router builds not yet complete, router ready in 0 of 2 workers',
  )
})
