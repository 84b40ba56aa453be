/** One client's HTTP/2 connection over a real socket: limits of time, windows, resets, the end; no exchange is lost. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { http2Limits } from '../../native-free/http2/http2-limits.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import { answer, type ClientRig, LIMITS, makeClientRig } from '../kit/client-rig.ts'
import {
  code,
  flag,
  frame,
  headers,
  openHttp2,
  type RawHttp2,
  requestFields,
  type,
  uint32,
} from '../kit/raw-http2.ts'
import { until } from '../kit/transport-rig.ts'

type More = Parameters<typeof makeClientRig>[1]
type Options = Partial<Parameters<typeof openHttp2>[0]>

async function openPair(
  t: TestContext,
  more: More = {},
  options: Options = {},
): Promise<{ rig: ClientRig; client: RawHttp2 }> {
  const rig = await makeClientRig(t, { ...more, http2: true })
  const client = await openHttp2({ port: rig.port, ...options })
  t.after(() => client.destroy())
  return { rig, client }
}

async function assertNoneLost(rig: ClientRig): Promise<void> {
  await until(() => rig.pool.out.size === 0, 'every exchange is given back')
  assert.equal(rig.pool.twice, 0, 'none is given back twice')
}

/** Both sides have acknowledged SETTINGS: the first answer comes behind theirs, and the second PING behind ours. */
async function settle(client: RawHttp2): Promise<void> {
  await client.ping('first')
  await client.ping('second')
}

function post(stream: number, ...more: readonly (readonly [string, string])[]): Buffer {
  return headers(stream, requestFields('POST', `/${stream}`, ...more), 0)
}

function data(stream: number, bytes: Buffer | string, flags = 0): Buffer {
  return frame(type.DATA, flags, stream, bytes)
}

test('a body that nobody asked for stays within the window, and comes when it is asked for', async (t) => {
  const { rig, client } = await openPair(t)
  let x: Exchange | null = null
  let got = 0
  rig.flow.onEnter = (entered) => {
    x = entered
  }
  rig.flow.onBody = (_x, text) => {
    got += text.length
  }
  client.send(post(1))
  const whole = Math.floor(http2Limits.streamWindow / 16_000)
  for (let i = 0; i < whole; i++) client.send(data(1, Buffer.alloc(16_000)))
  await client.ping()
  assert.equal(got, 0)
  const opened = (): boolean =>
    client.frames.some((one) => one.type === type.WINDOW_UPDATE && one.stream === 1)
  assert.equal(opened(), false, 'what is not taken opens no window')
  x!.client!.resumeBody(x!)
  assert.equal(got, whole * 16_000)
  await client.frame('the window', (one) => one.type === type.WINDOW_UPDATE && one.stream === 1)
  client.send(data(1, 'end', flag.END_STREAM))
  await until(() => rig.flow.said.includes('end'), 'the end')
  assert.equal(got, whole * 16_000 + 3)
  answer(x!, 'ok')
  assert.equal((await client.whole(1)).body.toString(), 'ok')
  await assertNoneLost(rig)
})

test('more than the window allows resets the stream', async (t) => {
  const { rig, client } = await openPair(t)
  rig.flow.onEnter = () => {}
  client.send(post(1))
  for (let sent = 0; sent <= http2Limits.streamWindow; sent += 16_000)
    client.send(data(1, Buffer.alloc(16_000)))
  assert.equal((await client.settled(1)).reset, code.FLOW_CONTROL_ERROR)
  await until(() => rig.flow.said.some((said) => said.startsWith('gone')), 'the flow is told')
  await client.ping()
  await assertNoneLost(rig)
})

test('a reader whose window stays shut is given up in the time to send, and others are served meanwhile', async (t) => {
  const { rig, client } = await openPair(t, {}, { keepsWindows: true, settings: [[4, 10]] })
  await settle(client)
  rig.flow.onEnter = (x) => answer(x, 'a'.repeat(100))
  client.send(headers(1, requestFields()))
  await client.until('ten bytes', () => client.answer(1).body.length === 10)
  client.send(headers(3, requestFields('HEAD')))
  await client.until('another answer', () => client.answer(3).status === 200)
  rig.later(LIMITS.sendTimeoutMs + 1)
  assert.equal((await client.settled(1)).reset, code.CANCEL)
  await assertNoneLost(rig)
})

test('a window that opens bit by bit is used bit by bit', async (t) => {
  const { rig, client } = await openPair(t, {}, { keepsWindows: true, settings: [[4, 1]] })
  rig.flow.onEnter = (x) => answer(x, 'hello')
  client.send(headers(1, requestFields()))
  for (let i = 1; i <= 5; i++) {
    await client.until(`byte ${i}`, () => client.answer(1).body.length === i)
    client.send(frame(type.WINDOW_UPDATE, 0, 1, uint32(1)))
  }
  assert.equal((await client.whole(1)).body.toString(), 'hello')
  await assertNoneLost(rig)
})

test('many large answers share the connection fairly', async (t) => {
  const { rig, client } = await openPair(t, {}, { keepsWindows: true, settings: [[4, 1_000_000]] })
  rig.flow.onEnter = (x) => answer(x, Buffer.alloc(200_000, 97))
  for (let id = 1; id <= 7; id += 2) client.send(headers(id, requestFields()))
  await client.until('the connection’s window is used', () => client.answer(1).body.length === 65_535)
  client.send(frame(type.WINDOW_UPDATE, 0, 0, uint32(4 * 16_384 * 2)))
  const length = (id: number): number => client.answer(id).body.length
  await client.until(
    'two rounds',
    () => length(3) + length(5) + length(7) + length(1) === 65_535 + 8 * 16_384,
  )
  for (const id of [3, 5, 7]) assert.equal(length(id), 2 * 16_384, `stream ${id}`)
  client.send(frame(type.WINDOW_UPDATE, 0, 0, uint32(1_000_000)))
  for (let id = 1; id <= 7; id += 2) assert.equal((await client.whole(id)).body.length, 200_000)
  await assertNoneLost(rig)
})

test('a body that falls silent is answered 408, and its stream reset', async (t) => {
  const { rig, client } = await openPair(t)
  rig.flow.onEnter = (x) => x.client!.resumeBody(x)
  client.send(post(1), data(1, 'some'))
  await settle(client)
  rig.later(LIMITS.bodyTimeoutMs + 1)
  const got = await client.whole(1)
  assert.equal(got.body.toString(), 'REQUEST_TIMEOUT')
  rig.later(http2Limits.lingerMs)
  await client.until('the reset', () => got.reset === code.NO_ERROR)
  await client.ping()
  await assertNoneLost(rig)
})

test('a header block that does not end, ends its connection', async (t) => {
  const { rig, client } = await openPair(t)
  client.send(frame(type.HEADERS, 0, 1, ''))
  await client.ping().catch(() => {})
  await client.until('the end', () => client.closed)
  assert.equal(client.goaway, code.PROTOCOL_ERROR, 'a PING has no place in a block')
  const other = await openHttp2({ port: rig.port })
  await settle(other)
  other.send(frame(type.HEADERS, 0, 1, ''))
  await until(() => rig.listener.connections === 1, 'only one is left')
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  rig.later(LIMITS.headerTimeoutMs + 1)
  await other.until('the end', () => other.goaway === code.NO_ERROR && other.closed)
  await assertNoneLost(rig)
})

test('an idle connection is told to go, pings or not', async (t) => {
  const { rig, client } = await openPair(t)
  client.send(headers(1, requestFields()))
  await client.whole(1)
  await settle(client)
  rig.later(LIMITS.keepAliveTimeoutMs - 10)
  await client.ping('one')
  rig.later(20)
  await client.until('GOAWAY', () => client.closed)
  assert.equal(client.goaway, code.NO_ERROR)
  await until(() => rig.listener.connections === 0, 'it is gone')
  await assertNoneLost(rig)
})

test('who does not acknowledge SETTINGS is told so', async (t) => {
  const { rig, client } = await openPair(t, { keepAliveTimeoutMs: 60_000 }, { keepsAcks: true })
  await client.ping()
  rig.later(20_001)
  await client.until('GOAWAY', () => client.closed)
  assert.equal(client.goaway, code.SETTINGS_TIMEOUT)
})

test('the last of keepalive_requests is told to be, and what crosses that is answered', async (t) => {
  const { rig, client } = await openPair(t, { keepAliveRequestsMax: 2 })
  client.send(headers(1, requestFields()), headers(3, requestFields()), headers(5, requestFields()))
  for (const id of [1, 3, 5]) assert.equal((await client.whole(id)).status, 200)
  const pinged = await client.frame('the PING', (one) => one.type === type.PING && one.flags === 0)
  client.send(frame(type.PING, flag.ACK, 0, pinged.payload))
  await client.until('the end', () => client.closed)
  assert.equal(client.goaway, code.NO_ERROR)
  await assertNoneLost(rig)
})

test('a listener that drains waits for what is under way, and takes what was sent before it was heard', async (t) => {
  const { rig, client } = await openPair(t)
  const waiting: Exchange[] = []
  rig.flow.onEnter = (x) => waiting.push(x)
  client.send(headers(1, requestFields()))
  await until(() => waiting.length === 1, 'a request')
  const drained = rig.listener.drain()
  const pinged = await client.frame('the PING', (one) => one.type === type.PING && one.flags === 0)
  client.send(headers(3, requestFields()), frame(type.PING, flag.ACK, 0, pinged.payload))
  await until(() => waiting.length === 2, 'the one that crossed')
  await client.until(
    'both GOAWAYs',
    () => client.frames.filter((one) => one.type === type.GOAWAY).length === 2,
  )
  client.send(headers(5, requestFields()))
  assert.equal((await client.settled(5)).reset, code.REFUSED_STREAM)
  for (const x of waiting) answer(x, 'ok')
  for (const id of [1, 3]) assert.equal((await client.whole(id)).status, 200)
  await drained
  await assertNoneLost(rig)
})

test('a listener that drains does not wait for a client that says nothing', async (t) => {
  const { rig, client } = await openPair(t)
  await client.ping()
  const drained = rig.listener.drain()
  await client.frame('GOAWAY', (one) => one.type === type.GOAWAY)
  rig.later(1001)
  await drained
  assert.equal(rig.listener.connections, 0)
})

test('a client that does not read is read no more, and given up in time', async (t) => {
  const { rig, client } = await openPair(t, { keepAliveRequestsMax: 1_000_000 })
  await settle(client)
  rig.flow.onEnter = (x) => {
    x.status = 204
    x.client!.out.putLatin1(`HTTP/1.1 204 No Content\r\nX-Long: ${'a'.repeat(4000)}\r\n`)
    x.client!.writeHead(x)
    x.client!.end(x)
  }
  client.socket.pause()
  const long = ['x-long', 'a'.repeat(8000)] as const
  let id = 1
  await until(() => {
    for (let i = 0; i < 50; i++, id += 2) client.send(headers(id, requestFields('GET', '/', long)))
    return client.socket.writableLength > 1_000_000
  }, 'the client is held back')
  rig.later(LIMITS.sendTimeoutMs + 1)
  await until(() => rig.listener.connections === 0, 'it is given up')
  await assertNoneLost(rig)
})

/** Many times as many streams in a second as may be reset for the client's doing. */
const MANY = 1000

test('a target that fails again and again is no reason to end the client’s connection', async (t) => {
  const { rig, client } = await openPair(t, { keepAliveRequestsMax: 10 * MANY })
  rig.flow.onEnter = (x) => {
    x.status = 200
    x.responseLength = 5
    x.client!.out.putLatin1('HTTP/1.1 200 OK\r\n')
    x.client!.writeHead(x)
    x.client!.abort(x)
  }
  for (let i = 0; i < MANY; i++) client.send(headers(2 * i + 1, requestFields()))
  assert.equal((await client.settled(2 * MANY - 1)).reset, code.INTERNAL_ERROR)
  await client.ping()
  assert.equal(client.goaway, -1)
  await assertNoneLost(rig)
})

test('a client that has its own streams reset again and again is sent away', async (t) => {
  const { rig, client } = await openPair(t, { keepAliveRequestsMax: 10 * MANY })
  rig.flow.onEnter = () => {}
  for (let i = 0; i < MANY && !client.closed; i++)
    client.send(headers(2 * i + 1, requestFields()), frame(type.WINDOW_UPDATE, 0, 2 * i + 1, uint32(0)))
  await client.until('the end', () => client.closed)
  assert.equal(client.goaway, code.ENHANCE_YOUR_CALM)
  await assertNoneLost(rig)
})
