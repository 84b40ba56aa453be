/** The exact head a client is sent, under every token of SLUICE_HEADERS. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClient, makeRoute, RESPONSE_SETTINGS, readExchange } from '../../../test/kit/flow-rig.ts'
import { Clock } from '../../base/clock.ts'
import { faults } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { addField, getField, listFields } from '../../http1/fields.ts'
import { statusLine } from './reasons.ts'
import { Response, type ResponseSettings } from './response.ts'

const WALL = Date.UTC(2026, 10, 22, 20, 15, 9, 500)
const DATE = 'Date: Sun, 22 Nov 2026 20:15:09 GMT\r\n'

interface Rig {
  readonly x: Exchange
  readonly response: Response
  readonly now: { ms: number }
  head(): string
}

function makeRig(more: Partial<ResponseSettings> = {}, request = 'GET / HTTP/1.1\nHost: a\n'): Rig {
  const now = { ms: 1000 }
  const clock = new Clock(
    () => now.ms,
    () => WALL + now.ms - 1000,
  )
  const client = new FakeClient()
  const x = readExchange(request, client)
  x.hostStart = x.request.spans[2]!
  x.hostEnd = x.request.spans[3]!
  x.startMs = 900
  const response = new Response({ ...RESPONSE_SETTINGS, ...more }, clock)
  const head = (): string => {
    clock.turnEnded()
    response.head(x)
    const text = client.out.bytes.latin1Slice(0, client.out.used)
    client.out.release()
    return text
  }
  return { x, response, now, head }
}

function proxied(rig: Rig, text: string): Rig {
  const bytes = Buffer.from(`${text}\n`.replaceAll('\n', '\r\n'), 'latin1')
  assert.equal(rig.x.response.feed(bytes, 0, bytes.length), bytes.length)
  rig.x.status = rig.x.response.status
  rig.x.proxied = true
  rig.x.connectedMs = 910.9
  rig.x.sentMs = 911
  rig.x.firstByteMs = 930.2
  return rig
}

const TARGET = 'HTTP/1.1 200 Fine\nA: b\n'
const ID = `X-Kong-Request-Id: ${'0'.repeat(32)}\r\n`

const tokens: readonly [what: string, settings: Partial<ResponseSettings>, proxied: string, own: string][] = [
  ['off', {}, '', ''],
  ['Server', { serverToken: true }, 'Server: sluice/test\r\n', 'Server: sluice/test\r\n'],
  ['Via', { viaToken: true }, 'Via: 1.1 sluice/test\r\n', ''],
  ['X-Kong-Upstream-Latency', { upstreamLatency: true }, 'X-Kong-Upstream-Latency: 19\r\n', ''],
  ['X-Kong-Proxy-Latency', { proxyLatency: true }, 'X-Kong-Proxy-Latency: 10\r\n', ''],
  ['X-Kong-Response-Latency', { responseLatency: true }, '', 'X-Kong-Response-Latency: 100\r\n'],
  ['X-Kong-Upstream-Status', { upstreamStatus: true }, 'X-Kong-Upstream-Status: 200\r\n', ''],
  ['X-Kong-Request-Id', { requestId: true }, ID, ID],
]
for (const [what, settings, asProxy, own] of tokens)
  test(`headers = ${what}`, () => {
    assert.equal(proxied(makeRig(settings), TARGET).head(), `HTTP/1.1 200 Fine\r\nA: b\r\n${DATE}${asProxy}`)
    const ours = makeRig(settings)
    ours.x.status = 404
    assert.equal(ours.head(), `HTTP/1.1 404 Not Found\r\n${DATE}${own}`)
  })

test('the target’s Date, Server and Via stay, and its hop-by-hop fields go', () => {
  const own =
    'Connection: close\nKeep-Alive: 5\nTransfer-Encoding: chunked\nUpgrade: x\nTE: x\nProxy-Connection: x\n'
  const rig = proxied(
    makeRig({ serverToken: true, viaToken: true }),
    `HTTP/1.1 200 OK\nDate: then\nServer: them\nVia: 1.1 them\n${own}Trailer: T\nSet-Cookie: a\nSet-Cookie: b\n`,
  )
  assert.equal(
    rig.head(),
    'HTTP/1.1 200 OK\r\nDate: then\r\nServer: them\r\nVia: 1.1 them\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nVia: 1.1 sluice/test\r\n',
  )
})

test('Trailer is for a client that takes trailers', () => {
  const rig = makeRig({}, 'GET / HTTP/1.1\nHost: a\nTE: trailers\n')
  assert.match(proxied(rig, 'HTTP/1.1 200 OK\nDate: d\nTrailer: T\n').head(), /\r\nTrailer: T\r\n/)
})

test('what a gateway behind this one tells of itself is replaced, and only where this one tells it', () => {
  const theirs =
    'X-Kong-Request-Id: t\nx-kong-proxy-latency: 9\nX-Kong-Upstream-Latency: 8\nX-Kongo: kept\nX-K: kept\n'
  const all = { requestId: true, proxyLatency: true, upstreamLatency: true, upstreamStatus: true }
  const told = proxied(makeRig(all), `HTTP/1.1 200 OK\nDate: d\n${theirs}`).head()
  assert.deepEqual(told.match(/x-kong[^:]*(?=:)/gi), [
    'X-Kongo',
    'X-Kong-Upstream-Latency',
    'X-Kong-Proxy-Latency',
    'X-Kong-Upstream-Status',
    'X-Kong-Request-Id',
  ])
  assert.match(proxied(makeRig(), `HTTP/1.1 200 OK\nDate: d\n${theirs}`).head(), /X-Kong-Request-Id: t\r\n/)
})

test('the reason is the target’s for its own status, and the known one after a plugin has changed it', () => {
  const rig = proxied(makeRig(), TARGET)
  rig.x.status = 503
  assert.match(rig.head(), /^HTTP\/1\.1 503 Service Unavailable\r\n/)
  assert.match(proxied(makeRig(), 'HTTP/1.1 200 \n').head(), /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(proxied(makeRig(), 'HTTP/1.0 200 Old\n').head(), /^HTTP\/1\.1 200 /)
  assert.equal(statusLine(299).toString(), 'HTTP/1.1 299 \r\n')
})

test('Date changes with the second', () => {
  const rig = makeRig()
  rig.x.status = 404
  const dates = [0, 499, 500, 1400, 1500].map((ms) => {
    rig.now.ms = 1000 + ms
    return /Date: .*:(\d\d) GMT/.exec(rig.head())![1]
  })
  assert.deepEqual(dates, ['09', '09', '10', '10', '11'])
})

test('an interim answer has the target’s fields and nothing else', () => {
  const rig = makeRig({ requestId: true, serverToken: true })
  proxied(rig, 'HTTP/1.1 103 Early\nLink: </a>\nConnection: x\nContent-Length: 3\n')
  addField(rig.x.response, 'Later', 'a plugin’s'.replace('’', ''))
  rig.response.info(rig.x)
  const out = rig.x.client!.out
  assert.equal(out.bytes.latin1Slice(0, out.used), 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n')
})

test('a fault fills in status, type and body, keeps what plugins added, and forgets the target’s answer', () => {
  const rig = proxied(makeRig(), TARGET)
  addField(rig.x.response, 'Added', '1')
  rig.response.render(rig.x, faults.TARGET_READ_TIMEOUT)
  const { x } = rig
  assert.deepEqual(
    [x.status, x.proxied, x.fault, x.keepAlive],
    [504, false, faults.TARGET_READ_TIMEOUT, true],
  )
  assert.deepEqual(listFields(x.response), [
    ['Added', '1'],
    ['Content-Type', 'text/plain; charset=utf-8'],
  ])
  assert.equal(
    Buffer.from(x.answerBody).toString(),
    `The upstream server is timing out\nrequest_id: ${'0'.repeat(32)}\n`,
  )
  rig.response.render(x, faults.REQUEST_MALFORMED)
  assert.equal(x.keepAlive, false)
})

test('an https route asks for an upgrade, or redirects to the same place', () => {
  const asked = (status: number, forwarded: boolean): Exchange => {
    const { x, response } = makeRig({}, 'GET /a?b HTTP/1.1\nHost: shop.test\nX-Forwarded-Host: front.test\n')
    x.clientTrusted = forwarded
    x.route = makeRoute(null, { httpsRedirectStatus: status })
    response.render(x, faults.HTTPS_REQUIRED)
    return x
  }
  const upgrade = asked(426, false)
  assert.deepEqual([upgrade.status, getField(upgrade.response, 'upgrade')], [426, 'TLS/1.2, HTTP/1.1'])
  assert.equal(getField(upgrade.response, 'connection'), 'Upgrade')
  assert.match(Buffer.from(upgrade.answerBody).toString(), /Please use HTTPS protocol/)
  for (const status of [301, 302, 307, 308]) {
    const x = asked(status, false)
    assert.deepEqual([x.status, x.answerBody.length], [status, 0])
    assert.deepEqual(listFields(x.response), [['Location', 'https://shop.test/a?b']])
  }
  assert.equal(getField(asked(301, true).response, 'location'), 'https://front.test/a?b')
})

test('a gRPC error is in fields', () => {
  const { x, response } = makeRig(
    {},
    'POST / HTTP/1.1\nHost: a\nContent-Type: application/grpc\nAccept: text/html\n',
  )
  response.render(x, faults.ROUTE_NOT_FOUND)
  assert.deepEqual([x.status, x.answerBody.length, getField(x.response, 'grpc-status')], [404, 0, '5'])
  assert.equal(getField(x.response, 'grpc-message'), 'no Route matched with those values')
  const upgrade = makeRig({}, 'POST / HTTP/1.1\nHost: a\nContent-Type: application/grpc\n')
  upgrade.response.render(upgrade.x, faults.HTTP2_REQUIRED)
  assert.deepEqual(
    ['connection', 'upgrade'].map((name) => getField(upgrade.x.response, name)),
    ['Upgrade', 'HTTP/2'],
  )
})
