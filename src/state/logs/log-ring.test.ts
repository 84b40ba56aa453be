/** A ring gives back what was put into it, whole, in order and once, and counts what found no room. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Outbox } from '../../base/outbox.ts'
import { LOSS_SLOTS, LogRingReader, LogRingWriter, makeLogRing, RECORD_BYTES_MAX } from './log-ring.ts'

const SIZE = 1024

interface Taken {
  readonly sink: number
  readonly count: number
  readonly bytes: Uint8Array
}

function makeEnds(size = SIZE) {
  const buffer = makeLogRing(size)
  return { buffer, writer: new LogRingWriter(buffer), reader: new LogRingReader(buffer) }
}

function put(writer: LogRingWriter, { sink, count, bytes }: Taken): boolean {
  const out = new Outbox()
  out.putAll(bytes)
  return writer.write(sink, out, count)
}

function take(reader: LogRingReader): Taken | null {
  if (!reader.next()) return null
  const { sink, count, start, end } = reader
  const bytes = reader.bytes.slice(start, end)
  reader.release()
  return { sink, count, bytes: Uint8Array.from(bytes) }
}

/** fast-check's records have no prototype. */
function same(actual: Taken | null, expected: Taken | null): void {
  assert.deepEqual(actual, expected === null ? null : { ...expected })
}

const record = fc.record({
  sink: fc.integer({ min: -3, max: 300 }),
  count: fc.integer({ min: 0, max: 1000 }),
  bytes: fc.uint8Array({ maxLength: 900 }),
})
const step = fc.oneof(record, fc.constant(null))

test('whatever is written and read in whatever order, records come out as they went in, and losses add up', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { writer, reader } = makeEnds()
      const model: Taken[] = []
      const lost = new Map<number, number>()
      for (const each of steps) {
        if (each === null) same(take(reader), model.shift() ?? null)
        else if (put(writer, each)) model.push(each)
        else {
          assert.ok(model.length > 0 || each.bytes.length > SIZE - 16, 'an empty ring has room')
          const slot = each.sink < 0 ? LOSS_SLOTS : Math.min(each.sink, LOSS_SLOTS - 1)
          lost.set(
            Math.min(slot, LOSS_SLOTS - 1),
            (lost.get(Math.min(slot, LOSS_SLOTS - 1)) ?? 0) + each.count,
          )
        }
      }
      while (model.length > 0) same(take(reader), model.shift()!)
      assert.equal(take(reader), null)
      for (let slot = 0; slot < LOSS_SLOTS; slot++) assert.equal(reader.takeLost(slot), lost.get(slot) ?? 0)
    }),
    { numRuns: 300 },
  )
})

test('what fills the ring to its last byte is all there, and one more finds no room until one is read', () => {
  const { writer, reader } = makeEnds()
  const one: Taken = { sink: 2, count: 1, bytes: new Uint8Array(52).fill(7) }
  let written = 0
  while (put(writer, one)) written++
  // 64 bytes each; one place stays free, so that full and empty differ.
  assert.equal(written, SIZE / 64 - 1)
  assert.deepEqual(take(reader), one)
  assert.equal(put(writer, one), true)
  assert.equal(put(writer, one), false)
  for (let i = 0; i < written; i++) assert.deepEqual(take(reader), one)
  assert.equal(take(reader), null)
})

test('a writer that is killed before it publishes has written nothing, and its replacement goes on behind the last', () => {
  const { buffer, writer, reader } = makeEnds()
  const one: Taken = { sink: 2, count: 1, bytes: Uint8Array.from([1, 2, 3]) }
  put(writer, one)
  // Half a record behind it: all but the store of the offset.
  reader.bytes.fill(0xff, 16, 200)
  const replacement = new LogRingWriter(buffer)
  const two: Taken = { sink: 3, count: 2, bytes: Uint8Array.from([4, 5]) }
  put(replacement, two)
  assert.deepEqual(take(reader), one)
  assert.deepEqual(take(reader), two)
  assert.equal(take(reader), null)
})

test('a reader that is killed before it releases leaves the record to its replacement', () => {
  const { buffer, writer, reader } = makeEnds()
  const one: Taken = { sink: 2, count: 1, bytes: Uint8Array.from([1]) }
  put(writer, one)
  assert.equal(reader.next(), true)
  assert.deepEqual(take(new LogRingReader(buffer)), one)
})

test('a record that its reader dies of is passed over by the replacement, and only that one', () => {
  const { buffer, writer, reader } = makeEnds()
  const one: Taken = { sink: 2, count: 1, bytes: Uint8Array.from([1]) }
  const two: Taken = { sink: 3, count: 1, bytes: Uint8Array.from([2]) }
  put(writer, one)
  put(writer, two)
  reader.next()
  const replacement = new LogRingReader(buffer)
  assert.equal(replacement.passDeadly(), true)
  assert.equal(replacement.sink, 2)
  assert.deepEqual(take(replacement), two)
  assert.equal(new LogRingReader(buffer).passDeadly(), false)
})

test('a record longer than the longest is lost and counted, and the longest is not', () => {
  const { writer, reader } = makeEnds(1024 * 1024)
  const longest: Taken = { sink: 5, count: 1, bytes: new Uint8Array(RECORD_BYTES_MAX).fill(1) }
  assert.equal(put(writer, longest), true)
  assert.equal(put(writer, { ...longest, bytes: new Uint8Array(RECORD_BYTES_MAX + 1) }), false)
  assert.equal(reader.takeLost(5), 1)
  assert.deepEqual(take(reader), longest)
})
