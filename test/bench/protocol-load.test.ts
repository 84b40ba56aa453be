/** What both loops of our own make of HTTP/2, handshakes and WebSockets, and of servers that break them off. */
import assert from 'node:assert/strict'
import http2 from 'node:http2'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import tls from 'node:tls'
import type { ClosedLoad } from '../../bench/closed-loop/load-result.ts'
import { runOwnLoop } from '../../bench/closed-loop/run-own-loop.ts'
import type { OpenLoad } from '../../bench/open-loop/load.ts'
import { runOpenLoad } from '../../bench/open-loop/run-open-load.ts'
import { HEAD_END, serverMessage, upgradeAnswer } from '../../bench/peers/origin/echo-messages.ts'
import { makeLeaf } from '../kit/certificates.ts'
import { until } from '../kit/command.ts'

type Protocol = NonNullable<ClosedLoad['protocol']>

function load(protocol: Protocol, port: number, more: Partial<OpenLoad> = {}): OpenLoad {
  return {
    origin: `${protocol === 'websocket' ? 'http' : 'https'}://127.0.0.1:${port}`,
    protocol,
    method: 'GET',
    paths: ['/one', '/two'],
    fields: {},
    upload: 0,
    rate: 100,
    seconds: 1,
    warmUpSeconds: 0,
    connections: 2,
    timeoutMs: 10_000,
    ...more,
  }
}

async function open(t: TestContext, server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as net.AddressInfo).port // a TCP server's address is never a string
}

async function http2Server(
  answer: (stream: http2.ServerHttp2Stream, path: string) => void,
): Promise<http2.Http2SecureServer> {
  const server = http2.createSecureServer(await makeLeaf(null, { names: ['localhost'] }))
  server.on('stream', (stream, fields) => {
    stream.on('error', () => {}) // those that are reset on purpose
    answer(stream, String(fields[':path']))
  })
  return server
}

test('requests over HTTP/2 share the connections, and bodies arrive whole', async (t) => {
  const paths = new Map<string, number>()
  let [received, connections] = [0, 0]
  const server = await http2Server((stream, path) => {
    paths.set(path, (paths.get(path) ?? 0) + 1)
    stream.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    stream.on('end', () => {
      stream.respond()
      stream.end(Buffer.alloc(100_000))
    })
  })
  server.on('session', () => {
    connections += 1
  })
  const port = await open(t, server)
  const found = await runOpenLoad(load('h2', port, { method: 'POST', upload: 5000, streams: 4 }), [])
  assert.deepEqual([found.requests, found.errors, found.errorSamples], [100, 0, []])
  assert.deepEqual([...paths].sort(), [
    ['/one', 50],
    ['/two', 50],
  ])
  assert.deepEqual([received, connections], [500_000, 2])
})

test('a stream that is reset, and a status of 400 and more, are errors in words', async (t) => {
  let asked = 0
  const server = await http2Server((stream) => {
    asked++
    if (asked % 10 === 0) return stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR)
    stream.respond({ ':status': asked % 10 === 5 ? 503 : 200 })
    stream.end('ok')
  })
  const found = await runOpenLoad(load('h2', await open(t, server)), [])
  assert.deepEqual([found.requests, found.errors], [100, 20])
  assert.equal(found.errorSamples.length, 2)
  assert.ok(found.errorSamples.includes('10 × status 503'), `${found.errorSamples}`)
  assert.ok(found.errorSamples.some((words) => /^10 × .*INTERNAL_ERROR/.test(words)))
})

test('HTTP/2 goes on over a new connection when the server has sent one away', async (t) => {
  let connections = 0
  const server = await http2Server((stream) => {
    stream.respond()
    stream.end('ok')
    // A stream that is closed knows its session no more.
    const { session } = stream
    stream.once('close', () => session?.close())
  })
  server.on('session', () => {
    connections += 1
  })
  const found = await runOpenLoad(load('h2', await open(t, server), { rate: 20 }), [])
  assert.equal(found.requests, 20)
  assert.ok(connections >= 5, `${connections} connections`)
})

test('each handshake is a full one on a connection of its own', async (t) => {
  let [full, resumed] = [0, 0]
  const server = tls.createServer(await makeLeaf(null, { names: ['localhost'] }), (socket) => {
    if (socket.isSessionReused()) resumed++
    else full++
    socket.on('error', () => {}).resume()
  })
  const port = await open(t, server)
  const found = await runOpenLoad(load('handshake', port), [])
  assert.deepEqual([found.requests, found.errors, found.errorSamples], [100, 0, []])
  // The server ends a handshake after the client.
  await until('the server has seen all of them', () => full + resumed === 100)
  const { requests, errors } = await runOwnLoop(load('handshake', port), [])
  assert.equal(errors, 0)
  await until('the server has seen all of them again', () => full + resumed >= 100 + requests)
  // Those that were under way at the end are counted by the server alone.
  assert.ok(requests > 0 && full <= 100 + requests + 2, `${requests} of ${full - 100}`)
  assert.equal(resumed, 0)
})

test('a handshake that is broken off is an error, and the others go on', async (t) => {
  const server = tls.createServer(await makeLeaf(null, { names: ['localhost'] }), (socket) => {
    socket.on('error', () => {}).resume()
  })
  let asked = 0
  server.prependListener('connection', (socket: net.Socket) => {
    // The first one only looks whether somebody listens.
    if (asked++ % 10 === 5) socket.destroy()
  })
  const found = await runOpenLoad(load('handshake', await open(t, server)), [])
  assert.deepEqual([found.requests, found.errors], [100, 10])
})

/** An echo that ends the connection at each message that `breaks` says. */
function echo(breaks: (message: number) => boolean): net.Server {
  let messages = 0
  return net.createServer((socket) => {
    let head = ''
    socket.on('error', () => {}) // the run has ended
    socket.on('data', (chunk) => {
      if (head.endsWith(HEAD_END)) return breaks(++messages) ? socket.destroy() : socket.write(serverMessage)
      head += chunk.toString('latin1')
      if (head.endsWith(HEAD_END)) socket.write(upgradeAnswer(head))
    })
  })
}

test('messages come back over WebSockets that stay open, in both loops', async (t) => {
  const port = await open(
    t,
    echo(() => false),
  )
  const found = await runOpenLoad(load('websocket', port), [])
  assert.deepEqual([found.requests, found.errors, found.errorSamples], [100, 0, []])
  const { requests, errors } = await runOwnLoop(load('websocket', port), [])
  assert.ok(requests > 0)
  assert.equal(errors, 0)
})

test('a message whose WebSocket ends is an error, and the next one goes over a new one', async (t) => {
  const port = await open(
    t,
    echo((message) => message % 10 === 0),
  )
  const found = await runOpenLoad(load('websocket', port), [])
  assert.deepEqual([found.requests, found.errors], [100, 10])
  const closed = await runOwnLoop(load('websocket', port), [])
  assert.ok(closed.requests > 0 && closed.errors > 0)
})

test('a host that speaks something else is told in words', async (t) => {
  const refuses = net.createServer((socket) => {
    socket.on('error', () => {}) // the client is gone by then
    socket.once('data', () => socket.end('HTTP/1.1 404 Not Found\r\n\r\n'))
  })
  const port = await open(t, refuses)
  await assert.rejects(
    runOpenLoad(load('websocket', port), []),
    /no WebSocket is spoken there: HTTP\/1.1 404/,
  )
  await assert.rejects(
    runOwnLoop(load('websocket', port), []),
    /nothing answered at .*: no WebSocket is spoken/,
  )
  const server = tls.createServer(await makeLeaf(null, { names: ['localhost'] }), (socket) => {
    socket.on('error', () => {}) // likewise
  })
  const old = await open(t, server)
  await assert.rejects(runOpenLoad(load('h2', old), []), /no HTTP\/2 is spoken there/)
})
