/** Limits by calendar window: all or none, never beyond a cap, in step with a plain list of counts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fingerprint } from '../base/fingerprint.ts'
import { FixedWindows, PERIODS, WindowAsk } from './fixed-windows.ts'
import { KeyTable, makeKeyBuffer } from './key-table.ts'

const LENGTHS_S = [1, 60, 3600, 86_400, 2_592_000, 31_536_000]
const COUNT_MAX = 2 ** 31 - 1

test('a cap is reached exactly, and the next window has all of it again', () => {
  const { windows, key, ask } = makeLimit([2])
  setIds(ask, 100)
  assert.deepEqual(
    [1, 1, 1].map((cost) => windows.take(key, ask, cost, 0)),
    [-1, -1, 0],
  )
  assert.equal(ask.used[0], 2)
  setIds(ask, 101)
  assert.equal(windows.take(key, ask, 2, 0), -1)
  assert.equal(windows.take(key, ask, 1, 0), 0)
})

test('where one window refuses, none is counted, and the first that refuses is named', () => {
  const { windows, key, ask } = makeLimit([5, 3, 2])
  setIds(ask, 10_000)
  assert.equal(windows.take(key, ask, 3, 0), 2)
  windows.read(key, ask, 0)
  assert.deepEqual([...ask.used], [0, 0, 0, 0, 0, 0])
  assert.equal(windows.take(key, ask, 2, 0), -1)
  assert.equal(windows.take(key, ask, 2, 0), 1)
  assert.deepEqual([...ask.used], [2, 2, 2, 0, 0, 0])
})

test('a limit a second leaves a limit a day under the same key its count', () => {
  const { windows, key, ask } = makeLimit([0, 0, 0, 2])
  ask.untilS = 86_400
  setIds(ask, 86_400)
  windows.take(key, ask, 2, 0)
  const short = new WindowAsk()
  short.caps[0] = 5
  short.ids[0] = 86_401
  short.untilS = 1
  assert.equal(windows.take(key, short, 1, 0), -1)
  assert.equal(windows.take(key, ask, 1, 60), 3)
})

test('a thread whose clock is a turn behind counts in the window that has begun', () => {
  const { windows, key, ask } = makeLimit([2])
  setIds(ask, 101)
  windows.take(key, ask, 1, 0)
  setIds(ask, 100)
  assert.equal(windows.take(key, ask, 1, 0), -1)
  assert.equal(windows.take(key, ask, 1, 0), 0)
  setIds(ask, 101)
  assert.equal(windows.take(key, ask, 1, 0), 0)
})

test('a clock that is set back gives nobody a second cap, and does not lock a key out for good', () => {
  const { windows, key, ask } = makeLimit([2])
  setIds(ask, 5000)
  windows.take(key, ask, 2, 0)
  setIds(ask, 100)
  assert.equal(windows.take(key, ask, 1, 0), 0)
  setIds(ask, 101)
  assert.equal(windows.take(key, ask, 1, 0), -1)
})

test('counts stop at the largest number they can hold', () => {
  const { windows, key, ask } = makeLimit([COUNT_MAX])
  windows.add(key, ask, COUNT_MAX, 0)
  windows.add(key, ask, COUNT_MAX, 0)
  assert.equal(windows.take(key, ask, 1, 0), 0)
  assert.equal(ask.used[0], COUNT_MAX)
})

test('a key that is read is not made, and one that was evicted starts afresh', () => {
  const { windows, table, key, ask } = makeLimit([1])
  windows.read(key, ask, 0)
  assert.equal(table.entries, 0)
  assert.equal(windows.take(key, ask, 1, 0), -1)
  const other = new Fingerprint()
  for (let i = 0; i < 32; i++) {
    other.setText(1, 2, `other ${i}`)
    windows.take(other, ask, 1, 0)
  }
  assert.equal(table.evicted, 1)
  assert.equal(windows.take(key, ask, 1, 0), -1)
})

test('a slot is kept as long as the ask says, over the wrap of seconds', () => {
  const { windows, table, key, ask } = makeLimit([1])
  const startS = 2 ** 31 - 3
  ask.untilS = (startS + 10) | 0
  assert.equal(windows.take(key, ask, 1, startS | 0), -1)
  assert.equal(windows.take(key, ask, 1, (startS + 9) | 0), 0)
  assert.equal(table.find(key.a, key.b, (startS + 13) | 0), -1)
})

test('windows do what a list of counts would do, over clocks set back and ids that wrap', () => {
  const step = fc.record({
    what: fc.constantFrom('take', 'take', 'take', 'add', 'read', 'raise'),
    key: fc.nat(2),
    pass: fc.constantFrom(0, 0, 0, 1, 1, 2, 30, 3600, 90_000, 40_000_000, -1, -1, -2, -61, -100_000),
    cost: fc.constantFrom(0, 1, 1, 1, 2, 5),
    counts: fc.array(fc.nat(9), { minLength: PERIODS, maxLength: PERIODS }),
  })
  const caps = fc.array(fc.constantFrom(0, 1, 2, 3, 7, 20), { minLength: PERIODS, maxLength: PERIODS })
  const startsS = fc.constantFrom(1_800_000_000, 2 ** 31 - 3, 60 * 2 ** 31 - 100, 2 ** 32 + 5)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), caps, startsS, (steps, capsUsed, startS) => {
      const { windows, ask } = makeLimit(capsUsed)
      const keys = [0, 1, 2].map((n) => keyOf(`key ${n}`))
      const oracles = keys.map(() => new ListOfCounts(capsUsed))
      let wallS = startS
      for (const { what, key, pass, cost, counts } of steps) {
        wallS += pass
        setIds(ask, wallS)
        const oracle = oracles[key]!
        const found = oracle.look(wallS)
        let answer = -1
        if (what === 'take') answer = windows.take(keys[key]!, ask, cost, 0)
        else if (what === 'add') windows.add(keys[key]!, ask, cost, 0)
        else if (what === 'read') windows.read(keys[key]!, ask, 0)
        else windows.raise(keys[key]!, ask, Int32Array.from(counts), 0)
        assert.deepEqual([...ask.used], found, what)
        if (what === 'take') assert.equal(answer, oracle.take(cost))
        else if (what === 'add') oracle.add(cost)
        else if (what === 'raise') oracle.raise(counts)
      }
    }),
    { numRuns: 500 },
  )
})

/** One key, naively: a window and its count for each period, with ids that need not fit anything. */
class ListOfCounts {
  readonly #caps: readonly number[]
  readonly #rows: { id: number; count: number }[]
  #ids: number[] = []

  constructor(caps: readonly number[]) {
    this.#caps = caps
    this.#rows = caps.map(() => ({ id: Number.NEGATIVE_INFINITY, count: 0 }))
  }

  /** The counts of now. What is over goes only when something is counted, for the clock may be set back first. */
  look(wallS: number): number[] {
    this.#ids = LENGTHS_S.map((lengthS) => Math.floor(wallS / lengthS))
    return this.#rows.map((row, period) => {
      const id = this.#ids[period]!
      if (row.id > id + 1) row.id = id
      return this.#caps[period] === 0 || row.id < id ? 0 : row.count
    })
  }

  take(cost: number): number {
    const found = this.#rows.map((row, period) => (row.id < this.#ids[period]! ? 0 : row.count))
    const refusing = found.findIndex((count, i) => this.#caps[i] !== 0 && count + cost > this.#caps[i]!)
    if (refusing < 0) this.add(cost)
    return refusing
  }

  add(cost: number): void {
    for (const period of this.#rows.keys()) this.#begun(period).count += cost
  }

  raise(counts: readonly number[]): void {
    for (const [period, row] of this.#rows.entries())
      if (counts[period]! > (row.id < this.#ids[period]! ? 0 : row.count))
        this.#begun(period).count = counts[period]!
  }

  #begun(period: number): { count: number } {
    const row = this.#rows[period]!
    if (row.id < this.#ids[period]! || row.count === 0) {
      row.id = this.#ids[period]!
      row.count = 0
    }
    return row
  }
}

function keyOf(text: string): Fingerprint {
  const key = new Fingerprint()
  key.setText(1, 2, text)
  return key
}

function setIds(ask: WindowAsk, wallS: number): void {
  for (const [period, lengthS] of LENGTHS_S.entries()) ask.ids[period] = Math.floor(wallS / lengthS)
}

function makeLimit(caps: readonly number[]) {
  const table = new KeyTable(makeKeyBuffer(32, 1, 2), 1)
  const ask = new WindowAsk()
  ask.caps.set(caps)
  ask.untilS = 1000
  return { table, windows: new FixedWindows(table), key: keyOf('key'), ask }
}
