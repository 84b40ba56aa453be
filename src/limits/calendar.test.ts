/** Windows begin where the calendar says, in every year and month. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Calendar } from './calendar.ts'
import { PERIOD_SECONDS } from './periods.ts'

const SECOND = 0
const DAY = 3
const MONTH = 4
const YEAR = 5

/** From 1970 to 2169. */
const wallMs = fc.integer({ min: 0, max: 200 * 31_556_952 }).map((seconds) => seconds * 1000 + 321)

test('windows start and end where Date.UTC has them, at any time', () => {
  fc.assert(
    fc.property(wallMs, (ms) => {
      const calendar = at(ms)
      const date = new Date(ms)
      const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
      const [hour, minute, second] = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
      const starts = [
        Date.UTC(year, month, day, hour, minute, second),
        Date.UTC(year, month, day, hour, minute),
        Date.UTC(year, month, day, hour),
        Date.UTC(year, month, day),
        Date.UTC(year, month, 1),
        Date.UTC(year, 0, 1),
      ]
      const ends = [
        Date.UTC(year, month, day, hour, minute, second + 1),
        Date.UTC(year, month, day, hour, minute + 1),
        Date.UTC(year, month, day, hour + 1),
        Date.UTC(year, month, day + 1),
        Date.UTC(year, month + 1, 1),
        Date.UTC(year + 1, 0, 1),
      ]
      assert.deepEqual([...calendar.startsS].map(inMs), starts)
      assert.deepEqual([...calendar.endsS].map(inMs), ends)
      starts.forEach((start, i) => {
        const elapsed = Math.floor((ms - start) / 1000)
        assert.equal(calendar.resetsS[i], Math.max(1, PERIOD_SECONDS[i]! - elapsed))
      })
    }),
    { numRuns: 2000 },
  )
})

test('a window has one number, the next one the next', () => {
  fc.assert(
    fc.property(wallMs, fc.integer({ min: SECOND, max: YEAR }), (ms, period) => {
      const calendar = at(ms)
      const number = calendar.ids[period]!
      const startMs = calendar.startsS[period]! * 1000
      const endMs = calendar.endsS[period]! * 1000
      assert.equal(at(startMs).ids[period], number)
      assert.equal(at(endMs - 1).ids[period], number)
      assert.equal(at(endMs).ids[period], (number + 1) | 0)
    }),
    { numRuns: 2000 },
  )
})

test('a year that leaps has its day in February, one that does not has none', () => {
  assert.equal(lengthDays(at(Date.UTC(2028, 1, 29)), MONTH), 29)
  assert.equal(lengthDays(at(Date.UTC(2027, 1, 28)), MONTH), 28)
  assert.equal(lengthDays(at(Date.UTC(2100, 1, 28)), MONTH), 28)
  assert.equal(lengthDays(at(Date.UTC(2000, 11, 31)), YEAR), 366)
})

test('reset counts months of 30 and years of 365 days, as Kong does, and never falls below a second', () => {
  assert.equal(at(Date.UTC(2026, 0, 31, 23)).resetsS[MONTH], 1)
  assert.equal(at(Date.UTC(2026, 0, 1)).resetsS[MONTH], 2_592_000)
  assert.equal(at(Date.UTC(2028, 11, 31, 12)).resetsS[YEAR], 1)
  assert.equal(at(Date.UTC(2026, 5, 5, 23, 59, 59)).resetsS[DAY], 1)
})

test('the wall clock is read once a second, at its turn', () => {
  let reads = 0
  let wall = 1_700_000_000_250
  const calendar = new Calendar(() => {
    reads++
    return wall
  })
  calendar.refresh(5000)
  const { generation } = calendar
  wall += 749
  calendar.refresh(5749)
  assert.deepEqual([reads, calendar.generation], [1, generation])
  wall += 1
  calendar.refresh(5750)
  assert.equal(reads, 2)
  assert.equal(calendar.wallS, 1_700_000_001)
  assert.notEqual(calendar.generation, generation)
})

function at(ms: number): Calendar {
  const calendar = new Calendar(() => ms)
  calendar.refresh(0)
  return calendar
}

function inMs(seconds: number): number {
  return seconds * 1000
}

function lengthDays(calendar: Calendar, period: number): number {
  return (calendar.endsS[period]! - calendar.startsS[period]!) / 86_400
}
