/**
 * RFC 9113 §3.4, §4 and §6: what frames may look like, and how a connection ends that sends others.
 *
 * On the native-free engine only: kit/http2-rig.ts says why.
 */
import assert from 'node:assert/strict'
import { assertConnectionError, assertStreamError, overHttp2 } from '../kit/http2-rig.ts'
import {
  block,
  code,
  flag,
  frame,
  headers,
  PREFACE,
  type RawHttp2,
  requestFields,
  setting,
  settings,
  type,
  uint32,
} from '../kit/raw-http2.ts'

const { PROTOCOL_ERROR, FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR, COMPRESSION_ERROR, STREAM_CLOSED } = code
const { END_STREAM, END_HEADERS, PADDED, ACK } = flag
const POST = headers(1, requestFields('POST'), 0)
const GET = headers(1, requestFields())
const BLOCK = block(requestFields())
const MAX = 16_384

/** What is sent on a fresh connection, and the codes a connection may end with for it. */
type Wrong = readonly [what: string, bytes: Buffer | readonly Buffer[], codes: readonly number[]]

const connectionErrors: readonly Wrong[] = [
  // §4.2
  ['a frame above the announced size', frame(type.PING, 0, 0, Buffer.alloc(MAX + 1)), [FRAME_SIZE_ERROR]],
  [
    'HEADERS above the announced size',
    frame(type.HEADERS, END_STREAM | END_HEADERS, 1, Buffer.alloc(MAX + 1)),
    [FRAME_SIZE_ERROR],
  ],
  // §4.3
  [
    'a header block that is no HPACK',
    frame(type.HEADERS, 5, 1, Buffer.from('80', 'hex')),
    [COMPRESSION_ERROR],
  ],
  [
    'a header block that is cut off',
    frame(type.HEADERS, 5, 1, Buffer.from('0005', 'hex')),
    [COMPRESSION_ERROR],
  ],
  [
    'a table larger than announced',
    frame(type.HEADERS, 5, 1, Buffer.from('3fe1ff7f', 'hex')),
    [COMPRESSION_ERROR],
  ],
  // §6.1
  ['DATA on stream 0', frame(type.DATA, 0, 0, 'body'), [PROTOCOL_ERROR]],
  [
    'DATA whose padding is its whole payload',
    [POST, frame(type.DATA, PADDED, 1, '\x05body')],
    [PROTOCOL_ERROR],
  ],
  [
    'DATA with padding and no length of it',
    [POST, frame(type.DATA, PADDED, 1)],
    [FRAME_SIZE_ERROR, PROTOCOL_ERROR],
  ],
  // §6.2
  ['HEADERS on stream 0', frame(type.HEADERS, 5, 0, BLOCK), [PROTOCOL_ERROR]],
  [
    'HEADERS whose padding is longer than the rest',
    frame(type.HEADERS, 5 | PADDED, 1, Buffer.concat([Buffer.of(255), Buffer.alloc(10, 0x82)])),
    [PROTOCOL_ERROR],
  ],
  [
    'HEADERS with a priority that is cut off',
    frame(type.HEADERS, 5 | flag.PRIORITY, 1, 'abc'),
    [FRAME_SIZE_ERROR, PROTOCOL_ERROR],
  ],
  [
    'another frame within a header block',
    [openBlock(1), frame(type.PING, 0, 0, 'p'.repeat(8))],
    [PROTOCOL_ERROR],
  ],
  [
    'HEADERS of another stream within a header block',
    [openBlock(1), headers(3, requestFields())],
    [PROTOCOL_ERROR],
  ],
  ['an unknown frame within a header block', [openBlock(1), frame(0x16, 0, 1, 'x')], [PROTOCOL_ERROR]],
  [
    'PRIORITY within a header block',
    [openBlock(1), frame(type.PRIORITY, 0, 1, 'pppp\x01')],
    [PROTOCOL_ERROR],
  ],
  // §6.3
  ['PRIORITY on stream 0', frame(type.PRIORITY, 0, 0, 'pppp\x01'), [PROTOCOL_ERROR]],
  // §6.4
  ['RST_STREAM on stream 0', frame(type.RST_STREAM, 0, 0, uint32(8)), [PROTOCOL_ERROR]],
  ['RST_STREAM of an idle stream', frame(type.RST_STREAM, 0, 1, uint32(8)), [PROTOCOL_ERROR]],
  ['RST_STREAM of 3 bytes', [POST, frame(type.RST_STREAM, 0, 1, 'abc')], [FRAME_SIZE_ERROR]],
  // §6.5
  ['SETTINGS on a stream', frame(type.SETTINGS, 0, 1), [PROTOCOL_ERROR]],
  ['SETTINGS of 3 bytes', frame(type.SETTINGS, 0, 0, 'abc'), [FRAME_SIZE_ERROR]],
  [
    'an acknowledgement of SETTINGS with a payload',
    frame(type.SETTINGS, ACK, 0, 'abcdef'),
    [FRAME_SIZE_ERROR],
  ],
  ['ENABLE_PUSH of 2', settings([setting.ENABLE_PUSH, 2]), [PROTOCOL_ERROR]],
  ['a window of 2^31', settings([setting.INITIAL_WINDOW_SIZE, 2 ** 31]), [FLOW_CONTROL_ERROR]],
  ['a frame size below 2^14', settings([setting.MAX_FRAME_SIZE, 16_383]), [PROTOCOL_ERROR]],
  ['a frame size of 2^24', settings([setting.MAX_FRAME_SIZE, 2 ** 24]), [PROTOCOL_ERROR]],
  // §6.6, §8.4
  ['PUSH_PROMISE from a client', frame(type.PUSH_PROMISE, END_HEADERS, 1, uint32(2)), [PROTOCOL_ERROR]],
  // §6.7
  ['PING on a stream', frame(type.PING, 0, 1, 'p'.repeat(8)), [PROTOCOL_ERROR]],
  ['PING of 6 bytes', frame(type.PING, 0, 0, 'p'.repeat(6)), [FRAME_SIZE_ERROR]],
  // §6.8
  ['GOAWAY on a stream', frame(type.GOAWAY, 0, 1, Buffer.alloc(8)), [PROTOCOL_ERROR]],
  ['GOAWAY of 4 bytes', frame(type.GOAWAY, 0, 0, Buffer.alloc(4)), [FRAME_SIZE_ERROR]],
  // §6.9
  ['an increment of 0 for the connection', frame(type.WINDOW_UPDATE, 0, 0, uint32(0)), [PROTOCOL_ERROR]],
  ['WINDOW_UPDATE of 3 bytes', frame(type.WINDOW_UPDATE, 0, 0, 'abc'), [FRAME_SIZE_ERROR]],
  ['WINDOW_UPDATE of an idle stream', frame(type.WINDOW_UPDATE, 0, 1, uint32(1)), [PROTOCOL_ERROR]],
  [
    'a window of the connection beyond 2^31-1',
    frame(type.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1)),
    [FLOW_CONTROL_ERROR],
  ],
  // §6.10
  ['CONTINUATION without HEADERS', frame(type.CONTINUATION, END_HEADERS, 1, BLOCK), [PROTOCOL_ERROR]],
  [
    'CONTINUATION behind a block that has ended',
    [POST, frame(type.CONTINUATION, END_HEADERS, 1, BLOCK)],
    [PROTOCOL_ERROR],
  ],
  [
    'CONTINUATION on stream 0',
    [openBlock(1), frame(type.CONTINUATION, END_HEADERS, 0, BLOCK)],
    [PROTOCOL_ERROR],
  ],
  [
    'CONTINUATION of another stream',
    [openBlock(1), frame(type.CONTINUATION, END_HEADERS, 3, BLOCK)],
    [PROTOCOL_ERROR],
  ],
]

/** A header block that goes on. */
function openBlock(stream: number): Buffer {
  return frame(type.HEADERS, END_STREAM, stream, block(requestFields()))
}

async function answered(client: RawHttp2, stream = 1): Promise<void> {
  assert.equal((await client.whole(stream)).status, 200)
}

overHttp2('HTTP/2 frames', {}, (check) => {
  for (const [what, bytes, codes] of connectionErrors)
    check(`${what} ends the connection`, async (rig) => {
      const client = await rig.connect()
      client.send(...(Buffer.isBuffer(bytes) ? [bytes] : (bytes as readonly Buffer[])))
      await assertConnectionError(client, ...codes)
    })

  check('bytes that are no preface end the connection', async (rig) => {
    const client = await rig.connect({ isSilent: true })
    client.send(PREFACE.replace('SM', 'XX'), settings())
    await client.until('the end of the connection', () => client.closed)
    assert.deepEqual(rig.target.requests, [])
  })

  check('a first frame that is not SETTINGS ends the connection', async (rig) => {
    const client = await rig.connect({ isSilent: true })
    client.send(PREFACE, GET)
    await client.until('the end of the connection', () => client.closed)
    assert.deepEqual(rig.target.requests, [])
  })

  check('the first frame of the gateway is SETTINGS, and ours are acknowledged', async (rig) => {
    const client = await rig.connect()
    await client.frame('the acknowledgement', (one) => one.type === type.SETTINGS && one.flags === ACK)
    assert.equal(client.frames[0]?.type, type.SETTINGS)
    assert.equal(client.frames[0]?.flags, 0)
  })

  check('the preface may come byte by byte', async (rig) => {
    const client = await rig.connect({ isSilent: true, keepsAcks: true })
    const bytes = Buffer.concat([Buffer.from(PREFACE), settings(), GET])
    for (const byte of bytes) {
      client.send(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await answered(client)
  })

  check('frames of an unknown type and flags without meaning are passed over', async (rig) => {
    const client = await rig.connect()
    client.send(frame(0x16, 0xff, 0, 'anything'), frame(0x99, 0, 7), frame(type.PING, 0xfe, 0, 'p'.repeat(8)))
    client.send(frame(type.HEADERS, 5 | 0xd2, 1, BLOCK))
    await answered(client)
  })

  check('the reserved bit of a stream’s number is passed over', async (rig) => {
    const client = await rig.connect()
    client.send(frame(type.HEADERS, 5, 0x80000001, BLOCK))
    await answered(client)
  })

  check('settings that are not known are passed over', async (rig) => {
    const client = await rig.connect({
      settings: [
        [0xff, 0xffffffff],
        [0, 1],
      ],
    })
    client.send(GET)
    await answered(client)
  })

  check('a setting given twice counts as it came last', async (rig) => {
    const client = await rig.connect({
      settings: [
        [4, 100],
        [4, 1],
      ],
      keepsWindows: true,
    })
    client.send(GET)
    await client.until('the first byte', () => client.answer(1).body.length > 0)
    assert.equal(client.answer(1).body.length, 1)
  })

  check('PING is answered with its own bytes', async (rig) => {
    const client = await rig.connect()
    await client.ping('hallo you')
  })

  check('an acknowledgement of a PING that was never sent is not answered', async (rig) => {
    const client = await rig.connect()
    client.send(frame(type.PING, ACK, 0, 'unwanted'))
    await client.ping()
    const pings = client.frames.filter((one) => one.type === type.PING)
    assert.equal(pings.length, 1)
  })

  check('padding of HEADERS and DATA is not passed on', async (rig) => {
    const client = await rig.connect()
    const padded = Buffer.concat([Buffer.of(4), block(requestFields('POST')), Buffer.from('pppp')])
    client.send(frame(type.HEADERS, END_HEADERS | PADDED, 1, padded))
    client.send(frame(type.DATA, END_STREAM | PADDED, 1, '\x03bodyppp'))
    await answered(client)
    assert.equal(rig.target.last.text, 'body')
  })

  check('a priority in HEADERS, and PRIORITY of any stream, are passed over', async (rig) => {
    const client = await rig.connect()
    client.send(frame(type.PRIORITY, 0, 7, Buffer.concat([uint32(0), Buffer.of(5)])))
    const start = Buffer.concat([uint32(0x80000000), Buffer.of(200)])
    client.send(frame(type.HEADERS, 5 | flag.PRIORITY, 1, Buffer.concat([start, BLOCK])))
    client.send(frame(type.PRIORITY, 0, 1, Buffer.concat([uint32(3), Buffer.of(5)])))
    await answered(client)
  })

  check('PRIORITY of 4 bytes resets its stream', async (rig) => {
    const client = await rig.connect()
    client.send(POST, frame(type.PRIORITY, 0, 1, 'pppp'))
    await assertStreamError(client, 1, FRAME_SIZE_ERROR)
  })

  check('a header block may come in many CONTINUATION frames, some of them empty', async (rig) => {
    const client = await rig.connect()
    const parts = Array.from({ length: 8 }, (_, i) =>
      BLOCK.subarray(i * 10, i === 7 ? undefined : i * 10 + 10),
    )
    client.send(frame(type.HEADERS, END_STREAM, 1, parts[0]!), frame(type.CONTINUATION, 0, 1))
    for (const part of parts.slice(1)) client.send(frame(type.CONTINUATION, 0, 1, part))
    client.send(frame(type.CONTINUATION, END_HEADERS, 1))
    await answered(client)
  })

  check('an increment of 0 resets its stream', async (rig) => {
    const client = await rig.connect()
    client.send(POST, frame(type.WINDOW_UPDATE, 0, 1, uint32(0)))
    await assertStreamError(client, 1, PROTOCOL_ERROR)
  })

  check('a window of a stream beyond 2^31-1 resets it', async (rig) => {
    const client = await rig.connect()
    client.send(POST, frame(type.WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 1)))
    await assertStreamError(client, 1, FLOW_CONTROL_ERROR)
  })

  check('a frame that is too large on a stream resets it or ends the connection', async (rig) => {
    const client = await rig.connect()
    client.send(POST, frame(type.DATA, END_STREAM, 1, Buffer.alloc(MAX + 1)))
    await assertStreamError(client, 1, FRAME_SIZE_ERROR, STREAM_CLOSED)
  })

  check('a client that says GOAWAY has what is under way answered', async (rig) => {
    const client = await rig.connect()
    client.send(GET, frame(type.GOAWAY, 0, 0, Buffer.alloc(8)))
    await answered(client)
  })
})
