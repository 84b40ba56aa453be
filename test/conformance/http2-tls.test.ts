/**
 * HTTP/2 as browsers speak it: over TLS, agreed on by ALPN.
 *
 * On the native-free engine only: kit/http2-rig.ts says why.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import tls from 'node:tls'
import { answers } from '../kit/behaviours.ts'
import { type Http2Rig, overHttp2 } from '../kit/http2-rig.ts'
import {
  code,
  flag,
  frame,
  headers,
  type RawHttp2,
  requestFields,
  setting,
  type,
  uint32,
} from '../kit/raw-http2.ts'

const get = (stream: number): Buffer => headers(stream, requestFields())

function connect(rig: Http2Rig): Promise<RawHttp2> {
  return rig.connect({ isSecure: true })
}

overHttp2('HTTP/2 over TLS', { listen: '127.0.0.1:PORT http2 ssl', isSecure: true }, (check) => {
  check('a client that offers h2 gets it, and its requests are answered', async (rig) => {
    const client = await connect(rig)
    assert.equal((client.socket as tls.TLSSocket).alpnProtocol, 'h2')
    client.send(get(1), get(3))
    for (const stream of [1, 3]) assert.equal((await client.whole(stream)).body.toString(), 'ok')
    assert.equal(rig.target.last.get('x-forwarded-proto'), 'https')
  })

  check('a client that offers both gets h2', async (rig) => {
    const socket = await handshake(rig, ['http/1.1', 'h2'])
    assert.equal(socket.alpnProtocol, 'h2')
    socket.destroy()
  })

  for (const offer of [['http/1.1'], []])
    check(`a client that offers ${offer[0] ?? 'nothing'} is served HTTP/1.1`, async (rig) => {
      const socket = await handshake(rig, offer)
      socket.write('GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n')
      const [bytes] = (await once(socket, 'data')) as [Buffer]
      assert.match(bytes.toString('latin1'), /^HTTP\/1\.1 200 /)
      socket.destroy()
    })

  check('bytes that are no preface end a connection that agreed on h2', async (rig) => {
    const client = await rig.connect({ isSecure: true, isSilent: true })
    client.send('GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n')
    await client.until('the end of the connection', () => client.closed)
    assert.deepEqual(rig.target.requests, [])
  })

  check('large bodies pass both ways', async (rig) => {
    rig.target.behave = answers('x'.repeat(1_000_000))
    const client = await connect(rig)
    client.send(headers(1, requestFields('POST'), 0))
    for (let i = 0; i < 3; i++) client.send(frame(type.DATA, 0, 1, 'c'.repeat(16_384)))
    client.send(frame(type.DATA, flag.END_STREAM, 1, 'end'))
    assert.equal((await client.whole(1)).body.length, 1_000_000)
    assert.equal(rig.target.last.body.length, 3 * 16_384 + 3)
  })

  check('a stream’s window holds', async (rig) => {
    rig.target.behave = answers('x'.repeat(100))
    const client = await rig.connect({
      isSecure: true,
      settings: [[setting.INITIAL_WINDOW_SIZE, 40]],
      keepsWindows: true,
    })
    client.send(get(1))
    await client.until('the first 40 bytes', () => client.answer(1).body.length >= 40)
    await client.ping()
    assert.equal(client.answer(1).body.length, 40)
    client.send(frame(type.WINDOW_UPDATE, 0, 1, uint32(60)))
    assert.equal((await client.whole(1)).body.length, 100)
  })

  check('a client that resets its requests in rapid succession is cut off', async (rig) => {
    const client = await connect(rig)
    const reset = (stream: number): Buffer => frame(type.RST_STREAM, 0, stream, uint32(code.CANCEL))
    await client.flood(20_000, (i) => Buffer.concat([get(2 * i + 1), reset(2 * i + 1)]))
    await client.until('the end of the connection', () => client.closed)
    assert.equal(client.goaway, code.ENHANCE_YOUR_CALM)
    await rig.probe()
  })

  check('a client that reads nothing of many large answers does not grow the gateway', async (rig) => {
    rig.target.behave = (call) =>
      answers(call.request.target === '/probe' ? 'ok' : 'x'.repeat(4 * 1024 * 1024))(call)
    await rig.probe()
    const before = rig.gateway.rss
    const client = await rig.connect({ isSecure: true, settings: [[setting.INITIAL_WINDOW_SIZE, 2 ** 30]] })
    client.send(frame(type.WINDOW_UPDATE, 0, 0, uint32(2 ** 30)))
    client.socket.pause()
    for (let i = 0; i < 50; i++) client.send(get(2 * i + 1))
    await rig.target.arrived(50)
    await rig.probe()
    assert.ok(rig.gateway.rss - before < 96 * 1024 * 1024)
  })
})

async function handshake(rig: Http2Rig, offer: string[]): Promise<tls.TLSSocket> {
  const where = { host: '127.0.0.1', port: rig.gateway.port, servername: 'gateway.test' }
  const socket = tls.connect({ ...where, rejectUnauthorized: false, ALPNProtocols: offer })
  await once(socket, 'secureConnect')
  return socket
}
