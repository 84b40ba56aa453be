/** Counters add up over workers, and survive the death of one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultList } from '../base/faults.ts'
import {
  CONNECTIONS_ACTIVE,
  Counters,
  counterRows,
  FAULTS,
  makeCounterBuffer,
  REQUESTS,
  sumCounter,
} from './counters.ts'

test('a counter of the whole gateway is the sum over its workers', () => {
  const buffer = makeCounterBuffer(3)
  for (const worker of [1, 2, 3]) new Counters(buffer, worker).add(REQUESTS, worker)
  new Counters(buffer, 2).add(REQUESTS, 10)
  assert.equal(sumCounter(buffer, REQUESTS), 16)
  assert.equal(new Counters(buffer, 2).get(REQUESTS), 12)
})

test('no index of one worker reaches into the row of another, to the last fault', () => {
  const buffer = makeCounterBuffer(2)
  const last = FAULTS + faultList.length - 1
  new Counters(buffer, 1).set(last, 7)
  const other = new Counters(buffer, 2)
  for (let index = 0; index <= last; index++) assert.equal(other.get(index), 0)
  assert.equal(sumCounter(buffer, last), 7)
  assert.equal(buffer.byteLength % 64, 0)
})

test('when a worker dies what it held is gone, and what it counted stays', () => {
  const buffer = makeCounterBuffer(1)
  const own = new Counters(buffer, 1)
  own.add(REQUESTS, 5)
  own.set(CONNECTIONS_ACTIVE, 3)
  own.forget()
  assert.equal(own.get(REQUESTS), 5)
  assert.equal(own.get(CONNECTIONS_ACTIVE), 0)
})

test('every index has its row, once and in order', () => {
  assert.deepEqual(
    counterRows.map((row) => row.index),
    Array.from({ length: FAULTS }, (_, index) => index),
  )
})
