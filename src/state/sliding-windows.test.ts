/** Sliding windows: no stretch of time as long as the window ever sees more than the cap. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fingerprint } from '../base/fingerprint.ts'
import { KeyTable, makeKeyBuffer } from './key-table.ts'
import { SlidingWindows } from './sliding-windows.ts'

const NEVER = 2 ** 31 - 1
/** Parts of a window, from the file's drawing. */
const PARTS = 8

interface Arrival {
  readonly passMs: number
  readonly cost: number
}

const arrival: fc.Arbitrary<Arrival> = fc.record({
  passMs: fc.oneof(
    fc.constantFrom(0, 0, 1, 7, 8, 99, 100, 101, 450),
    fc.nat(8000).map((n) => n / 8),
  ),
  cost: fc.constantFrom(1, 1, 1, 2, 5),
})
const arrivals = fc.array(arrival, { maxLength: 200 })
const windowMs = fc.constantFrom(1, 7, 8, 100, 1000, 999)
/** The last ones have parts whose number passes 2^31 and 2^32, and seconds near 2^31. */
const startMs = fc.constantFrom(0, 5, 1e6, 2 ** 31 - 50, 2 ** 32 - 20, (2 ** 31 - 2) * 1000, 2 ** 28 - 3)

test('as many as the cap pass at once, and the next is told when to come', () => {
  const { ask } = makeLimit(1000, 3)
  assert.deepEqual([ask(5000, 1), ask(5000, 1), ask(5001, 1)], [0, 0, 0])
  assert.equal(ask(5001, 1), 1000)
  assert.equal(ask(6000, 1), 1)
  assert.equal(ask(6001, 3), 0)
})

test('what is left of the cap is told', () => {
  const { windows, ask } = makeLimit(1000, 5)
  ask(5000, 2)
  assert.equal(windows.left, 3)
  assert.notEqual(ask(5000, 4), 0)
  assert.equal(windows.left, 3)
})

test('a cost above the cap never passes, and takes nothing', () => {
  const { windows, ask } = makeLimit(1000, 5)
  assert.equal(ask(5000, 6), NEVER)
  assert.equal(windows.left, 5)
  assert.equal(ask(5000, 5), 0)
})

test('no stretch as long as the window sees more than the cap, whatever comes when', () => {
  fc.assert(
    fc.property(
      arrivals,
      windowMs,
      fc.integer({ min: 1, max: 12 }),
      startMs,
      (list, lengthMs, cap, fromMs) => {
        const { ask } = makeLimit(lengthMs, cap)
        const admitted: { atMs: number; cost: number }[] = []
        let nowMs = fromMs
        for (const { passMs, cost } of list) {
          nowMs += passMs
          if (ask(nowMs, cost) === 0) admitted.push({ atMs: nowMs, cost })
          const within = admitted.filter(({ atMs }) => atMs > nowMs - lengthMs)
          const sum = within.reduce((total, one) => total + one.cost, 0)
          assert.ok(sum <= cap, `${sum} within ${lengthMs} ms of ${nowMs}`)
        }
      },
    ),
    { numRuns: 600 },
  )
})

test('a key that was idle for a whole window has the whole cap', () => {
  fc.assert(
    fc.property(
      arrivals,
      windowMs,
      fc.integer({ min: 1, max: 12 }),
      startMs,
      (list, lengthMs, cap, fromMs) => {
        const { ask } = makeLimit(lengthMs, cap)
        let nowMs = fromMs
        let lastMs = fromMs
        for (const { passMs, cost } of list) {
          nowMs += passMs
          if (ask(nowMs, cost) === 0) lastMs = nowMs
        }
        nowMs = Math.max(nowMs, lastMs + lengthMs)
        assert.equal(ask(nowMs, cap), 0)
      },
    ),
  )
})

test('who waits as long as told is admitted, and not a millisecond earlier', () => {
  fc.assert(
    fc.property(
      arrivals,
      windowMs,
      fc.integer({ min: 1, max: 12 }),
      startMs,
      (list, lengthMs, cap, fromMs) => {
        const { ask } = makeLimit(lengthMs, cap)
        let nowMs = fromMs
        for (const { passMs, cost } of list) {
          nowMs += passMs
          const waitMs = ask(nowMs, cost)
          if (waitMs === 0 || waitMs === NEVER) continue
          assert.ok(Number.isInteger(waitMs) && waitMs > 0 && waitMs <= lengthMs + lengthMs / PARTS + 2)
          if (waitMs > 1) assert.notEqual(ask(nowMs + waitMs - 1, cost), 0, 'early')
          nowMs += waitMs
          assert.equal(ask(nowMs, cost), 0, `after ${waitMs} ms`)
        }
      },
    ),
  )
})

test('windows do what a list of admissions by part would do, over clocks that differ and are set back', () => {
  const jump = fc.constantFrom(0, 0, 0, 0, 0, 0, 0, -1, -20, -5000)
  const steps = fc.array(fc.tuple(arrival, jump), { maxLength: 200 })
  fc.assert(
    fc.property(steps, windowMs, fc.integer({ min: 1, max: 12 }), startMs, (list, lengthMs, cap, fromMs) => {
      const { windows, ask } = makeLimit(lengthMs, cap)
      const oracle = new ListOfAdmissions(lengthMs, cap)
      let nowMs = fromMs + 10_000
      for (const [{ passMs, cost }, back] of list) {
        nowMs = Math.max(0, nowMs + passMs + back)
        assert.equal(ask(nowMs, cost) === 0, oracle.ask(nowMs, cost), `at ${nowMs}`)
        assert.equal(windows.left, oracle.left)
      }
    }),
    { numRuns: 600 },
  )
})

test('a key that was evicted starts afresh', () => {
  const { windows, table, ask } = makeLimit(1000, 1)
  assert.equal(ask(5000, 1), 0)
  for (let i = 0; i < 32; i++) windows.take(keyOf(`other ${i}`), 5000, 1000, 1, 1)
  assert.equal(table.evicted, 1)
  assert.equal(ask(5000, 1), 0)
})

/** One key, naively: every admission with the number of its part. */
class ListOfAdmissions {
  left = 0
  readonly #windowMs: number
  readonly #cap: number
  #lastMs = 0
  #rows: { part: number; cost: number }[] = []

  constructor(lengthMs: number, cap: number) {
    this.#windowMs = lengthMs
    this.#cap = cap
  }

  ask(nowMs: number, cost: number): boolean {
    if (this.#lastMs - nowMs > this.#windowMs) this.#setBack(nowMs)
    const countedMs = Math.max(nowMs, this.#lastMs)
    const part = this.#partOf(countedMs)
    const used = this.#rows
      .filter((row) => row.part >= part - PARTS && countedMs - this.#lastMs < this.#windowMs)
      .reduce((sum, row) => sum + row.cost, 0)
    this.left = Math.max(0, this.#cap - used)
    if (used + cost > this.#cap) return false
    if (countedMs - this.#lastMs >= this.#windowMs) this.#rows = []
    this.#rows.push({ part, cost })
    this.#lastMs = countedMs
    this.left -= cost
    return true
  }

  /** What is counted stays, at the same places of a ring of nine; the clock goes on from `nowMs`. */
  #setBack(nowMs: number): void {
    const newest = this.#partOf(nowMs)
    const live = this.#rows.filter((row) => row.part >= this.#partOf(this.#lastMs) - PARTS)
    this.#rows = live.map(({ part, cost }) => ({ part: newest - ((((newest - part) % 9) + 9) % 9), cost }))
    this.#lastMs = nowMs
  }

  #partOf(ms: number): number {
    return Math.floor((Math.floor(ms) * PARTS) / this.#windowMs)
  }
}

function keyOf(text: string): Fingerprint {
  const key = new Fingerprint()
  key.setText(1, 2, text)
  return key
}

function makeLimit(lengthMs: number, cap: number) {
  const table = new KeyTable(makeKeyBuffer(32, 1, 2), 1)
  const windows = new SlidingWindows(table)
  const key = keyOf('key')
  const ask = (nowMs: number, cost: number): number => windows.take(key, nowMs, lengthMs, cap, cost)
  return { table, windows, ask }
}
