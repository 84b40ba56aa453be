/** Buckets: every value has one, in order, and none is wider than the promise. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BUCKETS, bucketMiddle, bucketOf, bucketOfMs, bucketStart } from './log-linear.ts'

const VALUE_MAX = 2 ** 30 - 1

test('buckets stand side by side: each begins where the one before ends', () => {
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const start = bucketStart(bucket)
    assert.equal(bucketOf(start), bucket)
    assert.equal(bucketOf(bucketStart(bucket + 1) - 1), bucket)
    const width = bucketStart(bucket + 1) - start
    assert.ok(width === 1 || width * 16 <= start, `bucket ${bucket} is ${width} wide at ${start}`)
  }
  assert.equal(bucketStart(BUCKETS), VALUE_MAX + 1)
})

test('no time is told more than 1/32 beside what it was', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: VALUE_MAX }), (value) => {
      const told = bucketMiddle(bucketOf(value))
      assert.ok(Math.abs(told - value) <= value / 32, `${value} is told as ${told}`)
    }),
  )
})

test('a time is counted in microseconds, one that is no time as 0, one beyond the last bucket in the last', () => {
  assert.equal(bucketOfMs(0.007), 7)
  assert.equal(bucketOfMs(1.5), bucketOf(1500))
  for (const ms of [0, -3, Number.NaN]) assert.equal(bucketOfMs(ms), 0)
  for (const ms of [1_073_741.823, 3_600_000, 86_400_000 * 365, Number.POSITIVE_INFINITY])
    assert.equal(bucketOfMs(ms), BUCKETS - 1)
})
