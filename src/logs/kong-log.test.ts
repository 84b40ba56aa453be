/** Kong's line, field by field, and that one record is one line whatever a client sends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { finishedExchange, RECORD_WALL_MS, recordOf, withTrace } from '../../test/kit/record-rig.ts'
import { faults } from '../base/faults.ts'
import type { Exchange } from '../contract/exchange.ts'
import type { LogRecord } from '../contract/machine/log-sinks.ts'
import { AddedField } from '../http1/added-field.ts'
import { kongLog } from './kong-log.ts'
import { queryJson } from './query-json.ts'

const ENTITIES = {
  route: { id: 'r', name: 'orders', paths: ['/v1'] },
  service: { id: 's', name: 'orders' },
  consumer: { id: 'c', username: 'jo' },
}
const entity = (kind: keyof typeof ENTITIES) => ENTITIES[kind]

/** Looked into by hand. */
type Line = ReturnType<typeof JSON.parse>

function lineOf(x: Exchange, extras: (string | null)[] | null = null): Line {
  return parse(kongLog(recordOf(x, extras), entity))
}

/** One line, whoever reads it. */
function parse(text: string): Line {
  assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
  assert.equal(Buffer.from(text).toString(), text, 'it is UTF-8')
  return JSON.parse(text)
}

test('a request that was answered at the second try', () => {
  const x = finishedExchange()
  const line = lineOf(x)
  assert.deepEqual(
    { ...line, request: { ...line.request, headers: {} }, response: { ...line.response, headers: {} } },
    {
      request: {
        id: '0123456789abcdef0123456789abcdef',
        uri: '/v1/orders/8f14e45f?expand=lines&limit=50',
        url: 'http://orders.example.com:8000/v1/orders/8f14e45f?expand=lines&limit=50',
        querystring: { expand: 'lines', limit: '50' },
        method: 'GET',
        headers: {},
        size: x.request.used + 500,
      },
      upstream_uri: '/v1/orders/8f14e45f?expand=lines&limit=50',
      upstream_status: '502, 200',
      response: { status: 200, headers: {}, size: line.response.size },
      latencies: { kong: 1, proxy: 12, request: 15, receive: 1 },
      tries: [
        {
          ip: '10.0.0.1',
          port: 8080,
          balancer_start: RECORD_WALL_MS - 999,
          balancer_start_ns: (RECORD_WALL_MS - 999) * 1e6,
          balancer_latency: 0,
          balancer_latency_ns: 0,
          state: 'failed',
          code: 502,
        },
        {
          ip: '10.0.0.2',
          port: 8081,
          balancer_start: RECORD_WALL_MS - 998,
          balancer_start_ns: (RECORD_WALL_MS - 998) * 1e6,
          balancer_latency: 0,
          balancer_latency_ns: 0,
        },
      ],
      authenticated_entity: { id: x.credentialId, consumer_id: x.consumer?.id },
      route: ENTITIES.route,
      service: ENTITIES.service,
      consumer: ENTITIES.consumer,
      client_ip: '192.0.2.1',
      started_at: RECORD_WALL_MS - 1000,
      source: 'upstream',
      workspace: '0dc6f45b-8f8d-40d2-a504-473544ee190b',
      workspace_name: 'default',
      sluice: {
        fault: 'NONE',
        blame: 'gateway',
        timers: { request: 0.5, wait: 0, connect: 2, response: 10.25, total: 15, gateway: 1, receive: 1.75 },
        tries: 2,
      },
    },
  )
  assert.equal(line.request.headers.authorization, 'REDACTED')
  assert.equal(line.response.headers.etag, '"8f14e45fceea167a5a36dedd4bea2543"')
  assert.ok(line.response.size > 1100)
})

test('a request that no route took', () => {
  const x = finishedExchange('GET /nowhere HTTP/1.1\nHost: a\n')
  x.tries.reset()
  x.route = null
  x.consumer = null
  x.credentialId = ''
  x.proxied = false
  x.fault = faults.ROUTE_NOT_FOUND
  x.status = 404
  const line = lineOf(x)
  for (const absent of ['tries', 'route', 'service', 'consumer', 'authenticated_entity', 'tls', 'trace_id'])
    assert.equal(absent in line, false, absent)
  assert.deepEqual([line.upstream_uri, line.upstream_status, line.source], ['', '', 'kong'])
  assert.deepEqual(line.latencies, { kong: 15, proxy: -1, request: 15, receive: 0 })
  assert.deepEqual([line.sluice.fault, line.sluice.blame], ['ROUTE_NOT_FOUND', 'client'])
})

test('TLS, an id that goes along and a trace are told where they are', () => {
  const x = withTrace(finishedExchange())
  Object.assign(x.client ?? {}, {
    scheme: 'https',
    tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', certificates: [] },
  })
  x.correlation = new AddedField('X-Id', 'c-1', null, -1)
  const line = lineOf(x)
  assert.deepEqual(line.request.tls, {
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    client_verify: 'NONE',
  })
  assert.deepEqual([line.correlation_id, line.trace_id], ['c-1', { w3c: '01'.repeat(16) }])
})

test('an entity that is in no configuration any more keeps its id', () => {
  const line = parse(kongLog(recordOf(finishedExchange()), () => null))
  assert.deepEqual(line.service, { id: '2d2f2b9e-8a7f-4d8c-9b1a-000000000002' })
})

test('a record that somebody made by hand is written as well', () => {
  const read = recordOf(finishedExchange())
  const made: LogRecord = {
    ...read,
    requestHeaders: { ...read.requestHeaders },
    responseHeaders: { ...read.responseHeaders },
  }
  assert.deepEqual(parse(kongLog(made, entity)), parse(kongLog(read, entity)))
})

for (const [uri, expected] of [
  ['/', {}],
  ['/?', {}],
  ['/?a', { a: true }],
  ['/?a=', { a: '' }],
  ['/?a=1&b=2&a=3', { a: ['1', '3'], b: '2' }],
  ['/?a=1&a', { a: ['1', true] }],
  ['/?=1&&a=b=c', { a: 'b=c' }],
  ['/?a+b=c%20d%2', { 'a b': 'c d%2' }],
  ['/?%C3%A9=%ff', { é: '\ufffd' }],
  ['/?__proto__=1', JSON.parse('{"__proto__":"1"}')],
] as const)
  test(`the query of ${uri} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(JSON.parse(queryJson(uri)), expected)
  })

test('no more than 100 arguments are taken', () => {
  const uri = `/?${Array.from({ length: 150 }, (_, i) => `a${i}=1`).join('&')}`
  assert.equal(Object.keys(JSON.parse(queryJson(uri))).length, 100)
})

test('custom fields: plain ones, objects in objects, dots, and fields of Kong that go', () => {
  const line = (...extras: (string | null)[]) => lineOf(finishedExchange(), extras)
  assert.equal(line('tenant', 'a "b"').tenant, 'a "b"')
  assert.deepEqual(line('a.b', '1', 'a.c', '2').a, { b: '1', c: '2' })
  assert.equal(line('a\\.b', '1')['a.b'], '1')
  assert.equal('service' in line('service', null), false)
  assert.equal('authorization' in line('request.headers.authorization', null).request.headers, false)
  assert.equal(line('request.headers.x-new', '1').request.headers['x-new'], '1')
  assert.equal(line('client_ip', 'hidden').client_ip, 'hidden')
  assert.equal(line('client_ip.x', 'hidden').client_ip, '192.0.2.1')
  assert.deepEqual([line('a', '1', 'a', '2').a, line('a..b', '1')['a..b']], ['2', '1'])
  assert.equal(line('x', '1', 'x.y', null).x, '1')
  assert.equal(line('a', '1', 'y.z', null).y, undefined)
})

test('no name of a custom field reaches what all objects have in common', () => {
  const line = lineOf(finishedExchange(), [
    '__proto__.polluted',
    'yes',
    'constructor.prototype.polluted',
    'yes',
  ])
  assert.equal(Object.hasOwn(line, '__proto__'), true)
  assert.equal(({} as Line).polluted, undefined)
})

test('one record is one line of valid JSON, whatever stands in fields, path and custom fields', () => {
  const bytes = fc.stringMatching(/^[!-~\x80-\xff][\t -~\x80-\xff]{0,80}[!-~\x80-\xff]$/)
  const text = fc.string({ unit: 'binary' })
  const uri = fc.stringMatching(/^[!-"$-~]{0,60}$/)
  fc.assert(
    fc.property(bytes, bytes, uri, text, text, (sent, answered, path, name, value) => {
      const x = finishedExchange(
        `GET /${path} HTTP/1.1\nHost: a\nX-A: ${sent}\nX-A: ${answered}\n`,
        `HTTP/1.1 200 OK\r\nX-A: ${answered}\r\n\r\n`,
      )
      x.detail = value
      const line = lineOf(x, [`.${name}`, value, 'a\u2028', value])
      const field = Buffer.from(sent, 'latin1').toString()
      assert.equal(line.request.headers['x-a'][0], field)
      assert.equal(line.request.uri, `/${path}`)
    }),
    { numRuns: 300 },
  )
})
