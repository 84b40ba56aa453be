/** Which targets a sweep takes for outliers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OutlierInput } from '../upstream-input.ts'
import { failurePercentageOutliers, type IntervalCount, successRateOutliers } from './sweep.ts'

const SETTINGS: OutlierInput = {
  consecutive_5xx: 5,
  enforcing_consecutive_5xx: 100,
  consecutive_gateway_failure: 5,
  enforcing_consecutive_gateway_failure: 0,
  split_external_local_origin_errors: false,
  consecutive_local_origin_failure: 5,
  enforcing_consecutive_local_origin_failure: 100,
  max_ejection_percent: 10,
  always_eject_one_host: true,
  enforcing_success_rate: 100,
  enforcing_failure_percentage: 0,
  panic_threshold: 50,
  base_ejection_time: 30,
  max_ejection_time: 300,
  max_ejection_time_jitter: 0,
  success_rate_minimum_hosts: 5,
  success_rate_request_volume: 100,
  success_rate_stdev_factor: 1900,
  failure_percentage_threshold: 85,
  failure_percentage_minimum_hosts: 5,
  failure_percentage_request_volume: 50,
}

/** Targets with 100 requests each, by their good ones. */
function counts(...good: number[]): IntervalCount[] {
  return good.map((each) => ({ total: 100, good: each }))
}

test('a target far below the others is an outlier: of 50, 100, 100, 100, 100 percent the first', () => {
  const all = counts(50, 100, 100, 100, 100)
  assert.deepEqual(successRateOutliers(all, SETTINGS), [all[0]])
  // Mean 90, deviation 20: with a factor of 2 the limit is 50, which is not below itself.
  assert.deepEqual(successRateOutliers(all, { ...SETTINGS, success_rate_stdev_factor: 2000 }), [])
})

test('targets that are all alike are no outliers, however bad', () => {
  assert.deepEqual(successRateOutliers(counts(10, 10, 10, 10, 10), SETTINGS), [])
})

test('too few targets, or too few requests, say nothing', () => {
  const four = counts(0, 100, 100, 100)
  assert.deepEqual(successRateOutliers(four, SETTINGS), [])
  assert.deepEqual(successRateOutliers([...four, { total: 99, good: 99 }], SETTINGS), [])
  assert.deepEqual(successRateOutliers([], { ...SETTINGS, success_rate_minimum_hosts: 0 }), [])
  assert.deepEqual(failurePercentageOutliers(four, SETTINGS), [])
  const few = { ...SETTINGS, failure_percentage_request_volume: 101 }
  assert.deepEqual(failurePercentageOutliers(counts(0, 0, 0, 0, 0), few), [])
})

test('the failure percentage has a fixed limit: 85 of 100 failures reach it, 84 do not', () => {
  const all = counts(15, 16, 100, 100, 100)
  assert.deepEqual(failurePercentageOutliers(all, SETTINGS), [all[0]])
})
