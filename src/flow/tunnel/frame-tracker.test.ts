/** Where frames end, wherever their bytes are cut, by their headers alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeClientClose, makeServerClose } from './close-frame.ts'
import { FrameTracker } from './frame-tracker.ts'

interface Frame {
  readonly opcode: number
  readonly isMasked: boolean
  readonly length: number
  /** Written with more bytes than it needs: 0, 2 or 8. */
  readonly wide: number
}

function bytesOf({ opcode, isMasked, length, wide }: Frame): Buffer {
  const bits = isMasked ? 0x80 : 0
  const mask = isMasked ? Buffer.from([1, 2, 3, 4]) : Buffer.alloc(0)
  const size = Math.max(wide, length < 126 ? 0 : length < 65536 ? 2 : 8)
  const extended = Buffer.alloc(size)
  if (size === 2) extended.writeUInt16BE(length)
  if (size === 8) extended.writeBigUInt64BE(BigInt(length))
  const short = size === 0 ? length : size === 2 ? 126 : 127
  // A payload that looks like close frames.
  return Buffer.concat([
    Buffer.from([0x80 | opcode, bits | short]),
    extended,
    mask,
    Buffer.alloc(length, 0x88),
  ])
}

const frames = fc.array(
  fc.record({
    opcode: fc.constantFrom(0, 1, 2, 9, 10, 15),
    isMasked: fc.boolean(),
    length: fc.oneof(fc.constantFrom(0, 1, 125, 126, 127, 65535, 65536), fc.nat(300)),
    wide: fc.constantFrom(0, 2, 8),
  }),
  { minLength: 1, maxLength: 6 },
)

test('a tracker stands between frames exactly where one has ended, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(70_000), { maxLength: 8 }), (list, cuts) => {
      const parts = list.map(bytesOf)
      const all = Buffer.concat(parts)
      const ends = new Set<number>([0])
      for (let i = 0, at = 0; i < parts.length; i++) ends.add((at += parts[i]!.length))
      const tracker = new FrameTracker()
      let from = 0
      for (const to of [...cuts.map((cut) => cut % all.length).sort((a, b) => a - b), all.length]) {
        assert.equal(tracker.follow(all, from, to, false), to)
        assert.equal(tracker.isBetween, ends.has(to), `at ${to}`)
        from = to
      }
      assert.equal(tracker.hasClosed, false, 'a payload is not looked at')
    }),
    { numRuns: 300 },
  )
})

test('a tracker that is to stop does so behind each frame', () => {
  fc.assert(
    fc.property(frames, (list) => {
      const parts = list.map(bytesOf)
      const all = Buffer.concat(parts)
      const tracker = new FrameTracker()
      const stops: number[] = []
      for (let at = 0; at < all.length; ) stops.push((at = tracker.follow(all, at, all.length, true)))
      let end = 0
      assert.deepEqual(
        stops,
        parts.map((part) => (end += part.length)),
      )
    }),
    { numRuns: 200 },
  )
})

test('a close frame has passed when it is whole, masked or not, with a code or without', () => {
  const closes = [Buffer.from([0x88, 0]), makeServerClose(1001), makeClientClose(1001, Math.random)]
  for (const close of closes) {
    const tracker = new FrameTracker()
    for (let i = 0; i < close.length; i++) {
      assert.equal(tracker.hasClosed, false)
      tracker.follow(close, i, i + 1, false)
    }
    assert.equal(tracker.hasClosed, true)
    assert.equal(tracker.isBetween, true)
  }
})

test('a length beyond all bounds is a frame that does not end', () => {
  const tracker = new FrameTracker()
  tracker.follow(Buffer.from([0x82, 127, ...Array(8).fill(255)]), 0, 10, false)
  tracker.follow(Buffer.alloc(100_000), 0, 100_000, false)
  assert.equal(tracker.isBetween, false)
})

test('the close frame of a client is masked, and says the same as a server’s', () => {
  let next = 0
  const frame = makeClientClose(1001, () => [0.1, 0.5, 0.9, 0.3][next++]!)
  const [first, second, ...rest] = frame
  const [a, b, , , c, d] = rest as [number, number, number, number, number, number]
  assert.deepEqual([first, second], [0x88, 0x82])
  assert.equal(((c ^ a) << 8) | (d ^ b), 1001)
  assert.deepEqual([...makeServerClose(1001)], [0x88, 2, 3, 233])
})
