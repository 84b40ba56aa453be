/** Targets over TLS: what ALPN agrees on is what is spoken, and is remembered; a service of gRPC offers nothing else. */
import assert from 'node:assert/strict'
import http2 from 'node:http2'
import https from 'node:https'
import type net from 'node:net'
import { type TestContext, test } from 'node:test'
import tls from 'node:tls'
import type { TargetTls } from '../../src/contract/target.ts'
import { makeAuthority, makeLeaf, type Pem } from '../kit/certificates.ts'
import { makeTransportRig, type RigOptions, type Try, until } from '../kit/transport-rig.ts'

const authority = await makeAuthority('authority')
const pem: Pem = await makeLeaf(authority, { names: ['shop.test'] })

const TLS: TargetTls = {
  servername: 'shop.test',
  verify: true,
  verifyDepth: -1,
  trusted: authority.cert,
  certificate: null,
}

interface Origin {
  readonly port: number
  readonly protocols: (string | false | null)[]
}

type Asked = Pick<http2.Http2ServerRequest, 'httpVersion'>
type Answering = Pick<http2.Http2ServerResponse, 'setHeader'> & { end(text: string): unknown }

function answer({ httpVersion }: Asked, out: Answering): void {
  out.setHeader('x-version', httpVersion)
  out.end('ok')
}

/** Says in `protocols` what it agreed on, a connection each. */
function openOrigin(t: TestContext, offered: readonly string[]): Promise<Origin> {
  const agreed: (string | false | null)[] = []
  const server = offered.includes('h2')
    ? http2.createSecureServer({ ...pem, allowHTTP1: offered.includes('http/1.1') }, answer)
    : https.createServer(pem, answer)
  const sockets = new Set<net.Socket>()
  server.on('secureConnection', (socket: tls.TLSSocket) => {
    agreed.push(socket.alpnProtocol)
    sockets.add(socket)
  })
  server.on('tlsClientError', () => {}) // no protocol in common
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve({
        port: address !== null && typeof address === 'object' ? address.port : 0,
        protocols: agreed,
      })
    })
  })
}

function makeRig(t: TestContext, port: number, more: RigOptions = {}) {
  return makeTransportRig(t, port, { http: 'alpn', tls: TLS, ...more })
}

function over(told: Try): Promise<void> {
  return until(() => told.isOver, `the end of a try, which so far said ${told.said}`)
}

test('HTTP/2 is spoken where the target agrees, in one session', async (t) => {
  const origin = await openOrigin(t, ['h2', 'http/1.1'])
  const rig = makeRig(t, origin.port)
  const all = [rig.send(), rig.send(), rig.send()]
  for (const { x, told } of all) {
    await over(told)
    assert.deepEqual([told.body, x.response.valueAt(0)], ['ok', '2.0'])
  }
  assert.deepEqual(origin.protocols, ['h2'])
})

test('HTTP/1.1 is spoken where that is what the target has, and is not asked about again', async (t) => {
  const origin = await openOrigin(t, ['http/1.1'])
  const rig = makeRig(t, origin.port)
  const all = [rig.send(), rig.send()]
  for (const { told } of all) {
    await over(told)
    assert.deepEqual([told.body, told.fault], ['ok', null])
  }
  const before = origin.protocols.length
  const next = rig.send()
  await over(next.told)
  assert.deepEqual([next.told.body, next.x.reused, origin.protocols.length], ['ok', true, before])
  assert.deepEqual(new Set(origin.protocols), new Set(['http/1.1']))
})

test('a target without ALPN is spoken to over HTTP/1.1', async (t) => {
  const server = tls.createServer(pem, (socket) => {
    socket.on('error', () => {}) // its client may leave
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
    t.after(() => socket.destroy())
  })
  t.after(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const rig = makeRig(t, address !== null && typeof address === 'object' ? address.port : 0)
  const { told } = rig.send()
  await over(told)
  assert.equal(told.body, 'ok')
})

test('with prior knowledge over TLS nothing but HTTP/2 is offered, and what has it not refuses', async (t) => {
  const good = await openOrigin(t, ['h2'])
  const spoken = makeRig(t, good.port, { http: 'h2' }).send()
  await over(spoken.told)
  assert.equal(spoken.told.body, 'ok')
  const old = await openOrigin(t, ['http/1.1'])
  const refused = makeRig(t, old.port, { http: 'h2' }).send()
  await over(refused.told)
  assert.equal(refused.told.fault?.code, 'TARGET_TLS')
})

test('a certificate that does not hold is TARGET_TLS, and says why', async (t) => {
  const origin = await openOrigin(t, ['h2'])
  const rig = makeRig(t, origin.port, { tls: { ...TLS, servername: 'other.test' } })
  const { x, told } = rig.send()
  await over(told)
  assert.equal(told.fault?.code, 'TARGET_TLS')
  assert.match(x.detail, /other\.test/)
})

test('a tunnel goes over HTTP/1.1 even where HTTP/2 is spoken', async (t) => {
  const origin = await openOrigin(t, ['h2', 'http/1.1'])
  const rig = makeRig(t, origin.port)
  await over(rig.send().told)
  const { told, x } = rig.send(
    'GET / HTTP/1.1\nHost: a\nConnection: Upgrade\nUpgrade: websocket\n',
    (one) => {
      one.upgrade = 1
    },
  )
  await over(told)
  assert.equal(x.response.valueAt(0), '1.1')
  assert.deepEqual(origin.protocols, ['h2', 'http/1.1'])
})
