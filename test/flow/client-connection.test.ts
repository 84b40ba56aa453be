/**
 * One client's connection over a real socket: order, early answers, half-closing, limits, draining; no exchange
 * is lost.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults } from '../../src/base/faults.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import { answer, type ClientRig, LIMITS, makeClientRig } from '../kit/client-rig.ts'
import { until } from '../kit/transport-rig.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const BIG = Buffer.alloc(24 << 20, 120)

async function assertNoneLost(rig: ClientRig): Promise<void> {
  await until(() => rig.pool.out.size === 0, 'every exchange is given back')
  assert.equal(rig.pool.twice, 0, 'none is given back twice')
}

function bodies(got: string): string[] {
  return got
    .split('HTTP/1.1 200 OK')
    .slice(1)
    .map((part) => part.split('\r\n\r\n')[1]!)
}

test('pipelined requests are answered in order, also behind a body and when answers come late', async (t) => {
  const rig = await makeClientRig(t)
  const waiting: Exchange[] = []
  let body = ''
  rig.flow.onEnter = (x) => {
    waiting.push(x)
    if (x.requestLength > 0) x.client!.resumeBody(x)
  }
  rig.flow.onBody = (_x, text) => {
    body += text
  }
  const client = await rig.connect()
  client.socket.write(
    `POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello${GET.replace('/', '/2')}${GET.replace('/', '/3')}`,
  )
  for (let i = 1; i <= 3; i++) {
    await until(() => waiting.length === i, `request ${i}`)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(waiting.length, i, 'one at a time')
    answer(waiting[i - 1]!, `answer ${i}`)
  }
  await until(() => bodies(client.got()).length === 3, 'three answers')
  assert.deepEqual(bodies(client.got()), ['answer 1', 'answer 2', 'answer 3'])
  assert.deepEqual(rig.flow.said, ['enter /1', 'end', 'enter /2', 'enter /3'])
  assert.equal(body, 'hello')
  await assertNoneLost(rig)
})

test('a body that nobody asked for is held back by the client’s kernel, not by our memory', async (t) => {
  const rig = await makeClientRig(t)
  const taken: string[] = []
  let x: Exchange | null = null
  rig.flow.onEnter = (entered) => {
    x = entered
  }
  rig.flow.onBody = (_x, text) => taken.push(text)
  const client = await rig.connect()
  client.socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${BIG.length}\r\n\r\n`)
  client.socket.write(BIG)
  await until(() => x !== null, 'the head')
  await until(() => client.socket.writableLength > 0, 'the client is stopped')
  assert.deepEqual(taken, [])
  x!.client!.resumeBody(x!)
  await until(() => taken.length > 0, 'the body flows')
  x!.client!.pauseBody(x!)
  const before = taken.length
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(taken.length, before)
  x!.client!.resumeBody(x!)
  await until(() => rig.flow.said.includes('end'), 'all of it')
  assert.equal(taken.join('').length, BIG.length)
  answer(x!, 'ok')
  await assertNoneLost(rig)
})

test('an answer before the body ends keeps the connection: the rest is read and dropped', async (t) => {
  const rig = await makeClientRig(t)
  const client = await rig.connect()
  client.socket.write('POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhel')
  await until(() => bodies(client.got()).length === 1, 'the early answer')
  client.socket.write(`lo you!${GET}`)
  await until(() => bodies(client.got()).length === 2, 'the next answer')
  assert.deepEqual(rig.flow.said, ['enter /1', 'enter /'])
  client.socket.write('POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
  await until(() => bodies(client.got()).length === 3, 'the early answer')
  client.socket.write(`fffff\r\n${'x'.repeat(0xfffff)}\r\nff\r\n${'x'.repeat(255)}`)
  await until(() => client.isClosed(), 'more than a megabyte is too much')
  await assertNoneLost(rig)
})

test('a client that closes its side with its request gets its answer, however long the body took', async (t) => {
  const rig = await makeClientRig(t)
  let x: Exchange | null = null
  rig.flow.onEnter = (entered) => {
    x = entered
    entered.client!.resumeBody(entered)
  }
  const client = await rig.connect()
  client.socket.write('POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel')
  await until(() => x !== null, 'the head')
  rig.later(5000)
  client.socket.end('lo')
  await until(() => rig.flow.said.includes('end'), 'the body')
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(rig.flow.said, ['enter /1', 'end'])
  answer(x!, 'late')
  await until(() => client.isClosed(), 'the end')
  assert.deepEqual(bodies(client.got()), ['late'])
  await assertNoneLost(rig)
})

test('a client that closes its side later, or amid its body, has gone', async (t) => {
  for (const text of [GET, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc']) {
    const rig = await makeClientRig(t)
    rig.flow.onEnter = (x) => {
      if (x.requestLength > 0) x.client!.resumeBody(x)
    }
    const client = await rig.connect()
    client.socket.write(text)
    await until(() => rig.flow.said.length === 1, 'the request')
    rig.later(5000)
    client.socket.end()
    await until(() => rig.flow.said.length === 2, 'it is noticed')
    assert.equal(rig.flow.said[1], `gone ${faults.CLIENT_GONE.code}`)
    await assertNoneLost(rig)
  }
})

const silences: readonly [what: string, sent: string, ms: number, said: string | undefined][] = [
  ['before a head', '', LIMITS.headerTimeoutMs, undefined],
  ['amid a head', 'GET / HTTP', LIMITS.headerTimeoutMs, 'refuse REQUEST_TIMEOUT'],
  [
    'amid a body',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc',
    LIMITS.bodyTimeoutMs,
    'refuse REQUEST_TIMEOUT',
  ],
  ['between requests', GET, LIMITS.keepAliveTimeoutMs, 'enter /'],
]
for (const [what, sent, ms, said] of silences)
  test(`silence ${what} has its own limit`, async (t) => {
    const rig = await makeClientRig(t)
    rig.flow.onEnter = (x) => (x.requestLength > 0 ? x.client!.resumeBody(x) : answer(x, 'ok'))
    const client = await rig.connect()
    client.socket.write(sent)
    if (sent === GET) await until(() => bodies(client.got()).length === 1, 'the answer')
    else if (sent !== '') await until(() => rig.pool.out.size === 1, 'the beginning')
    await new Promise((resolve) => setTimeout(resolve, 20))
    rig.later(ms - 1000)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(client.isClosed(), false)
    rig.later(1001)
    await until(() => client.isClosed(), 'it is cut')
    assert.equal(rig.flow.said.at(-1), said)
    await assertNoneLost(rig)
  })

test('no limit runs while the flow is at work, or has not asked for the body', async (t) => {
  const rig = await makeClientRig(t)
  rig.flow.onEnter = () => {}
  for (const text of [GET, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc']) {
    const client = await rig.connect()
    client.socket.write(text)
    const before = rig.flow.said.length
    await until(() => rig.flow.said.length > before, 'the request')
  }
  rig.later(10_000_000)
  assert.deepEqual(rig.flow.said, ['enter /', 'enter /'])
  assert.equal(rig.listener.connections, 2)
})

for (const connection of ['keep-alive', 'close'])
  test(`a slow reader has the send timeout for its answer, not less (Connection: ${connection})`, async (t) => {
    for (const isPatient of [true, false]) {
      const rig = await makeClientRig(t)
      rig.flow.onEnter = (x) => answer(x, BIG)
      const client = await rig.connect()
      client.socket.pause()
      client.socket.write(`GET / HTTP/1.1\r\nHost: a\r\nConnection: ${connection}\r\n\r\n`)
      await until(() => rig.flow.said.length === 1 && rig.pool.out.size === 0, 'the answer is on its way')
      await new Promise((resolve) => setTimeout(resolve, 20))
      rig.later(LIMITS.sendTimeoutMs - 1000)
      assert.equal(rig.listener.connections, 1, 'still there')
      if (!isPatient) {
        rig.later(1001)
        assert.equal(rig.listener.connections, 0)
        continue
      }
      client.socket.resume()
      await until(() => client.got().length > BIG.length, 'all of it')
      if (connection === 'close') await until(() => client.isClosed(), 'the end')
      assert.ok(client.got().endsWith('xxx'))
    }
  })

test('a client that does not read has that limit also while its own body is stopped', async (t) => {
  const rig = await makeClientRig(t)
  let x: Exchange | null = null
  rig.flow.onEnter = (entered) => {
    x = entered
    entered.client!.resumeBody(entered)
  }
  const client = await rig.connect()
  client.socket.pause()
  client.socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc')
  await until(() => x !== null, 'the request')
  x!.status = 200
  x!.responseLength = BIG.length
  x!.client!.writeHead(x!)
  x!.client!.writeBody(x!, BIG, 0, BIG.length)
  await new Promise((resolve) => setTimeout(resolve, 20))
  x!.client!.pauseBody(x!)
  rig.later(LIMITS.sendTimeoutMs + 1)
  assert.deepEqual(rig.flow.said, ['enter /', 'gone CLIENT_STALLED'])
  await assertNoneLost(rig)
})

test('a slow reader is told of by a false, and its room by a drain', async (t) => {
  const rig = await makeClientRig(t)
  let x: Exchange | null = null
  rig.flow.onEnter = (entered) => {
    x = entered
  }
  const client = await rig.connect()
  client.socket.pause()
  client.socket.write(GET)
  await until(() => x !== null, 'the request')
  x!.status = 200
  x!.responseLength = -1
  x!.client!.out.putLatin1('HTTP/1.1 200 OK\r\n')
  x!.client!.writeHead(x!)
  const piece = Buffer.alloc(100_000, 120)
  let pieces = 0
  while (x!.client!.writeBody(x!, piece, 0, piece.length)) pieces++
  // A short rest behind a full kernel buffer must not be forgotten.
  assert.equal(x!.client!.writeBody(x!, piece, 0, 10), false)
  client.socket.resume()
  await until(() => rig.flow.said.includes('drain'), 'room')
  x!.client!.end(x!)
  await until(() => client.got().endsWith('0\r\n\r\n'), 'the end')
  assert.ok(client.got().length > (pieces + 1) * piece.length)
  await assertNoneLost(rig)
})

test('a request behind an answer that is not read waits', async (t) => {
  const rig = await makeClientRig(t)
  rig.flow.onEnter = (x) => answer(x, rig.flow.said.length === 1 ? BIG : 'small')
  const client = await rig.connect()
  client.socket.pause()
  client.socket.write(GET)
  await until(() => rig.flow.said.length === 1, 'the request')
  await new Promise((resolve) => setTimeout(resolve, 20))
  client.socket.write(GET)
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(rig.flow.said.length, 1)
  client.socket.resume()
  await until(() => client.got().endsWith('small'), 'both answers')
  await assertNoneLost(rig)
})

test('draining lets an answer under way and one on its way leave whole, and ends idle connections', async (t) => {
  const rig = await makeClientRig(t)
  let late: Exchange | null = null
  rig.flow.onEnter = (x) => {
    if (rig.flow.said.length === 2) answer(x, BIG)
    else if (rig.flow.said.length === 1) answer(x, 'ok')
    else late = x
  }
  const [idle, slow, asking] = [await rig.connect(), await rig.connect(), await rig.connect()]
  idle.socket.write(GET)
  await until(() => bodies(idle.got()).length === 1, 'an answer')
  slow.socket.pause()
  slow.socket.write(GET)
  await until(() => rig.flow.said.length === 2, 'the slow one')
  await new Promise((resolve) => setTimeout(resolve, 20))
  asking.socket.write(GET)
  await until(() => late !== null, 'the late one')
  let isDrained = false
  rig.listener.drain().then(() => {
    isDrained = true
  })
  rig.later(1001)
  await until(() => idle.isClosed(), 'the idle one ends')
  answer(late!, 'late')
  await until(() => asking.isClosed(), 'the late one ends')
  assert.match(asking.got(), /Connection: close\r\n.*late$/s)
  assert.equal(isDrained, false)
  slow.socket.resume()
  await until(() => slow.isClosed(), 'the slow one ends')
  assert.ok(slow.got().length > BIG.length)
  for (const client of [slow, asking]) client.socket.end()
  await until(() => isDrained, 'nobody is left')
  await assertNoneLost(rig)
})

test('a cut answer never looks whole: not even to a client of HTTP/1.0, whose answer the close ends', async (t) => {
  const rig = await makeClientRig(t)
  rig.flow.onEnter = (x) => {
    x.status = 200
    x.responseLength = -2
    x.client!.out.putLatin1('HTTP/1.1 200 OK\r\n')
    x.client!.writeHead(x)
    x.client!.writeBody(x, Buffer.from('half'), 0, 4)
    setTimeout(() => x.client!.abort(x), 20)
  }
  const client = await rig.connect()
  let failure = ''
  client.socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code ?? ''
  })
  client.socket.write('GET / HTTP/1.0\r\n\r\n')
  await until(() => client.isClosed(), 'it is cut')
  assert.equal(failure, 'ECONNRESET')
  await assertNoneLost(rig)
})

test('a request that was on its way to a listener that drains is answered, as the last of its connection', async (t) => {
  const rig = await makeClientRig(t)
  rig.flow.onEnter = (x) => answer(x, 'ok')
  const client = await rig.connect()
  client.socket.write(GET)
  await until(() => bodies(client.got()).length === 1, 'an answer')
  const drained = rig.listener.drain()
  rig.later(900)
  client.socket.write(GET)
  await until(() => client.isClosed(), 'the end')
  assert.match(client.got(), /Connection: keep-alive.*Connection: close/s)
  client.socket.end()
  await drained
  await assertNoneLost(rig)
})

test('connections of streams count too: together they are no more than CONNECTIONS_MAX', async (t) => {
  let streams = 1
  const rig = await makeClientRig(t, { proxyProtocol: true, connectionsMax: 2, others: () => streams })
  const first = await rig.connect()
  const second = await rig.connect()
  await until(() => second.isClosed(), 'there is room for one')
  assert.equal(first.isClosed(), false)
  streams = 0
  rig.flow.onEnter = (x) => answer(x, 'ok')
  const third = await rig.connect()
  third.socket.write(`PROXY TCP4 9.9.9.9 8.8.8.8 1 2\r\n${GET}`)
  await until(() => bodies(third.got()).length === 1, 'the answer, now that there is room')
})

test('who owes a PROXY preamble counts as a connection, and does not hold up draining', async (t) => {
  const rig = await makeClientRig(t, { proxyProtocol: true, connectionsMax: 2 })
  const [silent, speaks] = [await rig.connect(), await rig.connect()]
  speaks.socket.write('PROXY TCP4 9.9.9.9 8.8.8.8 1 2')
  const third = await rig.connect()
  await until(() => third.isClosed(), 'there is room for two')
  let proxied = ''
  rig.flow.onEnter = (x) => {
    proxied = x.client!.proxiedAddress
    answer(x, 'ok')
  }
  speaks.socket.write(`\r\n${GET}`)
  await until(() => bodies(speaks.got()).length === 1, 'the answer')
  assert.equal(proxied, '9.9.9.9')
  const drained = rig.listener.drain()
  rig.later(1001)
  await until(() => silent.isClosed() && speaks.isClosed(), 'both are ended')
  await drained
  await assertNoneLost(rig)
})
