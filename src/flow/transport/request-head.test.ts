/** The exact bytes a target is sent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FakeBalancer,
  FakeClient,
  makeRoute,
  makeService,
  makeTarget,
  readExchange,
} from '../../../test/kit/flow-rig.ts'
import { CidrSet } from '../../base/cidr.ts'
import { faults } from '../../base/faults.ts'
import { Outbox } from '../../base/outbox.ts'
import { type Exchange, UPGRADE_ASKED } from '../../contract/exchange.ts'
import type { Route } from '../../contract/plan.ts'
import { persists } from '../../http1/framing.ts'
import { Admission } from '../listener/admit.ts'
import { RequestHead } from './request-head.ts'

interface Asked {
  readonly client?: Partial<FakeClient>
  readonly trusted?: readonly string[]
  readonly realIpHeader?: string
  readonly route?: Partial<Route>
  readonly requestId?: boolean
  readonly portMaps?: ReadonlyMap<number, number>
  readonly change?: (x: Exchange) => void
}

/** The head with LF for CRLF. */
function head(text: string, asked: Asked = {}): string {
  return headOn(Object.assign(new FakeClient(), asked.client), text, asked)
}

function headOn(client: FakeClient, text: string, asked: Asked = {}): string {
  const x = readExchange(text, client)
  persists(x.request) // as engines do: it takes out what Connection names
  const realIpHeader = asked.realIpHeader ?? 'x-forwarded-for'
  const trusted = new CidrSet(asked.trusted ?? [])
  assert.equal(new Admission({ trusted, realIpHeader, realIpRecursive: false }).admit(x), faults.NONE)
  x.route = makeRoute(makeService(new FakeBalancer([])), asked.route)
  asked.change?.(x)
  const settings = { product: 'sluice/1', requestIdUpstream: asked.requestId === true }
  const out = new Outbox()
  new RequestHead({ ...settings, portMaps: asked.portMaps ?? new Map() }).write(out, x, makeTarget())
  const sent = out.bytes.latin1Slice(0, out.used)
  assert.match(sent, /\r\n\r\n$/)
  assert.equal(sent.replaceAll('\r\n', '').includes('\n'), false)
  return sent.replaceAll('\r\n', '\n')
}

function fieldsOf(text: string, asked: Asked = {}): Map<string, string> {
  const lines = head(text, asked).trimEnd().split('\n').slice(1)
  const map = new Map<string, string>()
  for (const line of lines) {
    const [name = '', value = ''] = line.split(/: (.*)/s)
    assert.equal(map.has(name.toLowerCase()), false, `${name} comes once`)
    map.set(name.toLowerCase(), value)
  }
  return map
}

test('a plugin’s method takes the place of the client’s', () => {
  const change = (x: Exchange): void => {
    x.upstreamMethod = 'PATCH'
  }
  assert.match(head('GET /a HTTP/1.1\nHost: a\n', { change }), /^PATCH \/a HTTP\/1\.1\n/)
})

test('Via names the version that the client speaks', () => {
  const via = (text: string, isHttp2: boolean): string | undefined =>
    fieldsOf(text, { client: { isHttp2 } }).get('via')
  assert.equal(via('GET / HTTP/1.1\nHost: a\n', true), '2 sluice/1')
  assert.equal(via('GET / HTTP/1.1\nHost: a\n', false), '1.1 sluice/1')
  assert.equal(via('GET / HTTP/1.0\nHost: a\n', false), '1.0 sluice/1')
})

test('a plain request, byte for byte', () => {
  assert.equal(
    head('GET /a?b HTTP/1.1\nHost: Shop.test:81\nUser-Agent: x\nAccept: */*\n', { requestId: true }),
    'GET /a?b HTTP/1.1\nHost: a\nUser-Agent: x\nAccept: */*\nX-Real-IP: 192.0.2.7\nX-Forwarded-For: 192.0.2.7\n' +
      'X-Forwarded-Proto: http\nX-Forwarded-Host: Shop.test\nX-Forwarded-Port: 81\nX-Forwarded-Path: /a\n' +
      'X-Kong-Request-Id: 00000000000000000000000000000000\nVia: 1.1 sluice/1\nConnection: keep-alive\n\n',
  )
})

test('the port is the listener’s when Host names none, as the port map shows it', () => {
  assert.equal(fieldsOf('GET / HTTP/1.1\nHost: b\n').get('x-forwarded-port'), '8000')
  const portMaps = new Map([[8000, 80]])
  assert.equal(fieldsOf('GET / HTTP/1.1\nHost: b\n', { portMaps }).get('x-forwarded-port'), '80')
  assert.equal(fieldsOf('GET / HTTP/1.1\nHost: b:8000\n', { portMaps }).get('x-forwarded-port'), '8000')
})

test('a connection whose requests name different hosts is told apart each time', () => {
  const client = new FakeClient()
  const hosts = ['b', 'c', 'b:81', 'b', 'bb'].map((host) => {
    const sent = headOn(client, `GET / HTTP/1.1\nHost: ${host}\n`)
    return /X-Forwarded-Host: (.*)\nX-Forwarded-Port: (.*)\n/.exec(sent)!.slice(1).join(':')
  })
  assert.deepEqual(hosts, ['b:8000', 'c:8000', 'b:81', 'b:8000', 'bb:8000'])
})

const FORGED =
  'X-Forwarded-For: 6.6.6.6\nX-Forwarded-Proto: https\nX-Forwarded-Host: f\nX-Forwarded-Port: 9\nX-Forwarded-Path: /f\n' +
  'X-Forwarded-Prefix: /g\nX-Real-IP: 5.5.5.5\nX-Kong-Request-Id: 12\n'

test('what a stranger says of itself is replaced, but its X-Forwarded-For is kept in front', () => {
  const fields = fieldsOf(`GET /p HTTP/1.1\nHost: b\n${FORGED}`, { requestId: true })
  assert.equal(fields.get('x-forwarded-for'), '6.6.6.6, 192.0.2.7')
  assert.equal(fields.get('x-real-ip'), '192.0.2.7')
  assert.equal(fields.get('x-forwarded-proto'), 'http')
  assert.equal(fields.get('x-forwarded-host'), 'b')
  assert.equal(fields.get('x-forwarded-port'), '8000')
  assert.equal(fields.get('x-forwarded-path'), '/p')
  assert.equal(fields.get('x-forwarded-prefix'), undefined)
  assert.equal(fields.get('x-kong-request-id'), '0'.repeat(32))
})

test('what a trusted proxy says is kept, and only the rest is added', () => {
  const trusted = ['192.0.2.0/24']
  const fields = fieldsOf(`GET /p HTTP/1.1\nHost: b\n${FORGED}`, { trusted })
  assert.equal(fields.get('x-forwarded-for'), '6.6.6.6, 192.0.2.7')
  assert.equal(fields.get('x-real-ip'), '6.6.6.6')
  assert.deepEqual(
    ['proto', 'host', 'port', 'path', 'prefix'].map((name) => fields.get(`x-forwarded-${name}`)),
    ['https', 'f', '9', '/f', '/g'],
  )
  const some = fieldsOf('GET /p HTTP/1.1\nHost: b\nX-Forwarded-Host: f\n', { trusted })
  assert.deepEqual(
    ['for', 'proto', 'host', 'port', 'path'].map((name) => some.get(`x-forwarded-${name}`)),
    ['192.0.2.7', 'http', 'f', '8000', '/p'],
  )
})

test('a client that only X-Real-IP names begins X-Forwarded-For', () => {
  const fields = fieldsOf('GET / HTTP/1.1\nHost: b\nX-Real-IP: 5.5.5.5\n', {
    trusted: ['192.0.2.7'],
    realIpHeader: 'x-real-ip',
  })
  assert.deepEqual([fields.get('x-forwarded-for'), fields.get('x-real-ip')], ['5.5.5.5', '5.5.5.5'])
})

test('several X-Forwarded-For become one', () => {
  const fields = fieldsOf('GET / HTTP/1.1\nHost: b\nX-Forwarded-For: 1.1.1.1\nX-Forwarded-For: 2.2.2.2\n')
  assert.equal(fields.get('x-forwarded-for'), '1.1.1.1, 2.2.2.2, 192.0.2.7')
})

test('fields that belong to the client’s connection stay behind, and those that Connection names', () => {
  const own =
    'Connection: close, X-Mine\nX-Mine: 1\nKeep-Alive: 5\nProxy-Connection: k\nProxy: p\nUpgrade: h2c\nHTTP2-Settings: a\n' +
    'TE: gzip\nExpect: 100-continue\nTrailer: A\n'
  const fields = fieldsOf(`GET / HTTP/1.1\nHost: b\n${own}Proxy-Authorization: kept\nunder_score: kept\n`)
  for (const name of [
    'x-mine',
    'keep-alive',
    'proxy-connection',
    'proxy',
    'upgrade',
    'http2-settings',
    'te',
    'expect',
    'trailer',
  ])
    assert.equal(fields.has(name), false, name)
  assert.equal(fields.get('connection'), 'keep-alive')
  assert.deepEqual([fields.get('proxy-authorization'), fields.get('under_score')], ['kept', 'kept'])
})

test('trailers are offered and announced where the client does so', () => {
  const text = 'POST / HTTP/1.1\nHost: b\nTE: gzip, trailers\nTrailer: A, B\nTransfer-Encoding: chunked\n'
  const fields = fieldsOf(text)
  assert.deepEqual([fields.get('te'), fields.get('trailer')], ['trailers', 'A, B'])
})

const framings: readonly [what: string, text: string, end: string, change?: (x: Exchange) => void][] = [
  ['none', 'GET / HTTP/1.1\nHost: b\n', 'keep-alive\n\n'],
  ['an empty body that was named', 'POST / HTTP/1.1\nHost: b\nContent-Length: 0\n', 'Content-Length: 0\n\n'],
  ['a length', 'POST / HTTP/1.1\nHost: b\nContent-Length: 0012\n', 'Content-Length: 12\n\n'],
  ['chunks', 'POST / HTTP/1.1\nHost: b\nTransfer-Encoding: Chunked\n', 'Transfer-Encoding: chunked\n\n'],
  [
    'a gathered body',
    'POST / HTTP/1.1\nHost: b\nTransfer-Encoding: chunked\n',
    'Content-Length: 3\n\n',
    (x) => {
      x.requestBody = Buffer.from('abc')
    },
  ],
]
for (const [what, text, end, change] of framings)
  test(`the body is framed anew: ${what}`, () => {
    const sent = head(text, change === undefined ? {} : { change })
    assert.ok(sent.endsWith(end), sent)
    assert.ok((sent.match(/content-length|transfer-encoding/gi) ?? []).length <= 1)
  })

test('Host is the target’s, the client’s where it is preserved, or a plugin’s', () => {
  const hostOf = (asked: Asked, host = 'Shop.test:81'): string | undefined =>
    fieldsOf(`GET / HTTP/1.1\nHost: ${host}\n`, asked).get('host')
  assert.equal(hostOf({}), 'a')
  assert.equal(hostOf({ route: { preserveHost: true } }), 'Shop.test:81')
  assert.equal(hostOf({ route: { preserveHost: true } }, 'Shop.test'), 'Shop.test')
  const change = (x: Exchange): void => {
    x.upstreamHost = 'own'
  }
  assert.equal(hostOf({ route: { preserveHost: true }, change }), 'own')
  assert.equal(fieldsOf('GET / HTTP/1.0\n', { route: { preserveHost: true } }).get('host'), 'a')
})

test('the prefix that was cut off is told, made fit for a field', () => {
  const prefix = (target: string, matched: number, stripPath = true): string | undefined =>
    fieldsOf(`GET ${target} HTTP/1.1\nHost: b\n`, {
      route: { stripPath },
      change: (x) => {
        x.matchedLength = matched
      },
    }).get('x-forwarded-prefix')
  assert.equal(prefix('/api/v1', 4), '/api')
  assert.equal(prefix('/api', 4, false), undefined)
  assert.equal(prefix('/api', 1), undefined, 'a lone slash is none')
  assert.equal(prefix('/api', -1), undefined)
  assert.equal(prefix('/a%0d%0aX:%20y/z', 8), '/a%0D%0AX:%20y')
})

test('the client’s version is in Via, and HTTP/1.1 is spoken to the target', () => {
  const sent = head('GET / HTTP/1.0\nHost: b\nVia: 1.1 other\n')
  assert.match(sent, /^GET \/ HTTP\/1\.1\n/)
  assert.match(sent, /\nVia: 1\.1 other\n.*\nVia: 1\.0 sluice\/1\n/s)
})

test('what plugins set, add and remove is sent', async () => {
  const { addField, removeField, setField } = await import('../../http1/fields.ts')
  const fields = fieldsOf('GET / HTTP/1.1\nHost: b\nA: 1\nB: 2\n', {
    change: (x) => {
      setField(x.request, 'A', 'one')
      removeField(x.request, 'b')
      addField(x.request, 'C', '3')
    },
  })
  assert.deepEqual([fields.get('a'), fields.get('b'), fields.get('c')], ['one', undefined, '3'])
})

test('an upgrade that is asked for goes on as the gateway’s own, and not with a body of a plugin’s', () => {
  const ask =
    'GET / HTTP/1.1\nHost: a\nConnection: X, Upgrade\nX: 1\nUpgrade: WebSocket\nSec-WebSocket-Key: k\n'
  const change = (x: Exchange): void => {
    x.upgrade = UPGRADE_ASKED
  }
  const sent = head(ask, { change })
  assert.match(sent, /\nSec-WebSocket-Key: k\n/)
  assert.match(sent, /\nConnection: keep-alive, Upgrade\nUpgrade: websocket\n\n$/)
  assert.equal(sent.includes('\nX: 1'), false)
  for (const plain of [
    head(ask),
    head(ask, {
      change: (x) => {
        x.upgrade = UPGRADE_ASKED
        x.requestBody = Buffer.from('b')
      },
    }),
  ]) {
    assert.match(plain, /\nConnection: keep-alive\n/)
    assert.equal(/upgrade:/i.test(plain), false)
  }
})
