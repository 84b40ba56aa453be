/** When requests are due. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Schedule } from './schedule.ts'

test('requests are due evenly spaced, the warm-up first, and their number is fixed before the start', () => {
  const schedule = new Schedule({ rate: 200, seconds: 3, warmUpSeconds: 0.5 }, 1000)
  assert.equal(schedule.warmUp, 100)
  assert.equal(schedule.total, 700)
  assert.equal(schedule.dueUs(0), 1000)
  assert.equal(schedule.dueUs(1), 6000)
  assert.equal(schedule.dueUs(699), 1000 + 699 * 5000)
})

test('a rate that no microsecond divides does not drift over an hour', () => {
  const schedule = new Schedule({ rate: 30_000, seconds: 3600, warmUpSeconds: 0 }, 0)
  assert.equal(schedule.dueUs(schedule.total), 3_600_000_000)
})

test('a rate below one in the whole run still sends one request', () => {
  assert.equal(new Schedule({ rate: 1, seconds: 0.1, warmUpSeconds: 0 }, 0).total, 1)
})
