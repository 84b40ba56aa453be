/** TLS to targets, through the real gateway: whose certificate is believed, what is shown, and what operators read. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Authority, makeAuthority, makeLeaf, type Pem } from '../kit/certificates.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import type { Message } from '../kit/message.ts'
import { ask, get } from '../kit/raw-client.ts'
import { openTlsTarget, type TlsTarget } from '../kit/tls-target.ts'
import { until } from '../kit/transport-rig.ts'

type Fields = Readonly<Record<string, unknown>>

const NAME = 'target.test'
const CA_ID = '11111111-1111-4111-8111-111111111111'
const SERVICE_CERT = '22222222-2222-4222-8222-222222222222'
const UPSTREAM_CERT = '33333333-3333-4333-8333-333333333333'

const authority = await makeAuthority('Test Root')
const good = await makeLeaf(authority, { names: [NAME] })
const VERIFIED = { tls_verify: true, ca_certificates: [CA_ID] }

/** A service and an upstream of one target each, by the target's port; the path is the service's name. */
function configOf(services: Readonly<Record<string, Made>>, more: Fields = {}): string {
  const made = Object.entries(services)
  return JSON.stringify({
    _format_version: '3.0',
    ca_certificates: [{ id: CA_ID, cert: authority.cert }],
    services: made.map(([name, { port, service = {}, route = {} }]) => ({
      name,
      host: port === undefined ? String(service['host']) : `${name}.up`,
      protocol: 'https',
      retries: 0,
      routes: [{ name, paths: [`/${name}`], ...route }],
      ...service,
    })),
    upstreams: made.flatMap(([name, { port, upstream = {} }]) =>
      port === undefined
        ? []
        : { name: `${name}.up`, host_header: NAME, targets: [{ target: `127.0.0.1:${port}` }], ...upstream },
    ),
    ...more,
  })
}

interface Made {
  readonly port?: number
  readonly service?: Fields
  readonly upstream?: Fields
  readonly route?: Fields
}

async function open(t: TestContext, config: string, env: Readonly<Record<string, string>> = {}) {
  const gateway = await openGateway({ config, env })
  t.after(() => gateway.stop())
  return gateway
}

function fetch(gateway: Gateway, path: string, host = 'client.test'): Promise<Message> {
  return ask({ port: gateway.port }, get(path).replace('gateway.test', host))
}

/** The operator's line about it; log lines come by another way than answers. */
async function told(gateway: Gateway, words: string): Promise<string> {
  const find = () => gateway.log.find((line) => line.includes('TLS to a target') && line.includes(words))
  await until(() => find() !== undefined, `a line with: ${words}\n${gateway.log.slice(-8).join('\n')}`)
  return find()!
}

test('a target whose certificate holds is served, by its own name and with HTTP/1.1 offered', async (t) => {
  const target = await openTlsTarget(t, { ...good, ALPNProtocols: ['http/1.1'] })
  const gateway = await open(t, configOf({ good: { port: target.port, service: VERIFIED } }))
  const answer = await fetch(gateway, '/good')
  assert.deepEqual([answer.status, answer.body.toString()], [200, 'over TLS'])
  assert.deepEqual(target.handshakes, [{ sni: NAME, alpn: 'http/1.1', isResumed: false, clientName: '' }])
  assert.equal(
    target.requests[0]!.host,
    `${NAME}:${target.port}`.replace(`:${target.port}`, `:${target.port}`),
  )
})

interface Refusal {
  readonly why: string
  readonly leaf: Pem
  readonly says: string
  readonly service?: Fields
}

async function makeRefusals(): Promise<Refusal[]> {
  const stranger = await makeAuthority('Stranger')
  const low = await makeAuthority('Lower', await makeAuthority('Middle', authority))
  const aged: Authority = { ...authority, chain: '' }
  return [
    { why: 'expired', leaf: await makeLeaf(aged, { names: [NAME], days: -1 }), says: 'has expired (' },
    { why: 'self-signed', leaf: await makeLeaf(null, { names: [NAME] }), says: 'is self-signed' },
    {
      why: 'of another name',
      leaf: await makeLeaf(authority, { names: ['other.test'] }),
      says: `not for '${NAME}'`,
    },
    { why: 'of an unknown CA', leaf: await makeLeaf(stranger, { names: [NAME] }), says: 'unknown CA' },
    {
      why: 'too far from its root',
      leaf: await makeLeaf(low, { names: [NAME] }),
      says: 'has 2 intermediate certificates above it, and tls_verify_depth allows 1',
    },
    {
      why: 'further from its root than the service says',
      leaf: await makeLeaf(await makeAuthority('One', authority), { names: [NAME] }),
      says: 'has 1 intermediate certificates above it, and tls_verify_depth allows 0',
      service: { tls_verify_depth: 0 },
    },
  ]
}

test('a certificate that breaks a rule is refused, and the log says which one and which rule', async (t) => {
  const refusals = await makeRefusals()
  const services: Record<string, Made> = {}
  for (const [i, { leaf, service }] of refusals.entries()) {
    const { port } = await openTlsTarget(t, leaf)
    services[`case-${i}`] = { port, service: { ...VERIFIED, ...service } }
    services[`open-${i}`] = { port }
    services[`deep-${i}`] = { port, service: { ...VERIFIED, tls_verify_depth: 2 } }
  }
  const gateway = await open(t, configOf(services))
  for (const [i, { why, says }] of refusals.entries()) {
    assert.equal((await fetch(gateway, `/case-${i}`)).status, 502, why)
    const line = await told(gateway, says)
    assert.match(line, /certificate CN=(target|other)\.test/, why)
    assert.equal((await fetch(gateway, `/open-${i}`)).status, 200, `${why}, but nothing is verified`)
    const isDepth = says.includes('tls_verify_depth')
    assert.equal((await fetch(gateway, `/deep-${i}`)).status, isDepth ? 200 : 502, `${why}, two allowed`)
  }
})

test('SSL_TRUSTED_CERTIFICATE is whom a service without ca_certificates trusts', async (t) => {
  const target = await openTlsTarget(t, good)
  const config = configOf({ plain: { port: target.port, service: { tls_verify: true } } })
  const folder = makeFolder(t)
  writeFileSync(join(folder, 'ca.pem'), authority.cert)
  const without = await open(t, config)
  const trusting = await open(t, config, { SLUICE_SSL_TRUSTED_CERTIFICATE: join(folder, 'ca.pem') })
  assert.equal((await fetch(without, '/plain')).status, 502)
  assert.equal((await fetch(trusting, '/plain')).status, 200)
})

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('a target that asks for a certificate gets the service’s, else the upstream’s, else CLIENT_SSL_CERT', async (t) => {
  const pairs = await Promise.all(
    ['by service', 'by upstream', 'by environment'].map((name) =>
      makeLeaf(authority, { names: [name.replace(' ', '-')], clientAuth: true }),
    ),
  )
  const asking = { ...good, requestCert: true, rejectUnauthorized: true, ca: authority.cert }
  const target = await openTlsTarget(t, asking)
  const { port } = target
  const upstream = { client_certificate: { id: UPSTREAM_CERT } }
  const service = { client_certificate: { id: SERVICE_CERT } }
  const config = configOf(
    { service: { port, service, upstream }, upstream: { port, upstream }, environment: { port } },
    {
      certificates: [
        { id: SERVICE_CERT, ...pairs[0]! },
        { id: UPSTREAM_CERT, ...pairs[1]! },
      ],
    },
  )
  const folder = makeFolder(t)
  writeFileSync(join(folder, 'cert.pem'), pairs[2]!.cert)
  writeFileSync(join(folder, 'key.pem'), pairs[2]!.key)
  const gateway = await open(t, config, {
    SLUICE_CLIENT_SSL: 'on',
    SLUICE_CLIENT_SSL_CERT: join(folder, 'cert.pem'),
    SLUICE_CLIENT_SSL_CERT_KEY: join(folder, 'key.pem'),
  })
  for (const name of ['service', 'upstream', 'environment']) {
    assert.equal((await fetch(gateway, `/${name}`)).status, 200, name)
    assert.equal(target.handshakes.at(-1)?.clientName, `by-${name}`)
  }
  const bare = await open(t, config)
  assert.equal((await fetch(bare, '/environment')).status, 502)
  await told(bare, 'refused')
  assert.equal(
    gateway.log.concat(bare.log).some((line) => line.includes('PRIVATE KEY')),
    false,
  )
})

test('with preserve_host the client’s Host is the name in the handshake, and each name has its connections', async (t) => {
  const both = await makeLeaf(authority, { names: ['a.test', 'b.test'] })
  const target = await openTlsTarget(t, both)
  const made = { port: target.port, service: VERIFIED, route: { preserve_host: true } }
  const gateway = await open(t, configOf({ kept: made }))
  for (const host of ['a.test', 'b.test', 'A.test', 'b.test'])
    assert.equal((await fetch(gateway, '/kept', host)).status, 200, host)
  assert.deepEqual(
    target.handshakes.map(({ sni }) => sni),
    ['a.test', 'b.test'],
  )
  assert.deepEqual(
    target.requests.map(({ host }) => host),
    ['a.test', 'b.test', 'A.test', 'b.test'],
  )
  assert.equal((await fetch(gateway, '/kept', 'c.test')).status, 502)
  await told(gateway, "not for 'c.test'")
})

test('an address is no server name, and its certificate is checked for the address', async (t) => {
  const target = await openTlsTarget(t, await makeLeaf(authority, { names: ['127.0.0.1'] }))
  const service = { ...VERIFIED, host: '127.0.0.1', port: target.port }
  const gateway = await open(t, configOf({ bare: { service } }))
  assert.equal((await fetch(gateway, '/bare')).status, 200)
  assert.equal(target.handshakes[0]?.sni, '')
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
  test(`the next connection to a target has a short handshake (${version})`, async (t) => {
    const target = await openTlsTarget(t, { ...good, closes: true, maxVersion: version })
    const gateway = await open(t, configOf({ short: { port: target.port, service: VERIFIED } }))
    for (let i = 0; i < 4; i++) assert.equal((await fetch(gateway, '/short')).status, 200)
    assert.deepEqual(
      target.handshakes.map(({ isResumed }) => isResumed),
      [false, true, true, true],
    )
  })

test('a target’s new certificate counts from its next connection on; warm connections go on', async (t) => {
  const target = await openTlsTarget(t, good)
  const gateway = await open(t, configOf({ warm: { port: target.port, service: VERIFIED } }))
  assert.equal((await fetch(gateway, '/warm')).status, 200)
  target.server.setSecureContext(await makeLeaf(authority, { names: [NAME], days: -1 }))
  assert.equal((await fetch(gateway, '/warm')).status, 200)
  assert.equal(target.handshakes.length, 1)
  target.server.closeIdleConnections()
  const isTold = () => gateway.log.some((line) => line.includes('has expired'))
  // The first may still go down a connection that is just closing.
  for (let i = 0; i < 100 && !isTold(); i++) await fetch(gateway, '/warm')
  assert.ok(isTold(), 'the new certificate has expired')
  target.server.setSecureContext(good)
  assert.equal((await fetch(gateway, '/warm')).status, 200)
})

test('a target that speaks plain where TLS is due is refused with that as the reason, and the other way round', async (t) => {
  const plain = http.createServer()
  t.after(() => plain.close())
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  const secure = await openTlsTarget(t, good)
  const services = {
    plain: { port: (plain.address() as net.AddressInfo).port },
    secure: { port: secure.port, service: { protocol: 'http' } },
  }
  const gateway = await open(t, configOf(services))
  assert.equal((await fetch(gateway, '/plain')).status, 502)
  await told(gateway, 'does not speak TLS')
  assert.equal((await fetch(gateway, '/secure')).status, 502)
  assert.deepEqual(secure.requests, [])
})

test('a plain service whose target answers with an alert of TLS is told so in the log', async (t) => {
  // As most servers do; Node's own closes without a word.
  const alert = Buffer.from([21, 3, 3, 0, 2, 2, 10])
  const server = net.createServer((socket) => socket.on('error', () => {}).end(alert))
  t.after(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const gateway = await open(t, configOf({ alert: { port, service: { protocol: 'http' } } }))
  assert.equal((await fetch(gateway, '/alert')).status, 502)
  const isTold = () => gateway.log.some((line) => line.includes('the target speaks TLS at this port'))
  await until(isTold, 'the reason in the log')
})

test('a handshake that hangs ends with connect_timeout, as 504', async (t) => {
  const sockets: net.Socket[] = []
  const silent = net.createServer((socket) => sockets.push(socket.on('error', () => {})))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as net.AddressInfo
  const gateway = await open(t, configOf({ hung: { port, service: { connect_timeout: 200 } } }))
  assert.equal((await fetch(gateway, '/hung')).status, 504)
  assert.ok(sockets.length > 0)
})

test('sockets of this machine are targets, in the clear and over TLS, and localhost is their name', async (t) => {
  const folder = makeFolder(t)
  const [clear, secured] = [join(folder, 'clear.sock'), join(folder, 'secure.sock')]
  const echo = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      const host = /^host: (.*)\r$/im.exec(bytes.toString('latin1'))?.[1] ?? ''
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${host.length}\r\n\r\n${host}`)
    })
  })
  t.after(() => echo.close())
  await new Promise<void>((resolve) => echo.listen(clear, resolve))
  const local = await makeLeaf(authority, { names: ['localhost'] })
  const target = await openTlsTarget(t, { ...local, path: secured })
  const config = configOf(
    {
      clear: { service: { protocol: 'http', host: `unix:${clear}` } },
      kept: { service: { protocol: 'http', host: `unix:${clear}` }, route: { preserve_host: true } },
      secured: { service: { ...VERIFIED, host: `unix:${secured}` } },
      pool: { service: { protocol: 'http', host: 'pool' } },
    },
    {
      upstreams: [
        {
          name: 'pool',
          host_header: 'named.test',
          targets: [{ target: `unix:${clear}` }],
          healthchecks: { active: { healthy: { interval: 0.1, successes: 1 }, http_path: '/' } },
        },
      ],
    },
  )
  const gateway = await open(t, config)
  const hostAt = async (path: string) => (await fetch(gateway, path)).body.toString()
  assert.equal(await hostAt('/clear'), 'localhost')
  assert.equal(await hostAt('/kept'), 'client.test')
  assert.equal(await hostAt('/pool'), 'named.test')
  assert.equal(await hostAt('/secured'), 'over TLS')
  assert.equal(
    gateway.log.some((line) => line.includes('unhealthy')),
    false,
  )
  assert.deepEqual([target.handshakes[0]?.sni, target.requests[0]?.host], ['localhost', 'localhost'])
})

test('probes believe what the services of their upstream believe', async (t) => {
  const target: TlsTarget = await openTlsTarget(t, good)
  const healthchecks = {
    active: {
      type: 'https',
      https_sni: NAME,
      healthy: { interval: 0.1, successes: 1 },
      unhealthy: { interval: 0.1, tcp_failures: 1 },
    },
  }
  const probed = { port: target.port, service: VERIFIED, upstream: { healthchecks } }
  const gateway = await open(t, configOf({ probed }))
  await until(() => target.requests.some(({ url }) => url === '/'), 'a probe came through')
  assert.equal((await fetch(gateway, '/probed')).status, 200)
  assert.equal(
    gateway.log.some((line) => line.includes('unhealthy')),
    false,
  )
})
