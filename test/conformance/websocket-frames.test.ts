/**
 * Frames by hand, right and wrong: a client sees through the gateway what it sees from the target itself.
 *
 * The cases are those that suites for WebSocket endpoints ask (RFC 6455 §5, §7.4, §8.1). The target is ws; what
 * counts is that the gateway makes no difference, not what the verdict is.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { catchAll } from '../kit/kong-config.ts'
import { connect, get } from '../kit/raw-client.ts'
import { openWebSocketTarget, type WebSocketTarget } from '../kit/web-socket.ts'

const UPGRADE = get(
  '/',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
)

interface Shape {
  readonly fin?: boolean
  readonly rsv?: number
  readonly masked?: boolean
  /** What the length field says, and in how many bytes; by default what is so, in as few as possible. */
  readonly length?: bigint
  readonly size?: 0 | 2 | 8
}

function frame(opcode: number, payload: Uint8Array | string = '', shape: Shape = {}): Buffer {
  const { fin = true, rsv = 0, masked = true } = shape
  const data = Buffer.from(payload as string) // Buffer.from takes both
  const length = shape.length ?? BigInt(data.length)
  const size = shape.size ?? (length < 126n ? 0 : length < 65_536n ? 2 : 8)
  const extended = Buffer.alloc(size)
  if (size === 2) extended.writeUInt16BE(Number(length))
  if (size === 8) extended.writeBigUInt64BE(length)
  const short = size === 0 ? Number(length) : size === 2 ? 126 : 127
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  const mask = Buffer.from([0x12, 0x34, 0x56, 0x78])
  const body = masked ? Buffer.from(data.map((byte, i) => byte ^ mask[i % 4]!)) : data
  const head = Buffer.from([first, (masked ? 0x80 : 0) | short])
  return Buffer.concat([head, extended, masked ? mask : Buffer.alloc(0), body])
}

const TEXT = 1
const BINARY = 2
const CLOSE = 8
const PING = 9
const PONG = 10

function code(number: number, reason = ''): Buffer {
  return Buffer.concat([Buffer.from([number >> 8, number & 255]), Buffer.from(reason)])
}

const more = { fin: false } as const
const bye = frame(CLOSE, code(1000))

/** What a client sends, by name. Each ends with a close frame, unless what comes before ends it. */
const cases: Record<string, readonly Buffer[]> = {
  'an empty text': [frame(TEXT), bye],
  'a text of 125 bytes': [frame(TEXT, 'x'.repeat(125)), bye],
  'a text of 126 bytes': [frame(TEXT, 'x'.repeat(126)), bye],
  'a text of 65,535 bytes': [frame(TEXT, 'x'.repeat(65_535)), bye],
  'a text of 65,536 bytes': [frame(TEXT, 'x'.repeat(65_536)), bye],
  'bytes of all values': [frame(BINARY, Buffer.from(Array.from({ length: 256 }, (_, i) => i))), bye],
  'text that is UTF-8 of four bytes': [frame(TEXT, '😀'), bye],
  'UTF-8 cut between two fragments': [
    frame(TEXT, Buffer.from('😀').subarray(0, 2), more),
    frame(0, Buffer.from('😀').subarray(2)),
    bye,
  ],
  'text that is no UTF-8': [frame(TEXT, Buffer.from([0xc3, 0x28])), bye],
  'text with a surrogate': [frame(TEXT, Buffer.from([0xed, 0xa0, 0x80])), bye],
  'text with an over-long NUL': [frame(TEXT, Buffer.from([0xc0, 0x80])), bye],
  'text beyond the last code point': [frame(TEXT, Buffer.from([0xf4, 0x90, 0x80, 0x80])), bye],
  'text that is cut at its end': [frame(TEXT, Buffer.from([0xe2, 0x82])), bye],
  'binary that is no UTF-8': [frame(BINARY, Buffer.from([0xc3, 0x28])), bye],
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7].map((rsv) => [`reserved bits ${rsv}`, [frame(TEXT, 'x', { rsv }), bye]]),
  ),
  ...Object.fromEntries(
    [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`opcode ${opcode}`, [frame(opcode, 'x'), bye]]),
  ),
  'a reserved bit on a ping': [frame(PING, 'x', { rsv: 4 }), bye],
  'a frame without mask': [frame(TEXT, 'x', { masked: false }), bye],
  'a ping': [frame(PING, 'p'), bye],
  'a ping of 125 bytes': [frame(PING, 'p'.repeat(125)), bye],
  'a ping of 126 bytes': [frame(PING, 'p'.repeat(126)), bye],
  'ten pings': [...Array.from({ length: 10 }, (_, i) => frame(PING, String(i))), bye],
  'a pong that nobody asked for': [frame(PONG, 'p'), frame(TEXT, 'x'), bye],
  'a ping in fragments': [frame(PING, 'p', more), frame(0, 'q'), bye],
  'a pong in fragments': [frame(PONG, 'p', more), frame(0, 'q'), bye],
  'a close in fragments': [frame(CLOSE, code(1000), more), frame(0, ''), bye],
  'a text in three fragments': [frame(TEXT, 'a', more), frame(0, 'b', more), frame(0, 'c'), bye],
  'a text in empty fragments': [frame(TEXT, '', more), frame(0, '', more), frame(0, ''), bye],
  'a ping between fragments': [frame(TEXT, 'a', more), frame(PING, 'p'), frame(0, 'b'), bye],
  'a close between fragments': [frame(TEXT, 'a', more), bye],
  'a text between fragments of another': [frame(TEXT, 'a', more), frame(TEXT, 'b'), bye],
  'a rest without a beginning': [frame(0, 'a'), bye],
  'a rest with more to come and without a beginning': [frame(0, 'a', more), frame(0, 'b'), bye],
  'a length in two bytes that fits in one': [frame(TEXT, 'abc', { size: 2 }), bye],
  'a length in eight bytes that fits in one': [frame(TEXT, 'abc', { size: 8 }), bye],
  'a length with its highest bit set': [frame(BINARY, 'x', { size: 8, length: 1n << 63n })],
  'a length beyond 2^53': [frame(BINARY, 'x', { size: 8, length: 1n << 60n })],
  'a ping with a length in two bytes': [frame(PING, 'p', { size: 2 }), bye],
  'a close without code': [frame(CLOSE)],
  'a close of one byte': [frame(CLOSE, Buffer.from([3]))],
  'a close with a reason': [frame(CLOSE, code(1000, 'done'))],
  'a close with a reason of 123 bytes': [frame(CLOSE, code(1000, 'x'.repeat(123)))],
  'a close with a reason of 124 bytes': [frame(CLOSE, code(1000, 'x'.repeat(124)))],
  'a close with a reason that is no UTF-8': [
    frame(CLOSE, Buffer.concat([code(1000), Buffer.from([0xc3, 0x28])])),
  ],
  'two closes': [bye, frame(CLOSE, code(1001))],
  'a text behind a close': [bye, frame(TEXT, 'late')],
  'a ping behind a close': [bye, frame(PING, 'late')],
  ...Object.fromEntries(
    [
      0, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015,
    ].map((number) => [`close code ${number}`, [frame(CLOSE, code(number))]]),
  ),
  ...Object.fromEntries(
    [1016, 1100, 2000, 2999, 3000, 3999, 4000, 4999, 5000, 65_535].map((number) => [
      `close code ${number}`,
      [frame(CLOSE, code(number))],
    ]),
  ),
}

/** All bytes of frames that come back on one connection, in hex. */
async function verdict(port: number, sent: readonly Buffer[], isCut: boolean): Promise<string> {
  const client = await connect({ port })
  try {
    await client.send(UPGRADE)
    assert.match(String(await client.reader.until('\r\n\r\n')), /^HTTP\/1\.1 101 /)
    const bytes = Buffer.concat(sent)
    const pieces = isCut && bytes.length < 300 ? Array.from(bytes, (byte) => Uint8Array.of(byte)) : [bytes]
    await client.send(...pieces)
    return (await client.reader.rest()).toString('hex')
  } finally {
    client.destroy()
  }
}

describe('frames by hand', () => {
  let gateway: Gateway
  let target: WebSocketTarget
  before(async () => {
    target = await openWebSocketTarget()
    gateway = await openGateway({ config: catchAll(target.port) })
  })
  after(async () => {
    await gateway.stop()
    await target.close()
  })

  for (const [name, sent] of Object.entries(cases)) {
    it(`${name}: the same through the gateway as from the target itself`, { timeout: 60_000 }, async () => {
      const direct = await verdict(target.port, sent, false)
      assert.notEqual(direct, '', 'the target says something')
      assert.equal(await verdict(gateway.port, sent, false), direct)
      assert.equal(await verdict(gateway.port, sent, true), direct, 'a byte at a time')
    })
  }
})
