/** What is put into an outbox is what comes out, in order, however large and whoever had its memory before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OUTBOX_START, Outbox } from './outbox.ts'

type Put =
  | { kind: 'bytes'; bytes: Uint8Array; skip: number }
  | { kind: 'text'; text: string }
  | { kind: 'number'; value: number }

const puts: fc.Arbitrary<Put> = fc.oneof(
  fc.record({
    kind: fc.constant('bytes' as const),
    bytes: fc.uint8Array({ maxLength: 6000, size: 'max' }),
    skip: fc.nat(3),
  }),
  fc.record({
    kind: fc.constant('text' as const),
    text: fc.string({ maxLength: 300 }).map((text) => text.replace(/[^\0-\xff]/g, '?')),
  }),
  fc.record({ kind: fc.constant('number' as const), value: fc.maxSafeNat() }),
)

function apply(out: Outbox, put: Put): Buffer {
  if (put.kind === 'text') {
    out.putLatin1(put.text)
    return Buffer.from(put.text, 'latin1')
  }
  if (put.kind === 'number') {
    out.putDecimal(put.value)
    out.putHex(put.value)
    return Buffer.from(String(put.value) + put.value.toString(16))
  }
  const start = Math.min(put.skip, put.bytes.length)
  out.put(put.bytes, start, put.bytes.length)
  out.putAll(put.bytes)
  return Buffer.concat([put.bytes.subarray(start), put.bytes])
}

test('what was put comes out', () => {
  fc.assert(
    fc.property(fc.array(puts, { maxLength: 12 }), (list) => {
      const out = new Outbox()
      const wanted = Buffer.concat(list.map((put) => apply(out, put)))
      assert.deepEqual(Buffer.from(out.bytes.subarray(0, out.used)), wanted)
      out.release()
      assert.deepEqual([out.used, out.bytes.length], [0, 0])
    }),
    { numRuns: 60 },
  )
})

test('bytes of a larger buffer are read where they lie', () => {
  const whole = Buffer.from('0123456789'.repeat(40))
  const out = new Outbox()
  out.put(whole.subarray(5), 100, 300)
  assert.equal(out.bytes.toString('latin1', 0, out.used), whole.toString('latin1', 105, 305))
})

test('a buffer that was given up is never written again, one that was given back is', () => {
  const out = new Outbox()
  out.putLatin1('slow')
  const given = out.bytes
  out.abandon()
  out.putLatin1('next')
  assert.notEqual(out.bytes, given)
  assert.equal(given.toString('latin1', 0, 4), 'slow')
  const back = out.bytes
  out.release()
  out.putLatin1('again')
  assert.equal(out.bytes, back, 'taken from the free list')
  assert.equal(out.bytes.length, OUTBOX_START)
})

test('two outboxes never share memory', () => {
  const [a, b] = [new Outbox(), new Outbox()]
  a.putLatin1('a')
  a.release()
  a.putLatin1('a')
  b.putLatin1('b')
  a.reserve(OUTBOX_START * 3)
  b.reserve(OUTBOX_START * 3)
  const c = new Outbox()
  const d = new Outbox()
  c.putLatin1('c')
  d.putLatin1('d')
  assert.equal(new Set([a.bytes.buffer, b.bytes.buffer, c.bytes.buffer, d.bytes.buffer]).size, 4)
})
