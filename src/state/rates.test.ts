/** Rates: a burst at once, then one a gap, and never more; queues that leak at a rate. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fingerprint } from '../base/fingerprint.ts'
import { KeyTable, makeKeyBuffer } from './key-table.ts'
import { Rates } from './rates.ts'

const NEVER = 2 ** 31 - 1
/** A gap is rounded up to whole ticks. */
const TICK_MS = 2 ** -18

const steps = fc.array(
  fc.record({
    passMs: fc.oneof(
      fc.constantFrom(0, 0, 0, 1, 10, 333, 1000),
      fc.nat(8000).map((n) => n / 8),
    ),
    cost: fc.constantFrom(1, 1, 1, 2, 5),
  }),
  { maxLength: 200 },
)
const gapMs = fc.constantFrom(0.01, 1 / 3, 1000 / 3, 10, 1000 / 7, 0.125, 60_000)
const burst = fc.integer({ min: 1, max: 12 })
const startMs = fc.constantFrom(0, 0.1, 1e6, 2 ** 31 - 50, (2 ** 31 - 2) * 10)

test('a burst passes, the next one is refused and told when to come', () => {
  const { rates, take } = makeLimit()
  assert.deepEqual([take(50, 100, 3, 1), take(50, 100, 3, 1)], [0, 0])
  assert.equal(rates.left, 1)
  assert.equal(take(50, 100, 3, 1), 0)
  assert.equal(take(50, 100, 3, 1), 100)
  assert.equal(rates.left, 0)
  assert.equal(take(120, 100, 3, 1), 30)
  assert.equal(take(150, 100, 3, 1), 0)
})

test('a whole burst passes at any time and any gap, however it is divided', () => {
  fc.assert(
    fc.property(
      gapMs,
      fc.integer({ min: 1, max: 2000 }),
      fc.double({ min: 0, max: 2 ** 34, noNaN: true }),
      (gap, size, now) => {
        const { take } = makeLimit()
        for (let i = 0; i < size; i++) assert.equal(take(now, gap, size, 1), 0)
        assert.notEqual(take(now, gap, size, 1), 0)
      },
    ),
    { numRuns: 50 },
  )
})

test('a cost above the burst never passes, and takes nothing', () => {
  const { rates, take } = makeLimit()
  assert.equal(take(50, 100, 3, 4), NEVER)
  assert.equal(rates.left, 3)
  assert.equal(take(50, 100, 3, 3), 0)
})

test('no stretch of time sees more than the burst and one a gap, whatever comes when', () => {
  fc.assert(
    fc.property(steps, gapMs, burst, startMs, (list, gap, size, fromMs) => {
      const { take } = makeLimit()
      const admitted: { atMs: number; cost: number }[] = []
      let nowMs = fromMs
      for (const { passMs, cost } of list) {
        nowMs += passMs
        if (take(nowMs, gap, size, cost) !== 0) continue
        admitted.push({ atMs: nowMs, cost })
        let sum = 0
        for (let i = admitted.length - 1; i >= 0; i--) {
          sum += admitted[i]!.cost
          const mostInStretch = size + (nowMs - admitted[i]!.atMs + TICK_MS) / gap
          assert.ok(sum <= mostInStretch, `${sum} from ${admitted[i]!.atMs} to ${nowMs}`)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('who waits as long as told is admitted, and not a millisecond earlier', () => {
  fc.assert(
    fc.property(steps, gapMs, burst, startMs, (list, gap, size, fromMs) => {
      const { take } = makeLimit()
      let nowMs = fromMs
      for (const { passMs, cost } of list) {
        nowMs += passMs
        const waitMs = take(nowMs, gap, size, cost)
        if (waitMs === 0 || waitMs === NEVER) continue
        assert.ok(Number.isInteger(waitMs) && waitMs > 0)
        if (waitMs > 1) assert.notEqual(take(nowMs + waitMs - 1, gap, size, cost), 0, 'early')
        nowMs += waitMs
        assert.equal(take(nowMs, gap, size, cost), 0)
      }
    }),
  )
})

test('rates do what a list of tokens would do, over clocks that differ', () => {
  // Times and gaps are eighths, so that the oracle's sums are exact.
  const exactGap = fc.constantFrom(0.125, 1, 10.5, 333.375, 1000)
  const back = fc.constantFrom(0, 0, 0, 0, -1, -3, -40)
  fc.assert(
    fc.property(fc.array(fc.tuple(steps, back), { maxLength: 20 }), exactGap, burst, (groups, gap, size) => {
      const { rates, take } = makeLimit()
      const admitted: { atMs: number; cost: number }[] = []
      let nowMs = 100_000
      for (const [list, backMs] of groups) {
        nowMs += backMs
        for (const { passMs, cost } of list) {
          nowMs += passMs
          const owed = Math.max(0, owedMs(admitted, gap) - nowMs)
          const isAdmitted = owed + cost * gap <= size * gap
          assert.equal(take(nowMs, gap, size, cost) === 0, isAdmitted, `at ${nowMs}`)
          if (isAdmitted) admitted.push({ atMs: nowMs, cost })
          const left = (size * gap - owed) / gap - (isAdmitted ? cost : 0)
          assert.equal(rates.left, Math.max(0, Math.floor(left)))
        }
      }
    }),
    { numRuns: 100 },
  )
})

test('a debt of a hundred years is not forgotten, though seconds so far ahead would wrap', () => {
  const { take, rates } = makeLimit()
  const hourMs = 3_600_000
  assert.equal(take(1000, hourMs, 1_000_000, 999_999), 0)
  assert.notEqual(take(9000, hourMs, 1_000_000, 999_999), 0)
  const key = keyOf('a queue')
  for (let i = 0; i < 100; i++) rates.reserve(key, 1000 + 10_000 * i, 10_000 * hourMs, 100)
  assert.ok(rates.reserve(key, 2_000_000, 10_000 * hourMs, 50) < 0)
})

/** When all that was admitted is paid for, one gap each, from the first on. */
function owedMs(admitted: readonly { atMs: number; cost: number }[], gap: number): number {
  let dueMs = 0
  for (const { atMs, cost } of admitted) dueMs = Math.max(dueMs, atMs) + cost * gap
  return dueMs
}

test('a clock that is set back, or a lower limit, leaves a key at its limit and no further', () => {
  const { take } = makeLimit()
  for (let i = 0; i < 5; i++) take(9_000_000, 1000, 5, 1)
  assert.equal(take(1_000_000, 1000, 5, 1), 1000)
  assert.equal(take(1_001_000, 1000, 5, 1), 0)

  const lowered = makeLimit()
  for (let i = 0; i < 100; i++) lowered.take(1_000_000, 1000, 100, 1)
  assert.equal(lowered.take(1_000_000, 1000, 2, 1), 1000)
})

test('a queue lets one go a gap, holds so many and no more, and says when a place is free', () => {
  const { rates } = makeLimit()
  const key = keyOf('queue')
  const reserve = (nowMs: number): number => rates.reserve(key, nowMs, 100, 2)
  assert.deepEqual([reserve(1000), reserve(1000), reserve(1000)], [0, 100, 200])
  assert.equal(reserve(1000), -100)
  assert.equal(reserve(1099), -1)
  assert.equal(reserve(1100), 200)
  assert.equal(reserve(5000), 0)
  const strict = keyOf('no queue')
  assert.deepEqual([rates.reserve(strict, 1000, 100, 0), rates.reserve(strict, 1040, 100, 0)], [0, -60])
})

test('what leaves a queue is never faster than the rate, and never waits behind more than it holds', () => {
  fc.assert(
    fc.property(steps, gapMs, fc.integer({ min: 0, max: 9 }), startMs, (list, gap, queueMax, fromMs) => {
      const { rates } = makeLimit()
      const key = keyOf('queue')
      const leaving: number[] = []
      let nowMs = fromMs
      for (const { passMs } of list) {
        nowMs += passMs
        const waitMs = rates.reserve(key, nowMs, gap, queueMax)
        const waiting = leaving.filter((atMs) => atMs > nowMs + 1).length
        if (waitMs < 0) {
          assert.notEqual(
            rates.reserve(key, nowMs - waitMs - 1, gap, queueMax) >= 0 && waitMs < -1,
            true,
            'early',
          )
          nowMs -= waitMs
          assert.ok(rates.reserve(key, nowMs, gap, queueMax) >= 0)
          leaving.length = 0
          continue
        }
        assert.ok(waiting <= queueMax, `${waiting} wait`)
        assert.ok(waitMs <= Math.ceil(queueMax * (gap + TICK_MS)))
        leaving.push(nowMs + waitMs)
        // Waits are whole milliseconds, so each may be up to one late.
        for (const [i, atMs] of leaving.entries())
          assert.ok(leaving.length - 1 - i <= (nowMs + waitMs - atMs + 1) / gap + 1e-6)
      }
    }),
  )
})

test('a clock that is set back leaves a queue full, and no fuller', () => {
  const { rates } = makeLimit()
  const key = keyOf('queue')
  for (let i = 0; i < 3; i++) rates.reserve(key, 9_000_000, 100, 2)
  assert.equal(rates.reserve(key, 1_000_000, 100, 2), -100)
  assert.equal(rates.reserve(key, 1_000_100, 100, 2), 200)
})

test('a key that was evicted starts afresh', () => {
  const { table, rates, take } = makeLimit()
  assert.equal(take(5000, 1000, 1, 1), 0)
  for (let i = 0; i < 32; i++) rates.take(keyOf(`other ${i}`), 5000, 1000, 1, 1)
  assert.equal(table.evicted, 1)
  assert.equal(take(5000, 1000, 1, 1), 0)
})

function keyOf(text: string): Fingerprint {
  const key = new Fingerprint()
  key.setText(1, 2, text)
  return key
}

function makeLimit() {
  const table = new KeyTable(makeKeyBuffer(32, 1, 2), 1)
  const rates = new Rates(table)
  const key = keyOf('key')
  const take = (nowMs: number, gap: number, size: number, cost: number): number =>
    rates.take(key, nowMs, gap, size, cost)
  return { table, rates, take }
}
