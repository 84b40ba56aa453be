/** Frames are the same wherever reads cut them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Outbox } from '../base/outbox.ts'
import {
  DATA,
  END_STREAM,
  FRAME_SIZE_ERROR,
  HEADERS,
  PADDED,
  PING,
  PREFACE,
  PROTOCOL_ERROR,
  putFrameHead,
  putPing,
  putSettings,
  SETTINGS,
} from './frame.ts'
import { FrameReader, READ_BAD, READ_DATA, READ_FRAME } from './frame-reader.ts'

interface Seen {
  readonly type: number
  readonly flags: number
  readonly stream: number
  payload: string
  /** Bytes that count for the windows. */
  readonly length: number
  isLast: boolean
}

/** Frames read in pieces that end at `cuts`; or the error. */
function read(bytes: Buffer, cuts: readonly number[], isOfClient = false): Seen[] | number {
  const reader = new FrameReader(isOfClient)
  const seen: Seen[] = []
  let from = 0
  for (const to of [...cuts, bytes.length]) {
    // Behind and before what is read lies what must not be.
    const lent = Buffer.concat([Buffer.from('##'), bytes.subarray(from, to), Buffer.from('##')])
    let at = 2
    while (at < lent.length - 2) {
      const what = reader.next(lent, at, lent.length - 2)
      assert.ok(reader.pos > at || what === READ_BAD, 'it moves on')
      at = reader.pos
      if (what === READ_BAD) return reader.error
      const payload = reader.bytes.latin1Slice(reader.start, reader.end)
      const { type, flags, stream, length } = reader
      if (what === READ_FRAME) seen.push({ type, flags, stream, payload, length, isLast: true })
      if (what !== READ_DATA) continue
      if (reader.isFirst) seen.push({ type, flags, stream, payload: '', length, isLast: false })
      const last = seen.at(-1)!
      last.payload += payload
      last.isLast = reader.isLast
    }
    from = to
  }
  return seen
}

function sample(): Buffer {
  const out = new Outbox()
  putSettings(out, [4, 70_000])
  putFrameHead(out, 3, HEADERS, 4, 1)
  out.putLatin1('abc')
  putFrameHead(out, 11, DATA, PADDED, 1)
  out.putLatin1('\u0005hello\0\0\0\0\0')
  putFrameHead(out, 0, DATA, 0, 1)
  putPing(out, 0, Buffer.from('12345678'), 0)
  putFrameHead(out, 4, DATA, END_STREAM, 1)
  out.putLatin1('last')
  return Buffer.from(out.bytes.subarray(0, out.used))
}

const SAMPLE = sample()

test('frames are whole, data is without its padding, wherever reads end', () => {
  const frames = read(SAMPLE, [])
  assert.ok(Array.isArray(frames))
  assert.deepEqual(
    frames.map(({ type, payload, isLast }) => [type, payload, isLast]),
    [
      [SETTINGS, '\0\x04\0\x01\x11p', true],
      [HEADERS, 'abc', true],
      [DATA, 'hello', true],
      [DATA, '', true],
      [PING, '12345678', true],
      [DATA, 'last', true],
    ],
  )
  for (let cut = 1; cut < SAMPLE.length; cut++) assert.deepEqual(read(SAMPLE, [cut]), frames, `cut at ${cut}`)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: SAMPLE.length - 1 })), (cuts) => {
      assert.deepEqual(
        read(
          SAMPLE,
          [...new Set(cuts)].sort((a, b) => a - b),
        ),
        frames,
      )
    }),
  )
})

test('a client begins with the preface, in as many pieces as it likes, and with nothing else', () => {
  const bytes = Buffer.concat([PREFACE, SAMPLE])
  const frames = read(SAMPLE, [])
  for (const cuts of [[], [1], [23], [24], [5, 24, 25]]) assert.deepEqual(read(bytes, cuts, true), frames)
  assert.equal(read(SAMPLE, [], true), PROTOCOL_ERROR)
  assert.equal(read(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\rX'), [3], true), PROTOCOL_ERROR)
})

function frame(length: number, type: number, flags: number, payload: Buffer): Buffer {
  const out = new Outbox()
  putFrameHead(out, length, type, flags, 1)
  return Buffer.concat([out.bytes.subarray(0, out.used), payload])
}

test('a frame that is too large is refused by its head, before it has come', () => {
  assert.equal(read(frame(16_385, HEADERS, 4, Buffer.alloc(0)), []), FRAME_SIZE_ERROR)
  assert.equal(read(frame(16_385, DATA, 0, Buffer.alloc(1)), []), FRAME_SIZE_ERROR)
  assert.ok(Array.isArray(read(frame(16_384, HEADERS, 4, Buffer.alloc(16_384)), [])))
})

test('padding that is longer than its frame is refused; all padding is a frame without data', () => {
  assert.equal(read(frame(4, DATA, PADDED, Buffer.from([4, 0, 0, 0])), []), PROTOCOL_ERROR)
  assert.equal(read(frame(0, DATA, PADDED, Buffer.alloc(0)), []), FRAME_SIZE_ERROR)
  const frames = read(frame(4, DATA, PADDED, Buffer.from([3, 0, 0, 0])), [10, 12])
  assert.ok(Array.isArray(frames))
  assert.deepEqual(
    [frames.length, frames[0]!.payload, frames[0]!.length, frames[0]!.isLast],
    [1, '', 4, true],
  )
})
