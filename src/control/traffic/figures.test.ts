/** Percentiles that are counted off are those of HdrHistogram, whatever the times are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bucketOfMs } from '../../state/log-linear.ts'
import { GATEWAY_TIMES, ROUTE_CELLS, TOTAL_MS, TOTAL_TIMES } from '../../state/route-stats.ts'
import { latenciesOf } from './figures.ts'
import { readPercentiles } from './histogram.ts'

const time = fc.double({ min: 0, max: 2_000_000, noNaN: true })
const times = fc.array(fc.tuple(time, fc.integer({ min: 1, max: 5000 })), { maxLength: 60 })

test('percentiles that are counted off are those of HdrHistogram', () => {
  fc.assert(
    fc.property(times, (came) => {
      const cells = new Float64Array(ROUTE_CELLS)
      for (const [ms, count] of came) cells[TOTAL_TIMES + bucketOfMs(ms)]! += count
      cells[TOTAL_MS] = 17
      // A worker was counting while this one was read.
      cells[GATEWAY_TIMES + 3] = -1
      assert.deepEqual(latenciesOf(cells), latenciesOf(cells, readPercentiles))
    }),
    { numRuns: 500 },
  )
})
