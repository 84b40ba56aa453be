/** Connections to a target over real sockets: reuse, bodies, backpressure, faults and limits. */
import assert from 'node:assert/strict'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import { makeTransportRig, openServer, type Try, until } from '../kit/transport-rig.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const POST = 'POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n'
const LONG = `POST / HTTP/1.1\nHost: a\nContent-Length: ${64 << 20}\n`

function isWhole(soFar: string): boolean {
  return soFar.endsWith('\r\n\r\n')
}

function over(told: Try): Promise<void> {
  return until(() => told.isOver, `the end of a try, which so far said ${told.said}`)
}

/** Answers every whole head with `text`. */
function answering(t: TestContext, text: string, then: (socket: net.Socket) => void = () => {}) {
  return openServer(t, (socket, soFar) => {
    if (!isWhole(soFar)) return
    socket.write(text)
    then(socket)
  })
}

test('a connection is kept and used again, and the request says so', async (t) => {
  const server = await answering(t, OK)
  const rig = makeTransportRig(t, server.port)
  for (let i = 0; i < 3; i++) {
    const { x, told } = rig.send()
    await over(told)
    assert.deepEqual([told.said, told.body, x.reused], [['head 200', 'end'], 'ok', i > 0])
    assert.equal(x.carrier, null)
  }
  assert.deepEqual([server.sockets.length, rig.pool.open, rig.pool.idle], [1, 1, 1])
})

test('requests at once have connections of their own, and the last one used is used next', async (t) => {
  const server = await answering(t, OK)
  const rig = makeTransportRig(t, server.port, { idleMax: 1 })
  const both = [rig.send(), rig.send()]
  for (const { told } of both) await over(told)
  assert.equal(server.sockets.length, 2)
  assert.deepEqual([rig.pool.open, rig.pool.idle], [1, 1], 'one more than may idle is closed')
})

const ends: readonly [what: string, text: string, method?: string][] = [
  ['the target says so', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
  ['the target speaks HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['bytes lie behind the answer', `${OK}HTTP/1.1 200 OK\r\n`],
]
for (const [what, text] of ends)
  test(`a connection is not used again when ${what}`, async (t) => {
    const server = await answering(t, text)
    const rig = makeTransportRig(t, server.port)
    for (let i = 0; i < 2; i++) {
      const { told } = rig.send()
      await over(told)
      assert.equal(told.body, 'ok')
    }
    assert.deepEqual([server.sockets.length, rig.pool.open], [2, 0])
  })

test('a connection is not used more often than it may be', async (t) => {
  const server = await answering(t, OK)
  const rig = makeTransportRig(t, server.port, { requestsMax: 2 })
  for (let i = 0; i < 4; i++) await over(rig.send().told)
  assert.equal(server.sockets.length, 2)
})

test('a connection that the target closes or speaks on while idle is dropped', async (t) => {
  const server = await answering(t, OK)
  const rig = makeTransportRig(t, server.port)
  for (const spoil of [
    (socket: net.Socket) => socket.end(),
    (socket: net.Socket) => socket.write('HTTP/1.1 408 T\r\n\r\n'),
  ]) {
    await over(rig.send().told)
    spoil(server.sockets.at(-1)!)
    await until(() => rig.pool.open === 0, 'the connection is gone')
    assert.equal(rig.pool.idle, 0)
  }
  await over(rig.send().told)
  rig.minuteLater()
  assert.deepEqual([rig.pool.open, rig.pool.idle], [0, 0], 'so is one that idles for too long')
})

test('a chunked body goes out in chunks as it comes, with its trailers', async (t) => {
  let got = ''
  const server = await openServer(t, (socket, soFar) => {
    got = soFar
    if (soFar.endsWith('T: 1\r\n\r\n')) socket.write(OK)
  })
  const rig = makeTransportRig(t, server.port)
  const { x, told } = rig.send(POST)
  await until(() => told.said.includes('ready'), 'the target is connected')
  const bytes = Buffer.from('..hello world..')
  assert.equal(x.carrier!.writeBody(x, bytes, 2, 7), true)
  await until(() => got.endsWith('5\r\nhello\r\n'), 'the first chunk has come')
  x.carrier!.writeBody(x, bytes, 7, 13)
  const trailers = Buffer.from('T: 1\r\n\r\n')
  x.requestTrailers.feed(trailers, 0, trailers.length)
  x.carrier!.endBody(x)
  await over(told)
  assert.ok(got.endsWith('\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nT: 1\r\n\r\n'), got)
})

test('before the target is connected nothing of a body is sent, however early it comes', async (t) => {
  let got = ''
  const server = await openServer(t, (socket, soFar) => {
    got = soFar
    if (soFar.endsWith('0\r\n\r\n')) socket.write(OK)
  })
  const rig = makeTransportRig(t, server.port)
  const { x, told } = rig.send(POST)
  x.carrier!.writeBody(x, Buffer.from('lost'), 0, 4)
  x.carrier!.endBody(x)
  told.onReady = () => x.carrier!.endBody(x)
  await over(told)
  assert.match(got, /^POST \/ HTTP\/1\.1\r\n.*\r\n\r\n0\r\n\r\n$/s)
})

test('a target that does not read stops the body; all of it arrives once it reads', async (t) => {
  let bytes = 0
  let head = ''
  const server = await openServer(t, (_socket, soFar) => {
    head = soFar
  })
  const rig = makeTransportRig(t, server.port)
  const { x, told } = rig.send(LONG)
  await until(() => isWhole(head), 'the head has come')
  const socket = server.sockets[0]!
  socket.removeAllListeners('data')
  socket.pause()
  const piece = Buffer.alloc(100_000, 120)
  let sent = 0
  const total = 64 << 20
  const write = (): boolean => {
    const count = Math.min(piece.length, total - sent)
    sent += count
    return x.carrier!.writeBody(x, piece, 0, count)
  }
  while (write());
  assert.ok(sent < total, 'the body was stopped')
  assert.deepEqual(told.said, ['ready'])
  // Small writes behind a full kernel buffer must not be forgotten.
  piece.fill(121)
  for (let i = 0; i < 3; i++) {
    assert.equal(x.carrier!.writeBody(x, piece, 0, 10), false)
    sent += 10
  }
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  socket.resume()
  while (sent < total) {
    const drains = told.said.length
    await until(() => told.said.length > drains, 'the target makes room')
    assert.equal(told.said.at(-1), 'drain')
    while (sent < total && write());
  }
  x.carrier!.endBody(x)
  await until(() => bytes >= total, 'all has come')
  assert.equal(bytes, total)
  socket.write(OK)
  await over(told)
  assert.equal(told.said.at(-1), 'end')
})

test('a target that does not read for too long is a write timeout', async (t) => {
  const server = await openServer(t, (socket) => socket.pause())
  const rig = makeTransportRig(t, server.port)
  const { x, told } = rig.send(LONG)
  await until(() => told.said.includes('ready'), 'the target is connected')
  const piece = Buffer.alloc(500_000)
  while (x.carrier!.writeBody(x, piece, 0, piece.length));
  rig.minuteLater()
  assert.equal(told.fault?.code, 'TARGET_WRITE_TIMEOUT')
  assert.equal(rig.pool.open, 0)
})

test('a client that does not read stops the target, and no limit passes meanwhile', async (t) => {
  const total = 32 << 20
  const server = await answering(t, `HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`, (socket) => {
    socket.write(Buffer.alloc(total))
  })
  const rig = makeTransportRig(t, server.port)
  const { x, told } = rig.send()
  told.wantsMore = false
  await until(() => told.bodyBytes > 0, 'the body begins')
  const socket = server.sockets[0]!
  await until(() => socket.writableLength > 0, 'the target is stopped')
  const before = told.bodyBytes
  rig.minuteLater()
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(told.bodyBytes, before)
  assert.equal(told.fault, null)
  told.wantsMore = true
  x.carrier!.resume()
  await over(told)
  assert.deepEqual([told.bodyBytes, told.said.at(-1), rig.pool.idle], [total, 'end', 1])
})

test('a target that is silent is a read timeout, but not while the client still owes its body', async (t) => {
  const server = await openServer(t, () => {})
  const rig = makeTransportRig(t, server.port)
  const { x, told } = rig.send(POST)
  await until(() => told.said.includes('ready'), 'the target is connected')
  rig.minuteLater()
  assert.deepEqual(told.said, ['ready'])
  x.carrier!.endBody(x)
  rig.minuteLater()
  assert.deepEqual(told.said, ['ready', 'TARGET_READ_TIMEOUT'])
  assert.equal(x.carrier, null)
})

const broken: readonly [what: string, text: string, spoil: (socket: net.Socket) => void, said: string[]][] = [
  ['closes without a word', '', (socket) => socket.end(), ['TARGET_RESET']],
  ['resets without a word', '', (socket) => socket.resetAndDestroy(), ['TARGET_RESET']],
  [
    'closes amid a body',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab',
    (socket) => socket.end(),
    ['head 200', 'TARGET_RESET'],
  ],
  [
    'closes a body that ends with the close',
    'HTTP/1.1 200 OK\r\n\r\nab',
    (socket) => socket.end(),
    ['head 200', 'end'],
  ],
  ['speaks another language', 'SSH-2.0\r\n', () => {}, ['TARGET_INVALID']],
]
for (const [what, text, spoil, said] of broken)
  test(`a target that ${what}: ${said.at(-1)}`, async (t) => {
    const server = await answering(t, text, spoil)
    const rig = makeTransportRig(t, server.port)
    const { told } = rig.send()
    await over(told)
    assert.deepEqual(told.said, said)
    assert.deepEqual([rig.pool.open, rig.pool.idle], [0, 0])
  })

test('a reset is never the end of a body, even of one that the close would have ended', async (t) => {
  const server = await answering(t, 'HTTP/1.1 200 OK\r\n\r\nab')
  const rig = makeTransportRig(t, server.port)
  const { told } = rig.send()
  await until(() => told.body === 'ab', 'the body begins')
  server.sockets[0]!.resetAndDestroy()
  await over(told)
  assert.deepEqual(told.said, ['head 200', 'TARGET_RESET'])
})

test('nobody listening is a connect fault, told after send has returned', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await until(() => server.listening, 'a port that was free')
  const { port } = server.address() as net.AddressInfo // listening on TCP
  await new Promise((resolve) => server.close(resolve))
  const rig = makeTransportRig(t, port)
  const { told } = rig.send()
  assert.equal(told.isOver, false)
  await over(told)
  assert.deepEqual([told.said, rig.pool.open], [['TARGET_CONNECT'], 0])
})

test('a try whose connection is not made in time fails, and a late connection serves nobody', async (t) => {
  const server = await answering(t, OK)
  const rig = makeTransportRig(t, server.port)
  const { told } = rig.send()
  rig.minuteLater()
  assert.deepEqual([told.said, rig.pool.open], [['TARGET_CONNECT_TIMEOUT'], 0])
})

test('a try that is given up says nothing more, and its connection is closed', async (t) => {
  const server = await answering(t, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab')
  const rig = makeTransportRig(t, server.port)
  const { x, told } = rig.send()
  await until(() => told.body === 'ab', 'the body begins')
  x.carrier!.abort(x)
  assert.equal(rig.pool.open, 0)
  await until(() => server.sockets[0]!.readableEnded || server.sockets[0]!.destroyed, 'the target is told')
  assert.deepEqual(told.said, ['head 200'])
})

test('an answer before the end of the body is taken, and its connection is not used again', async (t) => {
  const server = await openServer(t, (socket, soFar) => {
    if (soFar.includes('\r\n\r\n')) socket.write(OK)
  })
  const rig = makeTransportRig(t, server.port)
  const { told } = rig.send(POST)
  await over(told)
  assert.deepEqual(told.said, ['ready', 'head 200', 'end'])
  assert.equal(rig.pool.open, 0)
})

test('with all connections in use, tries wait in order for one that becomes free, or for a place', async (t) => {
  const server = await answering(t, OK)
  const rig = makeTransportRig(t, server.port, { connectionsMax: 1 })
  const order: number[] = []
  const tries = [0, 1, 2, 3].map((i) => {
    const sent = rig.send()
    sent.told.onOver = () => order.push(i)
    return sent
  })
  tries[2]!.x.carrier!.abort(tries[2]!.x)
  for (const i of [0, 1, 3]) await over(tries[i]!.told)
  assert.deepEqual(order, [0, 1, 3])
  assert.equal(server.sockets.length, 1)
  assert.deepEqual(tries[2]!.told.said, [])

  const [last, next] = [rig.send(), rig.send()]
  last.x.carrier!.abort(last.x)
  await over(next.told)
  assert.deepEqual([next.told.said.at(-1), server.sockets.length], ['end', 2])
})

test('a full queue refuses at once, and waiting has an end', async (t) => {
  const server = await openServer(t, () => {})
  const rig = makeTransportRig(t, server.port, { connectionsMax: 1, queueMax: 1 })
  const [first, waits, refused] = [rig.send(POST), rig.send(), rig.send()]
  assert.deepEqual(refused.told.said, ['TARGET_QUEUE_FULL'])
  await until(() => first.told.said.includes('ready'), 'the first is connected')
  rig.minuteLater()
  assert.deepEqual([waits.told.said, waits.x.carrier], [['TARGET_CONNECT_TIMEOUT'], null])
})

test('a try that asks for a new connection gets one', async (t) => {
  const server = await answering(t, OK)
  const rig = makeTransportRig(t, server.port)
  await over(rig.send().told)
  const { x, told } = rig.send(undefined, (x) => {
    x.freshOnly = true
  })
  await over(told)
  assert.deepEqual([x.reused, server.sockets.length], [false, 2])
})
