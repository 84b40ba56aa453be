/** Ids of spans: eight bytes, never zero, and no two the same. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { SpanIdSource } from './span-ids.ts'

const COUNT = 20_000

test('ids of spans differ, recorded or not, and are never zero, whatever the system gives', () => {
  const zeros = (count: number): Uint8Array => new Uint8Array(count)
  for (const random of [randomBytes, zeros]) {
    const ids = new SpanIdSource(random)
    const told = new Set<string>()
    const into = Buffer.alloc(8)
    for (let i = 0; i < COUNT; i++) {
      ids.putUnrecorded(into)
      told.add(into.toString('hex'))
    }
    assert.equal(told.size, COUNT)
    assert.ok(!told.has('0'.repeat(16)))
  }
  const ids = new SpanIdSource(randomBytes)
  const recorded = new Set<string>()
  for (let i = 0; i < COUNT; i++) recorded.add(Buffer.from(ids.next()).toString('hex'))
  assert.equal(recorded.size, COUNT)
})
