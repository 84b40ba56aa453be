/** Where clients can knock: IPv4, IPv6, unix sockets, TLS, and the PROXY protocol where the listener is flagged for it. */
import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { answers } from '../kit/behaviours.ts'
import { ENGINES, eachEngine, type Rig } from '../kit/each-engine.ts'
import { type Engine, engineMissing, type Gateway, openGateway } from '../kit/gateway.ts'
import { catchAll } from '../kit/kong-config.ts'
import { freePort } from '../kit/ports.ts'
import { ask, connect, get } from '../kit/raw-client.ts'
import { openTarget, type TestTarget } from '../kit/test-target.ts'
import { askTls, shake } from '../kit/tls-client.ts'

const hasV6 = Object.values(networkInterfaces()).some((list) => list?.some((one) => one.family === 'IPv6'))

/** An address out of a preamble counts here, where one is read at all. */
const believing = { SLUICE_TRUSTED_IPS: '127.0.0.0/8', SLUICE_REAL_IP_HEADER: 'proxy_protocol' }

eachEngine('PROXY protocol, unflagged', { env: believing }, (check) => {
  check('a PROXY line on a listener without the flag is a bad request', async (rig) => {
    const client = await rig.connect()
    await client.send(`PROXY TCP4 192.0.2.7 192.0.2.1 1000 80\r\n${get('/')}`)
    assert.equal((await client.answer()).status, 400)
    assert.deepEqual(rig.target.requests, [])
  })

  check('a PROXY v2 block on a listener without the flag is a bad request', async (rig) => {
    const client = await rig.connect()
    await client.send(version2('192.0.2.7', 1000), get('/'))
    assert.equal((await client.answer()).status, 400)
    assert.deepEqual(rig.target.requests, [])
  })

  check('whatever is made of a PROXY v2 block without the flag, it names no client', async (rig) => {
    const client = await rig.connect()
    await client.send(version2('192.0.2.7', 1000), get('/', 'Connection: close'))
    await client.closed()
    peersOnly(rig)
  })
})

/** Each request that was served was served in the name of its peer, and nothing of a preamble was passed on. */
function peersOnly(rig: Rig): void {
  for (const request of rig.target.requests) {
    assert.equal(request.get('x-real-ip'), '127.0.0.1')
    assert.equal(request.get('x-forwarded-for'), '127.0.0.1')
    assert.doesNotMatch(request.head, /192\.0\.2\.|203\.0\.113\.|QUIT|PROXY/)
  }
}

const flagged = { listen: '127.0.0.1:PORT proxy_protocol', env: believing }

eachEngine('PROXY protocol', flagged, (check) => {
  check('version 1 names the client', async (rig) => {
    const client = await rig.connect()
    await client.send(`PROXY TCP4 192.0.2.7 192.0.2.1 1000 80\r\n${get('/')}`)
    assert.equal((await client.answer()).status, 200)
    assert.equal(rig.target.last.get('x-real-ip'), '192.0.2.7')
    await client.send(get('/again'))
    assert.equal((await client.answer()).status, 200)
    assert.equal(rig.target.last.get('x-real-ip'), '192.0.2.7')
  })

  check('version 1 over IPv6 names the client', async (rig) => {
    await rig.ask(`PROXY TCP6 2001:db8::7 2001:db8::1 1000 80\r\n${get('/')}`)
    assert.equal(rig.target.last.get('x-real-ip'), '2001:db8::7')
  })

  check('version 1 may come in pieces', async (rig) => {
    const client = await rig.connect()
    await client.send(
      'PRO',
      'XY TCP4 192.0.2.7 192.0',
      '.2.1 1000 80\r',
      '\nGET / HTTP/1.1\r\nHo',
      'st: a\r\n\r\n',
    )
    assert.equal((await client.answer()).status, 200)
    assert.equal(rig.target.last.get('x-real-ip'), '192.0.2.7')
  })

  check('"PROXY UNKNOWN" leaves the peer as the client', async (rig) => {
    assert.equal((await rig.ask(`PROXY UNKNOWN\r\n${get('/')}`)).status, 200)
    assert.equal(rig.target.last.get('x-real-ip'), '127.0.0.1')
  })

  check('version 2 names the client, in pieces too', async (rig) => {
    const block = version2('192.0.2.9', 1000)
    const client = await rig.connect()
    await client.send(block.subarray(0, 5), block.subarray(5, 20), block.subarray(20), get('/'))
    assert.equal((await client.answer()).status, 200)
    assert.equal(rig.target.last.get('x-real-ip'), '192.0.2.9')
  })

  check('version 2 LOCAL leaves the peer as the client', async (rig) => {
    const block = Buffer.concat([SIGNATURE, Buffer.from([0x20, 0x00, 0, 0])])
    const client = await rig.connect()
    await client.send(block, get('/'))
    assert.equal((await client.answer()).status, 200)
    assert.equal(rig.target.last.get('x-real-ip'), '127.0.0.1')
  })

  check('whatever is made of no preamble where PROXY is due, it names no client', async (rig) => {
    const client = await rig.connect()
    await client.send(get('/', 'X-Real-IP: 203.0.113.9', 'Connection: close'))
    await client.closed()
    peersOnly(rig)
  })

  check('the address of one connection is not taken for the next one’s', async (rig) => {
    for (const ip of ['192.0.2.9', '192.0.2.10']) {
      const client = await rig.connect()
      await client.send(version2(ip, 1000), get('/'))
      assert.equal((await client.answer()).status, 200)
      assert.equal(rig.target.last.get('x-real-ip'), ip)
    }
    const local = await rig.connect()
    await local.send(Buffer.concat([SIGNATURE, Buffer.from([0x20, 0x00, 0, 0])]), get('/'))
    assert.equal((await local.answer()).status, 200)
    assert.equal(rig.target.last.get('x-real-ip'), '127.0.0.1')
  })

  const broken: Readonly<Record<string, string>> = {
    'nothing of the kind': '',
    'a bad address': 'PROXY TCP4 300.0.2.7 192.0.2.1 1000 80\r\n',
    'a bad port': 'PROXY TCP4 192.0.2.7 192.0.2.1 70000 80\r\n',
    'an unknown family': 'PROXY TCP9 192.0.2.7 192.0.2.1 1000 80\r\n',
    'a line without end': `PROXY TCP4 ${'1'.repeat(200)}`,
    'a bare LF': 'PROXY TCP4 192.0.2.7 192.0.2.1 1000 80\n',
  }
  for (const [what, line] of Object.entries(broken))
    check(`${what} where PROXY is due cuts the connection`, async (rig) => {
      const client = await rig.connect()
      await client.send(line + get('/'))
      assert.match(await client.closed(), /^(HTTP\/1\.1 400 [\s\S]*)?$/)
      assert.deepEqual(rig.target.requests, [])
    })
})

for (const engine of ENGINES) {
  const missing = engineMissing(engine)
  describe(`addresses (${engine})`, missing === '' ? {} : { skip: missing }, () => addresses(engine))
}

function addresses(engine: Engine): void {
  let securePort = 0
  let gateway: Gateway
  let target: TestTarget
  before(async () => {
    target = await openTarget(answers())
    const v6 = hasV6 ? ', [::1]:PORT' : ''
    securePort = await freePort()
    const listen = `127.0.0.1:PORT${v6}, unix:FOLDER/proxy.sock, 127.0.0.1:${securePort} ssl http2`
    gateway = await openGateway({ config: catchAll(target.port), engine, listen })
  })
  after(async () => {
    await gateway?.stop()
    await target.close()
  })

  it('IPv4 is served', async () => {
    assert.equal((await ask({ port: gateway.port }, get('/'))).status, 200)
    assert.equal(target.last.get('x-real-ip'), '127.0.0.1')
  })

  it('a unix socket is served beside them', async () => {
    const door = { path: join(gateway.folder, 'proxy.sock') }
    assert.equal((await ask(door, get('/'))).status, 200)
    const client = await connect(door)
    await client.send(get('/1') + get('/2'))
    assert.equal((await client.answer()).status, 200)
    assert.equal((await client.answer()).status, 200)
    client.destroy()
  })

  it('TLS is served beside them, and HTTP/2 where the client can', async () => {
    assert.equal((await askTls(securePort)).status, 200)
    assert.equal(target.last.get('x-forwarded-proto'), 'https')
    const socket = await shake(securePort, { ALPNProtocols: ['h2', 'http/1.1'] })
    assert.equal(socket.alpnProtocol, 'h2')
    socket.destroy()
  })

  it('IPv6 is served, and its clients are named without brackets', { skip: !hasV6 }, async () => {
    assert.equal((await ask({ port: gateway.port, host: '::1' }, get('/'))).status, 200)
    assert.equal(target.last.get('x-real-ip'), '::1')
    assert.equal(target.last.get('x-forwarded-for'), '::1')
  })
}

const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])

/** A PROXY v2 block: version 2, command PROXY, TCP over IPv4, from `ip`:`port` to 192.0.2.1:80. */
function version2(ip: string, port: number): Buffer {
  const rest = Buffer.from([
    0x21,
    0x11,
    0,
    12,
    ...ip.split('.').map(Number),
    192,
    0,
    2,
    1,
    port >> 8,
    port & 255,
    0,
    80,
  ])
  return Buffer.concat([SIGNATURE, rest])
}
