/** The table of keys: what is found again, what gives way, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KeyTable, makeKeyBuffer, SLOT_BYTES } from './key-table.ts'

const NEAR_WRAP_S = 2 ** 31 - 5

test('a table has a power of two of slots, and as many as it was made with', () => {
  for (const slots of [0, 1, 16, 31, 33, 48, 100, -32, 2.5, 2 ** 25, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => makeKeyBuffer(slots, 1, 2), RangeError, String(slots))
  for (const slots of [32, 64, 4096]) {
    const table = new KeyTable(makeKeyBuffer(slots, -7, 8), 0)
    assert.deepEqual([table.slots, table.seedA, table.seedB], [slots, -7, 8])
    assert.deepEqual([table.entries, table.evicted], [0, 0])
    assert.ok(table.words.byteLength <= slots * SLOT_BYTES * 1.05 + SLOT_BYTES)
  }
})

test('a key finds its own state again, in any thread, and it is zero at first', () => {
  const buffer = makeKeyBuffer(64, 1, 2)
  const [one, other] = [new KeyTable(buffer, 1), new KeyTable(buffer, 2)]
  const at = holdUntil(one, 5, -6, 10, 20)
  assert.deepEqual([...one.words.subarray(at, at + 12)], new Array(12).fill(0))
  one.words[at + 11] = 77
  assert.equal(holdUntil(other, 5, -6, 11, 20), at)
  assert.equal(other.words[at + 11], 77)
  assert.equal(at % 2, 0)
})

test('keys that differ in one of their 64 bits share nothing', () => {
  const table = new KeyTable(makeKeyBuffer(4096, 1, 2), 0)
  const keys = [
    [0, 0],
    ...Array.from({ length: 64 }, (_, bit) => (bit < 32 ? [1 << bit, 0] : [0, 1 << (bit - 32)])),
  ]
  // (0, 0) marks an empty slot, so that key is known as (0, 1); one in 2^64 has it.
  const places = keys.filter((key) => key[1] !== 1).map((key) => holdUntil(table, key[0]!, key[1]!, 10, 20))
  assert.equal(new Set(places).size, places.length)
  assert.equal(table.entries, places.length)
})

test('a key is looked up without being made', () => {
  const table = new KeyTable(makeKeyBuffer(32, 1, 2), 0)
  assert.equal(table.find(1, 2, 10), -1)
  assert.equal(table.entries, 0)
  const at = holdUntil(table, 1, 2, 10, 20)
  assert.equal(table.find(1, 2, 20), at)
  table.release(at)
  assert.equal(table.find(1, 2, 23), -1, 'two seconds after its time')
  assert.equal(holdUntil(table, 1, 2, 10, 20), at, 'find left no lock behind')
})

test('a full stripe gives up an expired slot first, else the one used longest ago', () => {
  const table = new KeyTable(makeKeyBuffer(32, 1, 2), 0)
  const places = Array.from({ length: 32 }, (_, i) => holdUntil(table, i, 9, 10, i === 20 ? 12 : 1000))
  for (const i of [0, 1, 2]) holdUntil(table, i, 9, 10, 1000)

  assert.equal(holdUntil(table, 100, 9, 15, 1000), places[20], 'expired')
  assert.equal(table.evicted, 0)
  assert.equal(holdUntil(table, 101, 9, 15, 1000), places[3], 'used longest ago')
  assert.equal(holdUntil(table, 102, 9, 15, 1000), places[4])
  assert.deepEqual([table.evicted, table.entries], [2, 32])
  for (const i of [0, 1, 2, 5, 31]) {
    assert.equal(table.find(i, 9, 15), places[i])
    table.release(places[i]!)
  }
})

test('who takes over a slot finds no state in it, and neither does its key after its time', () => {
  const table = new KeyTable(makeKeyBuffer(32, 1, 2), 0)
  for (let i = 0; i < 32; i++) {
    const at = holdUntil(table, i, 9, 10, 1000)
    table.words.fill(-1, at, at + 12)
  }
  const evicting = holdUntil(table, 77, 9, 10, 1000)
  assert.deepEqual([...table.words.subarray(evicting, evicting + 12)], new Array(12).fill(0))
  const late = holdUntil(table, 5, 9, 1003, 2000)
  assert.deepEqual([...table.words.subarray(late, late + 12)], new Array(12).fill(0))
})

test('seconds may wrap: what is kept past the largest int32 is kept', () => {
  const table = new KeyTable(makeKeyBuffer(32, 1, 2), 0)
  const at = holdUntil(table, 1, 2, NEAR_WRAP_S, (NEAR_WRAP_S + 10) | 0)
  table.words[at] = 5
  holdUntil(table, 1, 2, (NEAR_WRAP_S + 9) | 0, (NEAR_WRAP_S + 10) | 0)
  assert.equal(table.words[at], 5)
  holdUntil(table, 1, 2, (NEAR_WRAP_S + 13) | 0, (NEAR_WRAP_S + 20) | 0)
  assert.equal(table.words[at], 0)
})

test('a lock of a dead worker is freed, once, and no lock of the living', () => {
  const buffer = makeKeyBuffer(128, 1, 2)
  const [primary, worker] = [new KeyTable(buffer, 0), new KeyTable(buffer, 3)]
  const at = worker.hold(1, 2, 10)
  assert.equal(primary.forget(2), 0)
  assert.equal(primary.forget(3), 1)
  assert.equal(primary.forget(3), 0)
  assert.equal(primary.hold(1, 2, 10), at)
  assert.equal(primary.forget(3), 0)
  primary.release(at)
})

test('the table does what a list of keys per stripe would do', () => {
  const step = fc.record({ key: fc.nat(60), pass: fc.nat(3), keep: fc.integer({ min: -1, max: 20 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.constantFrom(10, NEAR_WRAP_S), (steps, startS) => {
      const table = new KeyTable(makeKeyBuffer(32, 1, 2), 0)
      const oracle = new ListOfKeys()
      let nowS = startS
      let mark = 0
      for (const { key, pass, keep } of steps) {
        nowS += pass
        mark++
        const at = table.hold(key, 9, nowS | 0)
        assert.equal(table.words[at], oracle.hold(key, nowS), `key ${key} at ${nowS}`)
        table.words[at] = mark
        table.keepUntil(at, (nowS + keep) | 0)
        table.release(at)
        oracle.keep(key, mark, nowS + keep)
        assert.equal(table.evicted, oracle.evicted)
      }
    }),
    { numRuns: 300 },
  )
})

/** One stripe, naively: which expired key gives way cannot be seen from outside, so all of them do at once. */
class ListOfKeys {
  evicted = 0
  #rows: { key: number; mark: number; untilS: number }[] = []

  hold(key: number, nowS: number): number {
    const found = this.#rows.find((row) => row.key === key)
    this.#rows = this.#rows.filter((row) => row !== found)
    if (found === undefined && this.#rows.length === 32) {
      const expired = this.#rows.findIndex((row) => nowS - row.untilS > 2)
      this.#rows.splice(Math.max(0, expired), 1)
      if (expired < 0) this.evicted++
    }
    const mark = found === undefined || nowS - found.untilS > 2 ? 0 : found.mark
    this.#rows.push({ key, mark, untilS: nowS })
    return mark
  }

  keep(key: number, mark: number, untilS: number): void {
    const row = this.#rows.find((one) => one.key === key)!
    row.mark = mark
    row.untilS = untilS
  }
}

function holdUntil(table: KeyTable, a: number, b: number, nowS: number, untilS: number): number {
  const at = table.hold(a, b, nowS)
  table.keepUntil(at, untilS)
  table.release(at)
  return at
}
