/** What prometheus counts, under which names and labels, and that it counts nothing unasked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { FakeBalancer, makeRoute, makeService } from '../../../test/kit/flow-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { faults } from '../../base/faults.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Consumer, Route } from '../../contract/plan.ts'
import type { Value } from '../../contract/schema.ts'
import type { Target } from '../../contract/target.ts'
import { makeSeriesBuffer } from '../../state/series/series-area.ts'
import { SeriesReader } from '../../state/series/series-reader.ts'
import { SeriesTable } from '../../state/series/series-table.ts'
import prometheus from './prometheus.ts'

const SERVICE = makeService(new FakeBalancer([]), { name: 'orders', host: 'orders.internal' })
const ROUTE = makeRoute(SERVICE, { name: 'list' })
const JO: Consumer = { id: 'c', username: 'jo', customId: null, tags: [], groups: [], overrides: null }
const LABELS = 'service="orders",route="list"'

function rig(config: object) {
  const { value, findings } = validate(prometheus.schema, config as Value)
  assert.deepEqual(findings, [])
  const buffer = makeSeriesBuffer(1, 256 * 1024)
  const metrics = new SeriesTable(buffer, 2, 1)
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  // as validated by the schema
  const handler = prometheus.build(value as never, makeHost({ metrics }), scope)
  const reader = new SeriesReader(buffer, 2)
  const log = (x: Exchange): void => handler.onLog!(x)
  return {
    log,
    lines: () =>
      reader
        .text()
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#')),
  }
}

/** Answered by the target, unless `more` says otherwise. */
function answered(route: Route | null, more: Partial<Exchange> = {}): Exchange {
  const x = exchangeOf('GET /a HTTP/1.1\nHost: a\n')
  Object.assign(x, { route, status: 200, proxied: true, startMs: 1000, endMs: 1100, ...more })
  return x
}

/** It went out 4 ms after it came, and the head of its answer was there 60 ms later. */
function timed(x: Exchange): Exchange {
  // No part of a target is looked at.
  x.tries.begin({} as Target, 1001)
  x.tries.failed(faults.TARGET_RESET, 0, 1002)
  x.tries.begin({} as Target, 1004)
  x.tries.answered(200, 1005, 1064)
  x.tries.ended(1100)
  return x
}

test('nothing is counted unasked', () => {
  const { log, lines } = rig({})
  log(timed(answered(ROUTE)))
  assert.deepEqual(lines(), [])
})

test('requests are counted by status, and by who answered', () => {
  const { log, lines } = rig({ status_code_metrics: true })
  for (const status of [200, 200, 404]) log(answered(ROUTE, { status }))
  log(answered(ROUTE, { status: 404, proxied: false }))
  const tail = 'workspace="default",consumer=""'
  assert.deepEqual(lines(), [
    `kong_http_requests_total{${LABELS},code="200",source="service",${tail}} 2`,
    `kong_http_requests_total{${LABELS},code="404",source="service",${tail}} 1`,
    `kong_http_requests_total{${LABELS},code="404",source="kong",${tail}} 1`,
  ])
})

test('requests without a route are not counted; a route without a service is', () => {
  const { log, lines } = rig({ status_code_metrics: true })
  log(answered(null, { status: 404, proxied: false }))
  assert.deepEqual(lines(), [])
  log(answered(makeRoute(null, { name: null, id: 'some-id' }), { status: 503, proxied: false }))
  assert.match(lines()[0]!, /^kong_http_requests_total\{service="",route="some-id",code="503"/)
})

test("a service without a name goes by its host, and a quote in a route's name breaks no line", () => {
  const { log, lines } = rig({ status_code_metrics: true })
  log(answered(makeRoute({ ...SERVICE, name: null }, { name: 'a "b"' })))
  assert.match(lines()[0]!, /service="orders\.internal",route="a \\"b\\"",code/)
})

test('consumers are told apart when asked for, and others are not theirs', () => {
  const { log, lines } = rig({ per_consumer: true, status_code_metrics: true, bandwidth_metrics: true })
  log(answered(ROUTE, { consumer: JO }))
  log(answered(ROUTE, { consumer: JO }))
  log(answered(ROUTE))
  const requests = lines().filter((line) => line.startsWith('kong_http_requests_total'))
  assert.deepEqual(
    requests.map((line) => /consumer="(\w*)"\} (\d+)/.exec(line)!.slice(1)),
    [
      ['jo', '2'],
      ['', '1'],
    ],
  )
  assert.ok(lines().some((line) => /^kong_bandwidth_bytes.*consumer="jo"/.test(line)))
  const apart = rig({ status_code_metrics: true })
  apart.log(answered(ROUTE, { consumer: JO }))
  assert.match(apart.lines()[0]!, /consumer=""\} 1$/)
})

test('bytes are those of heads and bodies', () => {
  const { log, lines } = rig({ bandwidth_metrics: true })
  const x = answered(ROUTE, { requestBytes: 100, responseHeadBytes: 250, responseBytes: 5000 })
  log(x)
  const tail = 'workspace="default",consumer=""'
  assert.deepEqual(lines(), [
    `kong_bandwidth_bytes{${LABELS},direction="ingress",${tail}} ${x.request.used + 100}`,
    `kong_bandwidth_bytes{${LABELS},direction="egress",${tail}} 5250`,
  ])
})

test('times are told in Kong’s buckets: until the first try, of the try that was answered, and of all', () => {
  const { log, lines } = rig({ latency_metrics: true })
  log(timed(answered(ROUTE)))
  const labels = `${LABELS},workspace="default"`
  const found = lines()
  const of = (name: string) => found.filter((line) => line.startsWith(name))
  assert.equal(of('kong_kong_latency_ms_bucket').length, 18)
  assert.equal(of('kong_upstream_latency_ms_bucket').length, 14)
  assert.equal(of('kong_request_latency_ms_bucket').length, 14)
  for (const line of [
    `kong_kong_latency_ms_bucket{${labels},le="1"} 1`,
    `kong_kong_latency_ms_sum{${labels}} 1`,
    `kong_upstream_latency_ms_bucket{${labels},le="50"} 0`,
    `kong_upstream_latency_ms_bucket{${labels},le="80"} 1`,
    `kong_upstream_latency_ms_sum{${labels}} 60`,
    `kong_request_latency_ms_bucket{${labels},le="80"} 0`,
    `kong_request_latency_ms_bucket{${labels},le="100"} 1`,
    `kong_request_latency_ms_count{${labels}} 1`,
  ])
    assert.ok(found.includes(line), line)
})

test('a request that no target was asked for was the gateway’s all the time, and no upstream’s', () => {
  const { log, lines } = rig({ latency_metrics: true })
  log(answered(ROUTE, { status: 401, proxied: false }))
  const labels = `${LABELS},workspace="default"`
  assert.ok(lines().includes(`kong_kong_latency_ms_sum{${labels}} 100`))
  assert.ok(lines().includes(`kong_upstream_latency_ms_count{${labels}} 0`))
})
