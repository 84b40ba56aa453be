/**
 * RFC 9113 §5 and §6.9: the life of streams, how many there may be, and the windows of their data.
 *
 * On the native-free engine only: kit/http2-rig.ts says why.
 */
import assert from 'node:assert/strict'
import { http2Limits } from '../../native-free/http2/http2-limits.ts'
import { answers, reply } from '../kit/behaviours.ts'
import { assertConnectionError, assertStreamError, overHttp2 } from '../kit/http2-rig.ts'
import {
  code,
  flag,
  frame,
  headers,
  type RawHttp2,
  requestFields,
  setting,
  settings,
  type,
  uint32,
} from '../kit/raw-http2.ts'

const { PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, REFUSED_STREAM } = code
const { END_STREAM } = flag
const WINDOW = 65_535

const get = (stream: number): Buffer => headers(stream, requestFields())
const post = (stream: number): Buffer => headers(stream, requestFields('POST'), 0)
const data = (stream: number, text: string, flags = 0): Buffer => frame(type.DATA, flags, stream, text)
const open = (stream: number, bytes: number): Buffer => frame(type.WINDOW_UPDATE, 0, stream, uint32(bytes))

/** The bytes of DATA on a stream, once all that is allowed has come. */
async function bodyAfterPing(client: RawHttp2, stream: number, least: number): Promise<number> {
  await client.until(`${least} bytes`, () => client.answer(stream).body.length >= least)
  await client.ping(`after ${least}`)
  return client.answer(stream).body.length
}

overHttp2('HTTP/2 streams', {}, (check) => {
  check('DATA on an idle stream ends the connection', async (rig) => {
    const client = await rig.connect()
    client.send(data(1, 'x', END_STREAM))
    await assertConnectionError(client, PROTOCOL_ERROR)
  })

  for (const [what, bytes] of [
    ['DATA', data(1, 'x', END_STREAM)],
    ['HEADERS', get(1)],
  ] as const) {
    check(`${what} behind the end of a request, before its answer, is an error`, async (rig) => {
      rig.target.behave = () => new Promise(() => {})
      const client = await rig.connect()
      client.send(get(1), bytes)
      await assertStreamError(client, 1, STREAM_CLOSED, PROTOCOL_ERROR)
    })

    check(`${what} on a stream that both sides have ended is an error`, async (rig) => {
      const client = await rig.connect()
      client.send(get(1))
      await client.whole(1)
      client.send(bytes)
      await assertStreamError(client, 1, STREAM_CLOSED, PROTOCOL_ERROR)
    })

    check(`${what} on a stream that the client has reset is an error`, async (rig) => {
      rig.target.behave = () => new Promise(() => {})
      const client = await rig.connect()
      client.send(post(1), frame(type.RST_STREAM, 0, 1, uint32(8)), bytes)
      await assertStreamError(client, 1, STREAM_CLOSED, PROTOCOL_ERROR)
    })
  }

  check('window updates, priorities and resets of a stream that has ended are passed over', async (rig) => {
    const client = await rig.connect()
    client.send(get(1))
    await client.whole(1)
    client.send(open(1, 100), frame(type.RST_STREAM, 0, 1, uint32(8)), frame(type.PRIORITY, 0, 1, 'pppp\x01'))
    client.send(get(3))
    assert.equal((await client.whole(3)).status, 200)
  })

  check('a client’s stream with an even number ends the connection', async (rig) => {
    const client = await rig.connect()
    client.send(get(2))
    await assertConnectionError(client, PROTOCOL_ERROR)
  })

  check('a new stream with a lower number than one before ends the connection', async (rig) => {
    const client = await rig.connect()
    client.send(get(5), get(3))
    await assertConnectionError(client, PROTOCOL_ERROR, STREAM_CLOSED)
  })

  check('numbers may be left out', async (rig) => {
    const client = await rig.connect()
    client.send(get(1), get(99), get(0x7fffffff))
    for (const stream of [1, 99, 0x7fffffff]) assert.equal((await client.whole(stream)).status, 200)
  })

  check('streams beyond the announced number are refused, so that they may be tried again', async (rig) => {
    rig.target.behave = () => new Promise(() => {})
    const client = await rig.connect()
    const own = await client.frame('SETTINGS', (one) => one.type === type.SETTINGS && one.flags === 0)
    const most = settingOf(own.payload, setting.MAX_CONCURRENT_STREAMS)
    assert.ok(most > 0 && most <= 1000, `announced ${most}`)
    for (let i = 0; i <= most; i++) client.send(get(2 * i + 1))
    await assertStreamError(client, 2 * most + 1, REFUSED_STREAM, PROTOCOL_ERROR)
    if (client.closed) return
    assert.equal(client.answer(1).reset, -1, 'those before go on')
  })

  check('a reset by the client ends the request at the target, and the connection goes on', async (rig) => {
    rig.target.behave = () => new Promise(() => {})
    const client = await rig.connect()
    client.send(get(1))
    const call = await rig.target.arrived()
    client.send(frame(type.RST_STREAM, 0, 1, uint32(8)))
    await call.reader.rest()
    rig.target.behave = answers()
    client.send(get(3))
    assert.equal((await client.whole(3)).status, 200)
  })

  check('requests on one connection are answered as they are ready, not as they came', async (rig) => {
    const client = await rig.connect()
    let free = (): void => {}
    rig.target.behave = async (call) => {
      if (call.request.target === '/slow') await new Promise<void>((resolve) => (free = resolve))
      call.send(reply(call.request.target))
    }
    client.send(headers(1, requestFields('GET', '/slow')), headers(3, requestFields('GET', '/fast')))
    assert.equal((await client.whole(3)).body.toString(), '/fast')
    assert.equal(client.answer(1).ended, false)
    await client.until('the slow one at the target', () => rig.target.calls.length === 2)
    free()
    assert.equal((await client.whole(1)).body.toString(), '/slow')
  })

  check('no more data comes than a stream’s window allows, and the rest when it opens', async (rig) => {
    rig.target.behave = answers('b'.repeat(10))
    const client = await rig.connect({ settings: [[setting.INITIAL_WINDOW_SIZE, 3]], keepsWindows: true })
    client.send(get(1))
    assert.equal(await bodyAfterPing(client, 1, 3), 3)
    client.send(open(1, 4))
    assert.equal(await bodyAfterPing(client, 1, 7), 7)
    client.send(open(1, 100))
    assert.equal((await client.whole(1)).body.length, 10)
  })

  check('no more data comes than the connection’s window allows, whatever the streams’', async (rig) => {
    rig.target.behave = answers('b'.repeat(100_000))
    const client = await rig.connect({ settings: [[4, 2 ** 30]], keepsWindows: true })
    client.send(get(1))
    assert.equal(await bodyAfterPing(client, 1, WINDOW), WINDOW)
    client.send(open(0, 10))
    assert.equal(await bodyAfterPing(client, 1, WINDOW + 10), WINDOW + 10)
    client.send(open(0, 100_000))
    assert.equal((await client.whole(1)).body.length, 100_000)
  })

  check('a window made smaller below what was sent stays shut until it is above 0 again', async (rig) => {
    rig.target.behave = answers('b'.repeat(10))
    const client = await rig.connect({ settings: [[4, 5]], keepsWindows: true })
    client.send(get(1))
    assert.equal(await bodyAfterPing(client, 1, 5), 5)
    client.send(settings([4, 2]), open(1, 3))
    await client.ping('shut')
    assert.equal(client.answer(1).body.length, 5)
    client.send(open(1, 2))
    assert.equal(await bodyAfterPing(client, 1, 7), 7)
    client.send(settings([4, 100]))
    assert.equal((await client.whole(1)).body.length, 10)
  })

  check(
    'a change of the first window that takes a stream’s beyond 2^31-1 ends the connection',
    async (rig) => {
      rig.target.behave = () => new Promise(() => {})
      const client = await rig.connect()
      client.send(get(1), open(1, 2 ** 31 - 1 - WINDOW), settings([4, WINDOW + 1]))
      await assertConnectionError(client, FLOW_CONTROL_ERROR)
    },
  )

  check('an answer without a body ends with a window of 0', async (rig) => {
    rig.target.behave = answers('')
    const client = await rig.connect({ settings: [[4, 0]] })
    client.send(get(1))
    assert.equal((await client.whole(1)).status, 200)
  })

  check('a body larger than the windows is taken as the target takes it', async (rig) => {
    const client = await rig.connect()
    client.send(post(1))
    const piece = 'c'.repeat(16_384)
    // The client has what the server's SETTINGS say by now, whose window is the stream's.
    let [sent, mine, all] = [0, http2Limits.streamWindow, WINDOW]
    let seen = 0
    while (sent < 40) {
      for (const one of client.frames.slice(seen)) {
        seen++
        if (one.type !== type.WINDOW_UPDATE) continue
        if (one.stream === 0) all += one.payload.readUInt32BE(0)
        else mine += one.payload.readUInt32BE(0)
      }
      const size = Math.min(piece.length, mine, all)
      if (size < piece.length) {
        const count = seen
        await client.until('room for more', () => client.frames.length > count || client.closed)
        assert.equal(client.closed, false)
        continue
      }
      mine -= size
      all -= size
      client.send(data(1, piece, ++sent === 40 ? END_STREAM : 0))
    }
    assert.equal((await client.whole(1)).status, 200)
    assert.equal(rig.target.last.body.length, 40 * piece.length)
  })

  check('a client that sends more than its window is stopped', async (rig) => {
    rig.target.behave = () => new Promise(() => {})
    const client = await rig.connect()
    client.send(post(1))
    const sent = await client.flood(1000, () => data(1, 'c'.repeat(16_384)))
    await assertStreamError(client, 1, FLOW_CONTROL_ERROR)
    assert.ok(sent <= 1000)
  })
})

function settingOf(payload: Buffer, id: number): number {
  for (let i = 0; i < payload.length; i += 6)
    if (payload.readUInt16BE(i) === id) return payload.readUInt32BE(i + 2)
  return Number.POSITIVE_INFINITY
}
