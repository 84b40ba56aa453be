/** Streams of TLS: passed through by the name that the ClientHello asks for, or ended here and passed on in the clear. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type net from 'node:net'
import { after, before, describe, test } from 'node:test'
import tls from 'node:tls'
import { type Authority, makeAuthority, makeLeaf } from '../kit/certificates.ts'
import { helloMessage, inRecords, realHello } from '../kit/client-hello.ts'
import { until } from '../kit/command.ts'
import { connect } from '../kit/raw-client.ts'
import { openEcho, openStreams, PlainTarget, type StreamRig } from '../kit/stream-rig.ts'

/** RFC 8446 §6.2: fatal, unrecognized_name. */
const UNRECOGNIZED_NAME = Buffer.from([21, 3, 1, 0, 2, 2, 112])
const PREREAD_MS = 1500

const BURST = Buffer.alloc(3000, 'b')
const BURSTS = 40

/** Pieces with turns of the loop between them, so that each comes while the one before is on its way; then its end. */
function burst(socket: net.Socket, left = BURSTS): void {
  if (left === 0) return void socket.end()
  socket.write(BURST)
  setImmediate(burst, socket, left - 1)
}

/** A TLS server whose answer to everything is its name and the bytes. */
async function openSecure(name: string, authority: Authority): Promise<tls.Server> {
  const { cert, key } = await makeLeaf(authority, { names: [name] })
  const server = tls.createServer({ cert, key, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => socket.write(`${name}: ${chunk}`))
    socket.on('end', () => socket.end())
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

describe('tls routes', () => {
  let authority: Authority
  let rig: StreamRig
  let echo: PlainTarget
  const seen: Buffer[] = []
  let watched: PlainTarget
  let bursts: PlainTarget
  const servers: tls.Server[] = []

  before(async () => {
    authority = await makeAuthority('Streams of tests')
    echo = await openEcho()
    watched = await new PlainTarget((socket) =>
      socket.on('data', (chunk: Buffer) => seen.push(chunk)),
    ).listen()
    bursts = await new PlainTarget((socket) => socket.once('data', () => burst(socket))).listen()
    const own = await openSecure('own.example', authority)
    const verified = await openSecure('verified.example', authority)
    servers.push(own, verified)
    const leaf = await makeLeaf(authority, {
      names: ['ends.example', 'verified.example', 'unverified.example'],
    })
    const service = (name: string, port: number, protocol: string, more: object) => {
      const routes = [{ name, ...more }]
      return { name, host: '127.0.0.1', port, protocol, routes }
    }
    rig = await openStreams({
      env: { SLUICE_CLIENT_HEADER_TIMEOUT: `${PREREAD_MS}ms` },
      config: {
        services: [
          service('passes', portOf(own), 'tcp', {
            protocols: ['tls_passthrough'],
            snis: ['own.example', '*.own.example'],
          }),
          service('watched', watched.port, 'tcp', {
            protocols: ['tls_passthrough'],
            snis: ['watched.example'],
          }),
          service('ends', echo.port, 'tcp', { protocols: ['tls'], snis: ['ends.example'] }),
          service('bursts', bursts.port, 'tcp', { protocols: ['tls'], snis: ['bursts.example'] }),
          service('again', portOf(verified), 'tls', { protocols: ['tls'], snis: ['unverified.example'] }),
          {
            ...service('verifies', portOf(verified), 'tls', {
              protocols: ['tls'],
              snis: ['verified.example'],
            }),
            tls_verify: true,
            ca_certificates: ['c0000000-0000-4000-8000-000000000001'],
          },
          service('plain', echo.port, 'tcp', { protocols: ['tcp'], sources: [{ ip: '127.0.0.1' }] }),
        ],
        certificates: [{ cert: leaf.cert, key: leaf.key, snis: [{ name: 'ends.example' }] }],
        ca_certificates: [{ id: 'c0000000-0000-4000-8000-000000000001', cert: authority.cert }],
      },
    })
  })
  after(async () => {
    await rig.stop()
    for (const server of servers) server.close()
    await echo.close()
    await watched.close()
    await bursts.close()
  })

  async function secure(servername: string, more: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
    const options = { port: rig.securePort, host: '127.0.0.1', ca: authority.cert, servername, ...more }
    const socket = tls.connect({ ...options, rejectUnauthorized: more.rejectUnauthorized ?? true })
    await once(socket, 'secureConnect')
    return socket
  }

  async function say(socket: tls.TLSSocket, text: string): Promise<string> {
    socket.write(text)
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    socket.end()
    await once(socket, 'close')
    return chunk.toString()
  }

  test('a passthrough route is found by the name, and the handshake is with the target', async () => {
    const socket = await secure('own.example')
    assert.equal(socket.getPeerCertificate().subject.CN, 'own.example')
    assert.equal(await say(socket, 'hi'), 'own.example: hi')
    assert.match(await rig.lineWith('route: "passes"'), /sni: "own.example"/)
  })

  test('a wildcard passes too, and the name has no case', async () => {
    const socket = await secure('Deep.Down.OWN.example', { checkServerIdentity: () => undefined })
    assert.equal(await say(socket, 'hi'), 'own.example: hi')
  })

  test('the target gets the hello byte for byte, however it was cut', async () => {
    const hello = await realHello({ servername: 'watched.example' })
    const odd = inRecords(helloMessage({ serverName: 'watched.example' }), 7)
    for (const bytes of [hello, odd]) {
      seen.length = 0
      const client = await connect({ port: rig.securePort })
      await client.send(...[...bytes.subarray(0, 12)].map((byte) => Buffer.from([byte])), bytes.subarray(12))
      await until('all of it is there', () => Buffer.concat(seen).length === bytes.length)
      assert.deepEqual(Buffer.concat(seen), bytes)
      client.reset()
    }
  })

  test('where TLS ends here, the certificate of the name is served and the target sees plain bytes', async () => {
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      const socket = await secure('ends.example', { maxVersion, ALPNProtocols: ['postgresql'] })
      assert.equal(socket.getPeerCertificate().subject.CN, 'ends.example')
      assert.equal(await say(socket, 'plain text'), 'plain text')
    }
  })

  test('much data goes both ways over TLS that ends here', { timeout: 60_000 }, async () => {
    const socket = await secure('ends.example')
    const chunk = Buffer.alloc(200_000, 'x')
    const rounds = 40
    let count = 0
    socket.on('data', (part: Buffer) => {
      count += part.length
    })
    for (let i = 0; i < rounds; i++) if (!socket.write(chunk)) await once(socket, 'drain')
    await until('all is back', () => count === rounds * chunk.length)
    socket.end()
    await once(socket, 'close')
  })

  test('what a target sends right before its end arrives whole', async () => {
    for (let round = 0; round < 10; round++) {
      const socket = await secure('bursts.example', { rejectUnauthorized: false })
      let count = 0
      socket.on('data', (part: Buffer) => {
        count += part.length
      })
      socket.write('go')
      await once(socket, 'end')
      assert.equal(count, BURSTS * BURST.length)
      socket.end()
    }
  })

  test('a service of protocol tls is spoken to over TLS again', async () => {
    const socket = await secure('unverified.example', { rejectUnauthorized: false })
    assert.equal(await say(socket, 'hi'), 'verified.example: hi')
  })

  test('a target whose certificate is not for its host is not spoken to where the service verifies', async () => {
    const socket = await secure('verified.example', { rejectUnauthorized: false })
    socket.on('error', () => {})
    socket.resume()
    await once(socket, 'close')
    assert.match(await rig.lineWith('route: "verifies"'), /TCP 502 .* fault: TARGET_TLS$/)
  })

  test('a name that no route has is told so', async () => {
    const client = await connect({ port: rig.securePort })
    await client.send(inRecords(helloMessage({ serverName: 'nobody.example' })))
    assert.deepEqual(await client.reader.rest(), UNRECOGNIZED_NAME)
    assert.match(await rig.lineWith('nobody.example'), /TCP 404 .* fault: ROUTE_NOT_FOUND$/)
  })

  test('a hello without a name finds no route that asks for one', async () => {
    const client = await connect({ port: rig.securePort })
    await client.send(inRecords(helloMessage()))
    assert.deepEqual(await client.reader.rest(), UNRECOGNIZED_NAME)
  })

  test('what is no TLS is cut off, and a plain route is not served where TLS is', async () => {
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00\x02', '\0', 'SSH-2.0-x\r\n']) {
      const client = await connect({ port: rig.securePort })
      await client.send(bytes)
      assert.equal(await client.closed(), '', JSON.stringify(bytes))
    }
    assert.match(await rig.lineWith('fault: REQUEST_MALFORMED'), /TCP 400/)
  })

  test('half a hello, and a hello whose handshake goes nowhere, have their time and no more', async () => {
    const half = await connect({ port: rig.securePort })
    await half.send(inRecords(helloMessage({ serverName: 'ends.example' })).subarray(0, 40))
    const silent = await connect({ port: rig.securePort })
    const stuck = await connect({ port: rig.securePort })
    await stuck.send(await realHello({ servername: 'ends.example' }))
    assert.equal(await half.closed(), '')
    assert.equal(await silent.closed(), '')
    await stuck.closed()
    assert.match(await rig.lineWith('fault: REQUEST_TIMEOUT'), /TCP 408/)
    await until('none is left', async () => (await rig.metric('sluice_stream_connections')) === 0)
  })

  test('a flood of half hellos leaves the gateway serving, and none behind', {
    timeout: 60_000,
  }, async () => {
    const start = inRecords(helloMessage({ serverName: 'ends.example' })).subarray(0, 60)
    const clients: { socket: net.Socket }[] = []
    for (let i = 0; i < 300; i++) {
      const client = await connect({ port: rig.securePort })
      clients.push(await client.send(start))
    }
    assert.equal(await say(await secure('ends.example'), 'still here'), 'still here')
    for (const client of clients) client.socket.destroy()
    await until('none is left', async () => (await rig.metric('sluice_stream_connections')) === 0)
  })
})

function portOf(server: tls.Server): number {
  return (server.address() as net.AddressInfo).port
}
