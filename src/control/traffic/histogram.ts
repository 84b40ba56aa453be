/** histogram — percentiles by HdrHistogram, for /status. It is loaded when somebody first asks: that takes 50 ms. */
import { createRequire } from 'node:module'
import type { Histogram } from 'hdr-histogram-js'
import { BUCKETS, bucketMiddle, bucketOf } from '../../state/log-linear.ts'
import { middleMs, PERCENTS } from './figures.ts'

/** One for all, filled anew each time. */
let histogram: Histogram | null = null

/** Of one digit it has the buckets of log-linear.ts, and no more to look at. */
function makeHistogram(): Histogram {
  // What require answers has no type of its own.
  const hdr = createRequire(import.meta.url)('hdr-histogram-js') as typeof import('hdr-histogram-js')
  return hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2 ** 30,
    numberOfSignificantValueDigits: 1,
    bitBucketSize: 64,
    autoResize: false,
    useWebAssembly: false,
  })
}

/** As ReadPercentiles of figures.ts has it. */
export function readPercentiles(cells: Float64Array, at: number, into: number[]): number {
  histogram ??= makeHistogram()
  histogram.reset()
  let count = 0
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const times = cells[at + bucket]!
    // Less than none: a worker was counting while its cells were read.
    if (times <= 0) continue
    histogram.recordValueWithCount(bucketMiddle(bucket), times)
    count += times
  }
  // Of the bucket: the histogram answers with its end.
  for (const [i, percent] of PERCENTS.entries())
    into[i] = middleMs(bucketOf(histogram.getValueAtPercentile(percent)))
  return count
}
