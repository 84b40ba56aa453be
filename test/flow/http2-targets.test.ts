/** Targets that speak HTTP/2: heads, bodies both ways, resets both ways, GOAWAY, limits of streams and of time. */
import assert from 'node:assert/strict'
import http2, { type ServerHttp2Stream } from 'node:http2'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import { FakeBalancer, makeRoute, makeService } from '../kit/flow-rig.ts'
import { makeTransportRig, type RigOptions, type Try, until } from '../kit/transport-rig.ts'

const GET = 'GET /a?b=1 HTTP/1.1\nHost: shop.test:81\nCookie: a=1\nAccept: x\nAccept: y\nTE: trailers\n'
const POST = 'POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n'

type Fields = http2.IncomingHttpHeaders
type OnStream = (stream: ServerHttp2Stream, fields: Fields) => void

interface Origin {
  readonly port: number
  readonly sessions: http2.ServerHttp2Session[]
}

function openOrigin(t: TestContext, onStream: OnStream, options: http2.ServerOptions = {}): Promise<Origin> {
  const server = http2.createServer(options)
  const sessions: http2.ServerHttp2Session[] = []
  server.on('session', (session) => {
    sessions.push(session)
    session.on('error', () => {}) // a test may well break it
  })
  server.on('stream', (stream, fields) => {
    stream.on('error', () => {}) // as above
    onStream(stream, fields)
  })
  t.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve({ port: address !== null && typeof address === 'object' ? address.port : 0, sessions })
    })
  })
}

function makeRig(t: TestContext, port: number, more: RigOptions = {}) {
  return makeTransportRig(t, port, { http: 'h2', ...more })
}

function over(told: Try): Promise<void> {
  return until(() => told.isOver, `the end of a try, which so far said ${told.said}`)
}

const ok: OnStream = (stream) => {
  stream.respond({ ':status': 200 })
  stream.end('ok')
}

test('a request has its pseudo-fields, no field of a connection, and what an HTTP/1.1 target would be told', async (t) => {
  let seen: Fields = {}
  const origin = await openOrigin(t, (stream, fields) => {
    seen = fields
    stream.respond({ ':status': 203, 'set-cookie': ['a', 'b'], 'x-own': 'Ä' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end('ok')
  })
  const rig = makeRig(t, origin.port)
  const { x, told } = rig.send(GET)
  await over(told)
  assert.deepEqual([told.said, told.body], [['head 203', 'end'], 'ok'])
  assert.deepEqual(
    [seen[':method'], seen[':scheme'], seen[':path'], seen[':authority'], seen.te, seen.accept, seen.cookie],
    ['GET', 'http', '/a?b=1', 'a', 'trailers', 'x, y', 'a=1'],
  )
  assert.match(seen['via'] ?? '', /sluice/)
  for (const name of ['host', 'connection', 'keep-alive', 'transfer-encoding', 'upgrade'])
    assert.ok(!(name in seen), name)
  assert.equal(x.responseTrailers.valueAt(0), '0')
  const answered = x.response.bytes.latin1Slice(0, x.response.used)
  assert.match(answered, /^HTTP\/1\.1 203 \r\n(?:.*\r\n)*set-cookie: a\r\nset-cookie: b\r\nx-own: Ä\r\n/)
})

test('requests share one session, and what the target allows at once bounds them', async (t) => {
  const held: ServerHttp2Stream[] = []
  const origin = await openOrigin(t, (stream) => held.push(stream), { settings: { maxConcurrentStreams: 3 } })
  const rig = makeRig(t, origin.port, { connectionsMax: 2 })
  // The first one learns the limit.
  const first = rig.send()
  await until(() => held.length === 1, 'the first stream')
  ok(held.pop()!, {})
  await over(first.told)
  const more = Array.from({ length: 8 }, () => rig.send().told)
  await until(() => held.length === 6, 'as many streams as two sessions have')
  assert.deepEqual([origin.sessions.length, rig.pool.open, rig.pool.queued], [2, 2, 2])
  while (more.some((told) => !told.isOver)) {
    await until(() => held.length > 0 || more.every((told) => told.isOver), 'a stream')
    for (const stream of held.splice(0)) ok(stream, {})
  }
  assert.ok(more.every((told) => told.body === 'ok'))
})

test('a body goes out as it comes with its trailers, and the answer may overtake its end', async (t) => {
  let got = ''
  let trailer = ''
  const origin = await openOrigin(t, (stream) => {
    stream.respond({ ':status': 200 })
    stream.write('early')
    stream.on('data', (bytes: Buffer) => {
      got += bytes.toString()
    })
    stream.on('trailers', (fields) => {
      trailer = String(fields['t'])
    })
    stream.on('end', () => stream.end('late'))
  })
  const rig = makeRig(t, origin.port)
  const { x, told } = rig.send(POST)
  await until(() => told.body === 'early', 'the first bytes')
  assert.deepEqual(told.said, ['ready', 'head 200'])
  x.carrier!.writeBody(x, Buffer.from('..hello..'), 2, 7)
  const trailers = Buffer.from('T: 1\r\n\r\n')
  x.requestTrailers.feed(trailers, 0, trailers.length)
  x.carrier!.endBody(x)
  await over(told)
  assert.deepEqual([got, trailer, told.body], ['hello', '1', 'earlylate'])
})

test('a target that does not read stops the client, and is told on when it reads again', async (t) => {
  let reader: ServerHttp2Stream | null = null
  const origin = await openOrigin(t, (stream) => {
    reader = stream
  })
  const rig = makeRig(t, origin.port)
  const { x, told } = rig.send(POST)
  await until(() => told.said.includes('ready'), 'the stream')
  const block = Buffer.alloc(64 * 1024)
  let written = 0
  const limit = 64
  for (let blocked = false; !blocked && written < limit; written++)
    blocked = !x.carrier!.writeBody(x, block, 0, block.length)
  assert.ok(written < limit, 'it was told to stop')
  await until(() => reader !== null, 'the target')
  reader!.resume()
  await until(() => told.said.includes('drain'), 'room again')
})

test('a client that does not read stops the target', async (t) => {
  let poured = 0
  const block = Buffer.alloc(64 * 1024)
  const origin = await openOrigin(t, (stream) => {
    stream.respond({ ':status': 200 })
    const pour = () => {
      while (!stream.destroyed && poured < 64 * 2 ** 20) {
        poured += block.length
        if (!stream.write(block)) return void stream.once('drain', pour)
      }
    }
    pour()
  })
  const rig = makeRig(t, origin.port)
  const { x, told } = rig.send()
  told.wantsMore = false
  await until(() => told.bodyBytes > 0, 'the first bytes')
  const others = rig.send()
  others.told.wantsMore = true
  await until(() => others.told.bodyBytes > 2 ** 20, 'another stream of the same session is not held up')
  assert.ok(told.bodyBytes <= 64 * 1024, `${told.bodyBytes} bytes were given to who asked for none`)
  told.wantsMore = true
  x.carrier!.resume()
  await until(() => told.bodyBytes > 2 ** 20, 'it flows again')
})

test('an interim answer is told, and HEAD and 304 have no body', async (t) => {
  const origin = await openOrigin(t, (stream, fields) => {
    stream.additionalHeaders({ ':status': 103, link: '</a>' })
    stream.respond(
      { ':status': fields[':path'] === '/304' ? 304 : 200, 'content-length': 7 },
      { endStream: true },
    )
  })
  const rig = makeRig(t, origin.port)
  const head = rig.send('HEAD / HTTP/1.1\nHost: a\n')
  await over(head.told)
  assert.deepEqual([head.told.said, head.x.responseLength], [['info 103', 'head 200', 'end'], 7])
  const none = rig.send('GET /304 HTTP/1.1\nHost: a\n')
  none.x.pathEnd = none.x.request.pathEnd
  await over(none.told)
  assert.deepEqual(none.told.said.at(-1), 'end')
})

const resets: readonly [code: number, fault: string][] = [
  [http2.constants.NGHTTP2_REFUSED_STREAM, 'TARGET_REFUSED'],
  [http2.constants.NGHTTP2_INTERNAL_ERROR, 'TARGET_RESET'],
  [http2.constants.NGHTTP2_CANCEL, 'TARGET_RESET'],
  [http2.constants.NGHTTP2_PROTOCOL_ERROR, 'TARGET_INVALID'],
]
for (const [code, fault] of resets)
  test(`a stream that the target resets with ${code} is ${fault}, and the session goes on`, async (t) => {
    const server = await openRaw(t, (send, id) => send(frame(RST_STREAM, 0, id, uint32(code))))
    const rig = makeRig(t, server.port)
    for (let i = 0; i < 2; i++) {
      const { told } = rig.send()
      await over(told)
      assert.equal(told.fault?.code, fault)
    }
    assert.equal(server.connections(), 1)
  })

const { NGHTTP2_NO_ERROR, NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR } = http2.constants
for (const code of [NGHTTP2_NO_ERROR, NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR])
  test(`half an answer is no answer: reset with ${code} behind the first bytes`, async (t) => {
    const server = await openRaw(t, (send, id) => {
      send(frame(HEADERS, END_HEADERS, id, STATUS_200))
      send(frame(DATA, 0, id, Buffer.from('half')))
      send(frame(RST_STREAM, 0, id, uint32(code)))
    })
    const { told } = makeRig(t, server.port).send()
    await over(told)
    assert.deepEqual([told.body, told.fault?.code], ['half', 'TARGET_RESET'])
  })

test('a whole answer stays whole when the rest of the request is declined with NO_ERROR behind it', async (t) => {
  const server = await openRaw(t, (send, id) => {
    send(frame(HEADERS, END_HEADERS, id, STATUS_200))
    send(frame(DATA, END_STREAM, id, Buffer.from('whole')))
    send(frame(RST_STREAM, 0, id, uint32(NGHTTP2_NO_ERROR)))
  })
  const { told } = makeRig(t, server.port).send(POST)
  await over(told)
  assert.deepEqual([told.body, told.fault, told.said.at(-1)], ['whole', null, 'end'])
})

test('a connection that ends in an answer is a fault, not its end', async (t) => {
  const server = await openRaw(t, (send, id, socket) => {
    send(frame(HEADERS, END_HEADERS, id, STATUS_200))
    send(frame(DATA, 0, id, Buffer.from('half')))
    socket.end()
  })
  const { told } = makeRig(t, server.port).send()
  await over(told)
  assert.deepEqual([told.body, told.fault?.code], ['half', 'TARGET_RESET'])
})

test('what is no HTTP/2 is an invalid answer, and what refuses connections is told so', async (t) => {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
  })
  t.after(() => server.close())
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port)) // a TCP server's
  })
  const wrong = makeRig(t, port).send()
  await over(wrong.told)
  assert.equal(wrong.told.fault?.code, 'TARGET_INVALID')
  const refused = makeRig(t, 1).send()
  await over(refused.told)
  assert.equal(refused.told.fault?.code, 'TARGET_CONNECT')
})

test('giving up resets the stream, and no other', async (t) => {
  const held: ServerHttp2Stream[] = []
  const origin = await openOrigin(t, (stream) => held.push(stream))
  const rig = makeRig(t, origin.port)
  const one = rig.send()
  const other = rig.send()
  await until(() => held.length === 2, 'two streams')
  one.x.carrier!.abort(one.x)
  await until(() => held[0]!.destroyed, 'the target knows')
  assert.equal(held[0]!.rstCode, http2.constants.NGHTTP2_CANCEL)
  ok(held[1]!, {})
  await over(other.told)
  assert.deepEqual([other.told.body, one.told.said, origin.sessions.length], ['ok', [], 1])
})

test('GOAWAY: what the target has come to is answered, the rest is refused untouched, and the next goes elsewhere', async (t) => {
  let streams = 0
  const origin = await openOrigin(t, (stream) => {
    streams++
    if (streams === 2) stream.session!.goaway(http2.constants.NGHTTP2_NO_ERROR, stream.id!)
    if (streams <= 2 || stream.session !== origin.sessions[0]) ok(stream, {})
  })
  const rig = makeRig(t, origin.port)
  const all = [rig.send(), rig.send(), rig.send()]
  for (const { told } of all) await over(told)
  assert.deepEqual(
    all.map(({ told }) => told.fault?.code ?? told.body),
    ['ok', 'ok', 'TARGET_REFUSED'],
  )
  const next = rig.send()
  await over(next.told)
  assert.deepEqual([next.told.body, origin.sessions.length], ['ok', 2])
  await until(() => rig.pool.open === 1, 'the old session is gone')
})

test('a session serves no more often than it may, and ends when it idles', async (t) => {
  const origin = await openOrigin(t, ok)
  const rig = makeRig(t, origin.port, { requestsMax: 2 })
  for (let i = 0; i < 5; i++) await over(rig.send().told)
  assert.equal(origin.sessions.length, 3)
  assert.deepEqual([rig.pool.open, rig.pool.idle], [1, 1])
  rig.minuteLater()
  assert.deepEqual([rig.pool.open, rig.pool.idle], [0, 0])
})

test('silence is a read timeout, and a call whose deadline has passed is told that', async (t) => {
  const origin = await openOrigin(t, () => {})
  const rig = makeRig(t, origin.port)
  const silent = rig.send()
  const call = rig.send('POST / HTTP/1.1\nHost: a\nContent-Length: 0\ngrpc-timeout: 1S\n')
  await until(() => origin.sessions.length === 1 && silent.x.sentMs > 0, 'both are sent')
  rig.deadlines.sweep(call.x.startMs + 1001)
  assert.deepEqual([silent.told.isOver, call.told.fault?.code], [false, 'DEADLINE_EXCEEDED'])
  rig.minuteLater()
  assert.equal(silent.told.fault?.code, 'TARGET_READ_TIMEOUT')
})

test('a session whose target answers no ping is given up', async (t) => {
  const server = await openRaw(t, () => {})
  const rig = makeRig(t, server.port)
  const { x, told } = rig.send(GET, (x) => {
    x.route = makeRoute(makeService(new FakeBalancer([rig.target]), { readTimeoutMs: 60_000 }))
  })
  await until(() => x.sentMs > 0 && server.frames().includes(HEADERS), 'the request')
  rig.deadlines.sweep(rig.clock.now() + 11_000)
  await until(() => server.frames().includes(PING), 'a ping')
  assert.equal(told.isOver, false)
  rig.deadlines.sweep(rig.clock.now() + 22_000)
  await over(told)
  assert.equal(told.fault?.code, 'TARGET_RESET')
})

// Frames by hand, for what node:http2 does not do.
const DATA = 0
const HEADERS = 1
const RST_STREAM = 3
const SETTINGS = 4
const PING = 6
const END_HEADERS = 4
const END_STREAM = 1
const STATUS_200 = Buffer.from([0x88])
const PREFACE_BYTES = 24

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function frame(type: number, flags: number, id: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}

type OnRequest = (send: (bytes: Buffer) => void, id: number, socket: net.Socket) => void

async function openRaw(t: TestContext, onRequest: OnRequest) {
  let connections = 0
  const seen: number[] = []
  const server = net.createServer((socket) => {
    connections++
    t.after(() => socket.destroy())
    socket.on('error', () => {})
    socket.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)))
    let bytes = Buffer.alloc(0)
    let skip = PREFACE_BYTES
    socket.on('data', (more: Buffer) => {
      bytes = Buffer.concat([bytes, more])
      for (;;) {
        const at = skip
        if (bytes.length < at + 9) return
        const end = at + 9 + bytes.readUIntBE(at, 3)
        if (bytes.length < end) return
        seen.push(bytes[at + 3]!)
        if (bytes[at + 3] === HEADERS)
          onRequest((out) => socket.write(out), bytes.readUInt32BE(at + 5), socket)
        bytes = bytes.subarray(end)
        skip = 0
      }
    })
  })
  t.after(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address() as net.AddressInfo // a TCP server's
  return { port: address.port, connections: () => connections, frames: () => seen }
}
