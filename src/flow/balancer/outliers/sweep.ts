/** sweep — which targets answered so much worse than the others over the last interval that they are ejected. */
import type { OutlierInput } from '../upstream-input.ts'

/** What one target that is not ejected answered in the last interval. */
export interface IntervalCount {
  readonly total: number
  readonly good: number
}

/** stdev_factor is in thousandths. */
const FACTOR_UNIT = 1000

/** Those whose share of good answers is below mean − factor × standard deviation of all with enough requests. */
export function successRateOutliers<C extends IntervalCount>(
  counts: readonly C[],
  settings: OutlierInput,
): C[] {
  const judged = counts.filter(({ total }) => total >= settings.success_rate_request_volume)
  if (judged.length === 0 || judged.length < settings.success_rate_minimum_hosts) return []
  const rates = judged.map(successRate)
  const mean = average(rates)
  const deviation = Math.sqrt(average(rates.map((rate) => (rate - mean) ** 2)))
  const least = mean - (deviation * settings.success_rate_stdev_factor) / FACTOR_UNIT
  return judged.filter((count) => successRate(count) < least)
}

/** Those whose share of failures has reached the threshold. */
export function failurePercentageOutliers<C extends IntervalCount>(
  counts: readonly C[],
  settings: OutlierInput,
): C[] {
  const judged = counts.filter(({ total }) => total >= settings.failure_percentage_request_volume)
  if (judged.length < settings.failure_percentage_minimum_hosts) return []
  return judged.filter((count) => 100 - successRate(count) >= settings.failure_percentage_threshold)
}

function successRate({ total, good }: IntervalCount): number {
  return (100 * good) / total
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
