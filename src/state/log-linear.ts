/**
 * log-linear — the buckets of a histogram whose error is a share of the value, as HdrHistogram's: 16 steps of equal
 * width in each power of two, found by arithmetic.
 *
 *     bucket     0 … 15    16 … 31    32 … 47    48 … 63    ...    416 … 431
 *     values     0 … 15    16 … 31    32 … 63    64 … 127   ...    2^29 … 2^30 - 1
 *     width           1          1          2          4    ...             2^25
 *
 * Values are whole microseconds: up to 31 they are exact, beyond it a bucket is at most 1/16 of its values wide. The
 * last bucket ends at 17 minutes and 53 seconds, and what is longer counts in it.
 *
 * HOT     `bucketOfMs` runs three times a request: no loop, no allocation.
 */

const STEP_BITS = 4
const STEPS = 1 << STEP_BITS
const VALUE_MAX = 2 ** 30 - 1
/** The width of a value's bucket is 2 to the power of this less its leading zeros. */
const SHIFT_BASE = 31 - STEP_BITS
const US_A_MS = 1000
const MS_MAX = VALUE_MAX / US_A_MS

export const BUCKETS = 432

/** `value` from 0 to 2^30 - 1, whole. */
export function bucketOf(value: number): number {
  if (value < STEPS) return value < 0 ? 0 : value
  const shift = SHIFT_BASE - Math.clz32(value)
  return (shift << STEP_BITS) + (value >>> shift)
}

/** Of a time in milliseconds, with its fraction. */
export function bucketOfMs(ms: number): number {
  return ms >= MS_MAX ? BUCKETS - 1 : bucketOf((ms * US_A_MS) | 0)
}

/** The least value of a bucket. */
export function bucketStart(bucket: number): number {
  if (bucket < STEPS) return bucket
  const shift = (bucket >> STEP_BITS) - 1
  return (bucket - (shift << STEP_BITS)) * 2 ** shift
}

/** What a bucket's values are taken for: its middle, so that the error is at most 1/32 either way. */
export function bucketMiddle(bucket: number): number {
  return Math.floor((bucketStart(bucket) + bucketStart(bucket + 1) - 1) / 2)
}
