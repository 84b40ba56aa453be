/** What goes into a record comes out of it, and bytes that are none do no harm. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  finishedExchange,
  makeRecordContext,
  RECORD_WALL_MS,
  recordOf,
  withTrace,
} from '../../test/kit/record-rig.ts'
import { faultList, faults } from '../base/faults.ts'
import { Outbox } from '../base/outbox.ts'
import type { Exchange } from '../contract/exchange.ts'
import { AddedField } from '../http1/added-field.ts'
import { addField, removeField } from '../http1/fields.ts'
import { RecordError } from './bytes/record-layout.ts'
import { putRecord } from './put-record.ts'
import { readRecord } from './read-record.ts'

test('a record has all that is known of an exchange', () => {
  const x = withTrace(finishedExchange())
  x.detail = 'the second “try”'
  x.correlation = new AddedField('X-Id', 'c-1', null, -1)
  const record = recordOf(x, ['tenant', 'a–b', 'service', null])
  assert.equal(record.requestId, '0123456789abcdef0123456789abcdef')
  assert.equal(record.startedAt, RECORD_WALL_MS - 1000)
  assert.deepEqual([record.clientIp, record.clientPort], ['192.0.2.1', 4000])
  assert.deepEqual([record.scheme, record.host, record.port], ['http', 'orders.example.com', 8000])
  assert.deepEqual([record.method, record.uri], ['GET', '/v1/orders/8f14e45f?expand=lines&limit=50'])
  assert.equal(record.upstreamUri, record.uri)
  assert.deepEqual([record.httpVersion, record.status, record.proxied], ['1.1', 200, true])
  assert.equal(record.requestSize, x.request.used + 500)
  assert.equal(record.requestHeaders['accept-language'], 'en-GB,en;q=0.9')
  assert.equal(record.responseHeaders['vary'], 'Accept-Encoding')
  assert.deepEqual([record.routeId, record.serviceId], [x.route!.id, x.route!.service!.id])
  assert.deepEqual([record.consumerId, record.credentialId], [x.consumer!.id, x.credentialId])
  assert.deepEqual(record.tries, [
    {
      ip: '10.0.0.1',
      port: 8080,
      host: 'orders.internal',
      startMs: 1,
      sentMs: -1,
      headMs: -1,
      endMs: 2,
      status: 0,
      fault: 'TARGET_CONNECT',
    },
    {
      ip: '10.0.0.2',
      port: 8081,
      host: 'orders.internal',
      startMs: 2,
      sentMs: 3,
      headMs: 13.25,
      endMs: 15,
      status: 200,
      fault: 'NONE',
    },
  ])
  assert.deepEqual(record.timers, {
    request: 0.5,
    wait: 0,
    connect: 2,
    response: 10.25,
    total: 15,
    gateway: 1,
    receive: 1.75,
  })
  assert.deepEqual([record.fault, record.blame], ['NONE', 'gateway'])
  assert.deepEqual([record.detail, record.correlationId], ['the second “try”', 'c-1'])
  assert.deepEqual(record.extras, ['tenant', 'a–b', 'service', null])
  assert.deepEqual(record.trace, {
    traceId: '01'.repeat(16),
    spanId: '02'.repeat(8),
    tryId: '03'.repeat(8),
    parentId: '04'.repeat(8),
    steps: [{ name: 'router', startMs: 1, endMs: 2 }],
  })
})

test('the answer’s fields are the client’s: the target’s without its connection’s, and the gateway’s own', () => {
  const record = recordOf(finishedExchange())
  assert.deepEqual(Object.keys(record.responseHeaders), [
    'content-type',
    'cache-control',
    'etag',
    'vary',
    'date',
    'server',
    'via',
    'x-kong-upstream-latency',
    'x-kong-proxy-latency',
    'x-kong-request-id',
    'content-length',
    'connection',
  ])
  assert.equal(record.responseHeaders['x-kong-upstream-latency'], '10')
})

test('what gives access by itself is redacted before it leaves the worker, wherever it comes from', () => {
  const x = finishedExchange(
    'GET / HTTP/1.1\nHost: a\nAUTHORIZATION: Basic s3cret\nProxy-Authorization: Bearer s3cret\nX-A: 1\n',
  )
  addField(x.request, 'Authorization', 'Basic s3cret-too')
  const out = new Outbox()
  putRecord(out, x, makeRecordContext())
  assert.equal(out.bytes.latin1Slice(0, out.used).includes('s3cret'), false)
  const { requestHeaders } = readRecord(out.bytes, 0, out.used)
  assert.deepEqual(requestHeaders['authorization'], ['REDACTED', 'REDACTED'])
  assert.deepEqual([requestHeaders['proxy-authorization'], requestHeaders['x-a']], ['REDACTED', '1'])
})

test('fields are as plugins left them', () => {
  const x = finishedExchange('GET / HTTP/1.1\nHost: a\napikey: k\nX-A: 1\nX-A: 2\nX-B:\n')
  removeField(x.request, 'apikey')
  addField(x.request, 'X-Consumer-ID', 'jo')
  const { requestHeaders } = recordOf(x)
  assert.deepEqual({ ...requestHeaders }, { host: 'a', 'x-a': ['1', '2'], 'x-b': '', 'x-consumer-id': 'jo' })
})

test('a client that has gone before anything was sent got no fields', () => {
  const x = finishedExchange()
  x.status = 499
  x.fault = faults.CLIENT_GONE
  x.proxied = false
  x.responseBytes = 0
  const record = recordOf(x)
  assert.deepEqual({ ...record.responseHeaders }, {})
  assert.equal(record.responseSize, 0)
})

test('a head that could not be read makes a record all the same', () => {
  for (const bytes of [
    '',
    'GET',
    'GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic s3',
    'GET / HTTP/1.1\r\nHost: a\r\nb\r\n',
  ]) {
    const x = finishedExchange()
    x.reset()
    x.request.feed(Buffer.from(bytes), 0, bytes.length)
    x.fault = faults.REQUEST_MALFORMED
    x.status = 400
    const record = recordOf(x)
    assert.equal(record.fault, 'REQUEST_MALFORMED')
    assert.equal(JSON.stringify(record).includes('s3'), false)
  }
})

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/)
const fieldValue = fc.stringMatching(/^([!-~\x80-\xff]([ !-~\x80-\xff]{0,60}[!-~\x80-\xff])?)?$/)
const fields = fc.array(fc.tuple(token, fieldValue), { maxLength: 20 })

function build(sent: [string, string][], added: [string, string][], answered: [string, string][]): Exchange {
  const text = (pairs: [string, string][], end: string) =>
    pairs.map(([name, value]) => `x-${name}: ${value}${end}`).join('')
  const x = finishedExchange(
    `GET /a HTTP/1.1\nHost: a\n${text(sent, '\n')}`,
    `HTTP/1.1 200 OK\r\n${text(answered, '\r\n')}\r\n`,
  )
  for (const [name, value] of added) addField(x.request, `y-${name}`, value)
  return x
}

function gathered(pairs: [string, string][], prefix: string): Record<string, string | string[]> {
  const byName = new Map<string, string[]>()
  for (const [name, value] of pairs) {
    const lower = prefix + name.toLowerCase()
    const decoded = Buffer.from(value, 'latin1').toString()
    byName.set(lower, [...(byName.get(lower) ?? []), decoded])
  }
  return Object.fromEntries([...byName].map(([name, list]) => [name, list.length > 1 ? list : list[0]!]))
}

function only(all: object, prefix: string): object {
  return Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith(prefix)))
}

test('any exchange that goes in comes out', () => {
  const text = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(
      fields,
      fields,
      fields,
      fc.array(fc.option(text), { maxLength: 10 }),
      text,
      fc.nat(faultList.length - 1),
      fc.nat(40),
      (sent, added, answered, extras, detail, faultId, tries) => {
        const x = build(sent, added, answered)
        x.detail = detail
        x.fault = faultList[faultId]!
        for (let i = 0; i < tries; i++) x.tries.begin(x.tries.targets[0]!, 5000)
        const record = recordOf(x, extras)
        assert.deepEqual(only(record.requestHeaders, 'x-'), gathered(sent, 'x-'))
        assert.deepEqual(only(record.requestHeaders, 'y-'), gathered(added, 'y-'))
        assert.deepEqual(only(record.responseHeaders, 'x-a'), only(gathered(answered, 'x-'), 'x-a'))
        assert.deepEqual(record.extras, extras)
        assert.equal(record.detail, detail)
        assert.deepEqual([record.fault, record.triesCount], [x.fault.code, 2 + tries])
      },
    ),
    { numRuns: 300 },
  )
})

/** Answers, or throws the one error there is. */
function readsOrRefuses(bytes: Buffer): void {
  try {
    readRecord(bytes, 0, bytes.length)
  } catch (error) {
    assert.ok(error instanceof RecordError, String(error))
  }
}

test('arbitrary bytes are no record, and do no harm', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      readsOrRefuses(Buffer.from(bytes))
      if (bytes.length > 0) bytes[0] = 0x4c
      readsOrRefuses(Buffer.from(bytes))
    }),
    { numRuns: 1000 },
  )
})

test('a record in which bytes have changed, or that ends early, is read or refused', () => {
  const out = new Outbox()
  putRecord(out, withTrace(finishedExchange()), makeRecordContext(['a', null]))
  const whole = Buffer.from(out.bytes.subarray(0, out.used))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
      fc.nat(whole.length),
      (changes, end) => {
        const bytes = Buffer.from(whole)
        for (const [at, byte] of changes) bytes[at] = byte
        readsOrRefuses(bytes)
        readsOrRefuses(bytes.subarray(0, end))
      },
    ),
    { numRuns: 1000 },
  )
  assert.throws(() => readRecord(whole, 5, 3), RecordError)
  assert.throws(() => readRecord(whole, 0, whole.length + 1), RecordError)
})
