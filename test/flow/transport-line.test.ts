/** Requests that share a connection to a target: order, what happens to the others when one goes wrong, and limits. */
import assert from 'node:assert/strict'
import type net from 'node:net'
import { type TestContext, test } from 'node:test'
import { makeTransportRig, openServer, type TestServer, until } from '../kit/transport-rig.ts'

function get(path: string): string {
  return `GET ${path} HTTP/1.1\nHost: a\n`
}

/** The paths asked for on each connection, in order. */
interface Seen extends TestServer {
  readonly asked: string[][]
}

/** Tells the test each time the requests of a connection have grown in number. */
async function seeing(
  t: TestContext,
  then: (socket: net.Socket, paths: string[], connection: number) => void,
): Promise<Seen> {
  const asked: string[][] = []
  const server = await openServer(t, (socket, soFar, connection) => {
    const paths = [...soFar.matchAll(/^[A-Z]+ (\S+) HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)+\r\n/gm)].map(
      (found) => found[1]!,
    )
    const before = asked[connection]?.length ?? 0
    asked[connection] = paths
    if (paths.length > before) then(socket, paths, connection)
  })
  return { ...server, asked }
}

function body(text: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`
}

/** Once `count` requests have come on the first connection: `answer`; others are answered with their path. */
function answeringAll(t: TestContext, count: number, answer: (socket: net.Socket) => void): Promise<Seen> {
  return seeing(t, (socket, paths, connection) => {
    if (connection > 0) socket.write(body(paths.at(-1)!))
    else if (paths.length === count) answer(socket)
  })
}

async function threeOn(t: TestContext, answer: (socket: net.Socket) => void) {
  const server = await answeringAll(t, 4, answer)
  // One line only: a second needs room for itself and one more connection.
  const rig = makeTransportRig(t, server.port, { pipelining: true, connectionsMax: 2 })
  const tries = ['/0', '/1', '/2', '/3'].map((path) => rig.send(get(path)))
  return { server, rig, tries, told: tries.map(({ told }) => told) }
}

test('requests share a line, and each gets its own answer, however the answers are cut', async (t) => {
  const all = ['a', 'bb', '', 'dddd'].map(body).join('')
  const { server, rig, told } = await threeOn(t, async (socket) => {
    for (const byte of all) {
      socket.write(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  for (const one of told) await until(() => one.isOver, 'an answer')
  assert.deepEqual(
    told.map((one) => one.body),
    ['a', 'bb', '', 'dddd'],
  )
  assert.deepEqual(server.asked, [['/0', '/1', '/2', '/3']])
  assert.equal(rig.pool.open, 1, 'the line stays')
})

test('an answer to HEAD has no body in between', async (t) => {
  const server = await answeringAll(t, 2, (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n${body('b')}`),
  )
  const rig = makeTransportRig(t, server.port, { pipelining: true, connectionsMax: 2 })
  const [head, next] = [rig.send('HEAD /a HTTP/1.1\nHost: a\n'), rig.send(get('/b'))]
  await until(() => next.told.isOver, 'the second answer')
  assert.deepEqual([head.told.said, next.told.body], [['head 200', 'end'], 'b'])
})

test('the answer to a request that was given up is nobody else’s', async (t) => {
  for (const given of [1, 3]) {
    const { rig, tries, told } = await threeOn(t, (socket) =>
      socket.write(['a', 'b', 'c', 'd'].map(body).join('')),
    )
    tries[given]!.x.carrier!.abort(tries[given]!.x)
    tries[given]!.x.reset()
    for (const [i, one] of told.entries()) if (i !== given) await until(() => one.isOver, `answer ${i}`)
    assert.deepEqual(
      told.map((one) => one.said.join(' ')),
      ['head 200 end', 'head 200 end', 'head 200 end', 'head 200 end'].map((said, i) =>
        i < given ? said : i === given ? '' : 'TARGET_RESET',
      ),
      'those behind it go elsewhere',
    )
    assert.equal(rig.pool.open, 0, 'the line ends where the answer of nobody would be read')
  }
})

test('nobody waits behind a request that was given up, now or later', async (t) => {
  const server = await seeing(t, (socket, paths, connection) => {
    if (connection > 0) socket.write(body(paths.at(-1)!))
  })
  const rig = makeTransportRig(t, server.port, { pipelining: true, connectionsMax: 2 })
  const [hangs, behind] = [rig.send(get('/hangs')), rig.send(get('/behind'))]
  await until(() => server.asked[0]?.length === 2, 'both are sent')
  hangs.x.carrier!.abort(hangs.x)
  assert.deepEqual(behind.told.said, ['TARGET_RESET'])
  assert.equal(behind.x.reused, true, 'which costs it no try')
  const later = rig.send(get('/later'))
  await until(() => later.told.isOver, 'the answer to a later one')
  assert.equal(later.told.body, '/later')
})

test('a retry does not share a line', async (t) => {
  const server = await seeing(t, () => {})
  const rig = makeTransportRig(t, server.port, { pipelining: true })
  for (const attempts of [1, 2])
    rig.send(get(`/${attempts}`), (x) => {
      x.attempts = attempts
    })
  await until(() => server.asked.flat().length === 2, 'both are sent')
  assert.equal(rig.pool.lines.choose(1000)?.depth, 1)
  assert.equal(rig.pool.open, 2)
})

test('when the first gives up amid its answer, the others are tried elsewhere', async (t) => {
  const { tries, told, rig } = await threeOn(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab'),
  )
  await until(() => told[0]!.body === 'ab', 'the first answer begins')
  tries[0]!.x.carrier!.abort(tries[0]!.x)
  assert.deepEqual(
    told.map((one) => one.said),
    [['head 200'], ['TARGET_RESET'], ['TARGET_RESET'], ['TARGET_RESET']],
  )
  assert.deepEqual(
    tries.slice(1).map(({ x }) => x.reused),
    [true, true, true],
    'which costs them no try',
  )
  assert.equal(rig.pool.open, 0)
})

const faults: readonly [what: string, text: string, then: (socket: net.Socket) => void, first: string[]][] = [
  ['is no answer', 'SSH-2.0\r\n', () => {}, ['TARGET_INVALID']],
  [
    'breaks off',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab',
    (socket) => socket.end(),
    ['head 200', 'TARGET_RESET'],
  ],
  ['is a reset', '', (socket) => socket.resetAndDestroy(), ['TARGET_RESET']],
  [
    'is a last one',
    'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx',
    () => {},
    ['head 200', 'end'],
  ],
  ['ends with the connection', 'HTTP/1.1 200 OK\r\n\r\nx', (socket) => socket.end(), ['head 200', 'end']],
]
for (const [what, text, then, first] of faults)
  test(`when the first answer ${what}, that is its own affair, and the others may be tried again`, async (t) => {
    const { told, rig } = await threeOn(t, (socket) => {
      socket.write(text)
      then(socket)
    })
    for (const one of told) await until(() => one.isOver, 'an end')
    assert.deepEqual(
      told.map((one) => one.said),
      [first, ['TARGET_RESET'], ['TARGET_RESET'], ['TARGET_RESET']],
    )
    await until(() => rig.pool.open === 0, 'the line is closed')
  })

test('a reset is never the end of a body that ends with the connection', async (t) => {
  const { told, server } = await threeOn(t, (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nx'))
  await until(() => told[0]!.body === 'x', 'the body begins')
  server.sockets[0]!.resetAndDestroy()
  await until(() => told[0]!.isOver, 'an end')
  assert.deepEqual(told[0]!.said, ['head 200', 'TARGET_RESET'])
})

test('silence is the first one’s timeout only', async (t) => {
  const { told, rig } = await threeOn(t, () => {})
  await until(() => rig.pool.lines.choose(1000)?.depth === 4, 'all are sent')
  await new Promise((resolve) => setTimeout(resolve, 20))
  rig.minuteLater()
  assert.deepEqual(
    told.map((one) => one.said),
    [['TARGET_READ_TIMEOUT'], ['TARGET_RESET'], ['TARGET_RESET'], ['TARGET_RESET']],
  )
})

test('a first client that is slow keeps the line for itself, without a limit, and the others go elsewhere', async (t) => {
  const total = 16 << 20
  const { server, told, tries, rig } = await threeOn(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`)
    socket.write(Buffer.alloc(total))
  })
  told[0]!.wantsMore = false
  await until(() => told[3]!.isOver, 'the others are sent away')
  assert.deepEqual(
    told.slice(1).map((one) => one.said),
    [['TARGET_RESET'], ['TARGET_RESET'], ['TARGET_RESET']],
  )
  await until(() => server.sockets[0]!.writableLength > 0, 'the target is stopped')
  rig.minuteLater()
  assert.deepEqual([told[0]!.said, rig.pool.lines.choose(1000)], [['head 200'], null])
  assert.ok(told[0]!.bodyBytes < total)
  told[0]!.wantsMore = true
  tries[0]!.x.carrier!.resume()
  await until(() => told[0]!.isOver, 'the first is served')
  assert.deepEqual([told[0]!.bodyBytes, told[0]!.said], [total, ['head 200', 'end']])
  assert.equal(rig.pool.open, 0, 'answers for the others would come behind it')
})

test('a line whose last client was slow to the end goes on', async (t) => {
  const server = await answeringAll(t, 1, (socket) => socket.write(body('ab')))
  const rig = makeTransportRig(t, server.port, { pipelining: true })
  const { told } = rig.send(get('/a'))
  told.wantsMore = false
  await until(() => told.isOver, 'the answer')
  assert.equal(rig.pool.lines.choose(1000)?.depth, 0)
})

test('when the target refuses connections all are told so', async (t) => {
  const server = await seeing(t, () => {})
  const rig = makeTransportRig(t, server.port, { pipelining: true, connectionsMax: 2 })
  const tries = [rig.send(get('/a')), rig.send(get('/b'))]
  rig.minuteLater()
  for (const { told } of tries) assert.deepEqual(told.said, ['TARGET_CONNECT_TIMEOUT'])
})

test('requests that may act never share a line, and always find a connection', async (t) => {
  const server = await seeing(t, () => {})
  const rig = makeTransportRig(t, server.port, { pipelining: true, connectionsMax: 2 })
  for (let i = 0; i < 3; i++) rig.send(get(`/${i}`))
  const post = rig.send('POST /p HTTP/1.1\nHost: a\nContent-Length: 0\n')
  await until(() => (server.asked[0]?.length ?? 0) + (server.asked[1]?.length ?? 0) === 4, 'all are sent')
  assert.deepEqual(server.asked.map((paths) => paths.join(' ')).sort(), ['/0 /1 /2', '/p'])
  assert.deepEqual(post.told.said, [])
})

test('a line that has served enough is closed, and its place is free', async (t) => {
  const server = await seeing(t, (socket, paths) => socket.write(body(paths.at(-1)!)))
  const rig = makeTransportRig(t, server.port, { pipelining: true, requestsMax: 2 })
  for (let i = 0; i < 5; i++) {
    const { told } = rig.send(get(`/${i}`))
    await until(() => told.isOver, 'an answer')
    assert.equal(told.body, `/${i}`)
  }
  assert.deepEqual(server.asked, [['/0', '/1'], ['/2', '/3'], ['/4']])
  assert.equal(rig.pool.open, 1)
})

test('a line that closes makes room for a try that waits', async (t) => {
  const server = await seeing(t, (socket, paths) => {
    if (paths[0] === '/p') socket.write(body('p'))
  })
  const rig = makeTransportRig(t, server.port, { pipelining: true, connectionsMax: 2 })
  const line = rig.send(get('/0'))
  const post = 'POST /q HTTP/1.1\nHost: a\nContent-Length: 0\n'
  rig.send(post)
  const waits = rig.send(post.replace('/q', '/p'))
  await until(() => server.sockets.length === 2, 'both connections are in use')
  line.x.carrier!.abort(line.x)
  server.sockets.find((_socket, i) => server.asked[i]?.[0] === '/0')?.destroy()
  await until(() => waits.told.isOver, 'the one that waited')
  assert.equal(waits.told.body, 'p')
})
