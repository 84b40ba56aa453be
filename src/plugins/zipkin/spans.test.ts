/** Which spans Zipkin is sent of one exchange, and what they say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RECORD } from '../../../test/kit/sink-rig.ts'
import type { LoggedTrace, LoggedTry, LogRecord } from '../../contract/machine/log-sinks.ts'
import type { Span } from './span.ts'
import { makeSpans, type SpanSettings } from './spans.ts'
import { readTags } from './tags.ts'

const TRACE: LoggedTrace = {
  traceId: '463ac35c9f6413ad48485a3953bb6124',
  spanId: 'aaaaaaaaaaaaaaaa',
  tryId: 'bbbbbbbbbbbbbbbb',
  parentId: 'cccccccccccccccc',
  steps: [
    { name: 'router', startMs: 2, endMs: 2.25 },
    { name: 'access.plugin.key-auth', startMs: 3, endMs: 4 },
    { name: 'header_filter.plugin.cors', startMs: 15, endMs: 16 },
  ],
}
const WELL: LoggedTry = {
  ip: '10.1.1.1',
  port: 8080,
  host: 'orders.internal',
  startMs: 5,
  sentMs: 6,
  headMs: 14,
  endMs: 20,
  status: 200,
  fault: 'NONE',
}
const FAILED: LoggedTry = {
  ...WELL,
  ip: '::1',
  headMs: -1,
  sentMs: -1,
  endMs: 5,
  status: 0,
  fault: 'TARGET_REFUSED',
}
const TIMERS = { request: 1, wait: 0, connect: 1, response: 8, total: 20, gateway: 5, receive: 6 }
const AT = 1_800_000_000_000

test('one exchange is a span of the request, one of its proxying and one of each try', () => {
  const [request, proxy, attempt, ...rest] = spansOf({ method: 'POST', uri: '/orders?a=1', host: 'shop' })
  assert.deepEqual(rest, [])
  assert.deepEqual(request, {
    traceId: TRACE.traceId,
    id: TRACE.spanId,
    parentId: TRACE.parentId,
    kind: 'SERVER',
    name: 'POST',
    timestamp: AT * 1000,
    duration: 20_000,
    localEndpoint: { serviceName: 'kong' },
    remoteEndpoint: { ipv4: '10.0.0.1', port: 1000 },
    tags: {
      lc: 'kong',
      'http.method': 'POST',
      'http.host': 'shop',
      'http.path': '/orders',
      'http.protocol': 'HTTP/1.1',
      'http.status_code': '200',
      'kong.node.id': 'node-1',
    },
    annotations: marks({ krs: 1, krf: 2 }),
  })
  const places = {
    'kong.service': 's',
    'kong.service_name': 'orders',
    'kong.route': 'r',
    'kong.route_name': 'all',
  }
  assert.deepEqual(proxy, {
    traceId: TRACE.traceId,
    id: TRACE.tryId,
    parentId: TRACE.spanId,
    kind: 'CLIENT',
    name: 'POST (proxy)',
    timestamp: (AT + 2) * 1000,
    duration: 18_000,
    localEndpoint: { serviceName: 'kong' },
    remoteEndpoint: { serviceName: 'orders', ipv4: '10.1.1.1', port: 8080 },
    tags: { ...places, 'peer.hostname': 'orders.internal' },
    annotations: marks({ kas: 2, kaf: 5, khs: 14, khf: 16, kbs: 16, kbf: 20 }),
  })
  assert.equal(attempt?.name, 'POST (balancer try 1)')
  assert.equal(attempt.parentId, TRACE.spanId)
  assert.deepEqual([attempt.timestamp, attempt.duration], [(AT + 5) * 1000, 15_000])
  assert.deepEqual(attempt.tags, { 'kong.balancer.try': '1', ...places, 'peer.hostname': 'orders.internal' })
})

test('a failed try says so, the one that was answered does not, and all ids differ', () => {
  const spans = spansOf({ tries: [FAILED, { ...WELL, status: 503 }, WELL], triesCount: 3 })
  const tries = spans.slice(2)
  assert.deepEqual(
    tries.map(({ tags }) => [tags['error'], tags['kong.balancer.state'], tags['http.status_code']]),
    [
      ['true', 'failed', undefined],
      ['true', 'next', '503'],
      [undefined, undefined, undefined],
    ],
  )
  assert.deepEqual(tries[0]!.remoteEndpoint, { serviceName: 'orders', ipv6: '::1', port: 8080 })
  assert.equal(new Set(spans.map((span) => span.id)).size, 5)
  for (const { id } of spans) assert.match(id, /^[0-9a-f]{16}$/)
})

test('the last of many tries is numbered as it was', () => {
  const names = spansOf({ tries: [FAILED, WELL], triesCount: 12 }).map((span) => span.name)
  assert.deepEqual(names.slice(2), ['GET (balancer try 1)', 'GET (balancer try 12)'])
})

test('an exchange without a target has two spans, and one the gateway failed says why', () => {
  const spans = spansOf({ tries: [], triesCount: 0, proxied: false, status: 503, fault: 'TARGETS_UNHEALTHY' })
  assert.equal(spans.length, 2)
  assert.equal(spans[0]!.tags['error'], 'TARGETS_UNHEALTHY')
  assert.deepEqual(spans[1]!.annotations, marks({ kas: 2, kaf: 4, khs: 15, khf: 16, kbs: 16, kbf: 20 }))
})

test('times stay in order and above zero whatever the record has', () => {
  const nothing = { ...TIMERS, request: -1, total: 0, gateway: -1 }
  const spans = spansOf({ timers: nothing, tries: [FAILED], trace: { ...TRACE, parentId: '', steps: [] } })
  for (const span of spans) {
    assert.ok(Number.isInteger(span.timestamp) && span.duration >= 1)
    const times = span.annotations?.map((each) => each.timestamp) ?? []
    assert.deepEqual(times, times.toSorted())
  }
  assert.equal('parentId' in spans[0]!, false)
})

test('a trace of eight bytes has 16 digits', () => {
  const short = { ...TRACE, traceId: `${'0'.repeat(16)}48485a3953bb6124` }
  assert.equal(spansOf({ trace: short })[0]!.traceId, '48485a3953bb6124')
})

test('phases are told as tags where that is asked for', () => {
  const [request, proxy] = spansOf({}, { hasPhaseTags: true })
  assert.equal(request!.tags['kong.rewrite.duration_ms'], '1')
  assert.equal(proxy!.tags['kong.access.duration_ms'], '3')
  assert.equal(proxy!.tags['kong.header_filter.duration_ms'], '2')
  assert.equal(proxy!.tags['kong.body_filter.duration_ms'], '4')
  assert.equal(request!.annotations, undefined)
})

test('names, tags and the credential are as configured', () => {
  const settings = {
    localServiceName: 'edge',
    defaultServiceName: 'somebody',
    hasCredential: false,
    hasPathInName: true,
    staticTags: [['team', 'shop']] as const,
  }
  const own = {
    consumerId: 'c',
    credentialId: 'k',
    uri: '/a?b',
    requestHeaders: { 'zipkin-tags': 'color=red; lc=me' },
  }
  const [request, , attempt] = spansOf({ ...own, serviceId: '' }, settings)
  assert.equal(request!.name, 'GET /a')
  assert.equal(attempt!.name, 'GET /a (balancer try 1)')
  assert.equal(attempt!.remoteEndpoint?.serviceName, 'somebody')
  assert.equal(request!.localEndpoint.serviceName, 'edge')
  const { team, color, lc, 'kong.consumer': consumer, 'kong.credential': credential } = request!.tags
  assert.deepEqual([team, color, lc, consumer, credential], ['shop', 'red', 'kong', 'c', undefined])
  assert.equal(spansOf(own)[0]!.tags['kong.credential'], 'k')
})

test('an exchange that was not traced has no spans', () => {
  assert.deepEqual(spansOf({ trace: null }), [])
})

test('tags of a client are taken as they are written, but for the gateway’s own', () => {
  assert.deepEqual(readTags(' a = 1 ;b=x=y;; nothing; =none; c='), { a: '1', b: 'x=y', c: '' })
  assert.deepEqual(readTags(['a=1', 'b=2']), { a: '1', b: '2' })
  assert.deepEqual(readTags('error=true;kong.consumer=me;http.status_code=1;__proto__=x'), {})
  assert.equal(Object.keys(readTags(Array.from({ length: 99 }, (_, i) => `t${i}=1`).join(';'))).length, 32)
  assert.deepEqual(readTags(undefined), {})
})

// the rig

const SETTINGS: SpanSettings = {
  localServiceName: 'kong',
  defaultServiceName: '',
  hasCredential: true,
  hasPathInName: false,
  hasPhaseTags: false,
  tagsHeader: 'zipkin-tags',
  staticTags: [],
}

function spansOf(own: Partial<LogRecord>, settings: Partial<SpanSettings> = {}): Span[] {
  const base = {
    ...RECORD,
    timers: TIMERS,
    trace: TRACE,
    tries: [WELL],
    triesCount: 1,
    serviceId: 's',
    routeId: 'r',
  }
  return makeSpans(
    { ...base, ...own },
    { ...SETTINGS, ...settings },
    {
      nodeId: 'node-1',
      entity: (kind) => ({ name: kind === 'service' ? 'orders' : 'all' }),
    },
  )
}

function marks(times: Record<string, number>) {
  return Object.entries(times).map(([value, ms]) => ({ timestamp: (AT + ms) * 1000, value }))
}
