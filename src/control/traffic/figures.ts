/** figures — the cells of a route in numbers that a person reads: counts, rates, percentiles. */
import { build } from 'hdr-histogram-js'
import { BUCKETS, bucketMiddle, bucketOf } from '../../state/log-linear.ts'
import {
  ANSWERS,
  FAULTS_OTHER,
  FAULTS_OWN,
  FAULTS_TARGET,
  GATEWAY_MS,
  GATEWAY_TIMES,
  LIMITED,
  ROUTE_BYTES_IN,
  ROUTE_BYTES_OUT,
  TOTAL_MS,
  TOTAL_TIMES,
  UPSTREAM_MS,
  UPSTREAM_TIMES,
} from '../../state/route-stats.ts'

/** Milliseconds; null where there is none. The error of percentiles and of `max` is at most 4 %; `mean` is exact. */
export interface Latency {
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  readonly 'p99.9': number | null
  readonly max: number | null
  readonly mean: number | null
}

export interface Latencies {
  readonly total: Latency
  /** From the request sent to the head of the answer. */
  readonly upstream: Latency
  /** Until the first try. */
  readonly gateway: Latency
}

export interface Counts {
  /** How long it was counted. */
  readonly seconds: number
  readonly requests: number
  /** Requests a second. */
  readonly rps: number
  readonly responses: Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>
  /** Exchanges that failed, by whose fault it was. */
  readonly faults: { readonly gateway: number; readonly target: number; readonly other: number }
  /** Answers 429 of the gateway's own. */
  readonly limited: number
  readonly bytes: { readonly in: number; readonly out: number }
}

const NO_LATENCY: Latency = { p50: null, p90: null, p99: null, 'p99.9': null, max: null, mean: null }
const US_A_MS = 1000

/** One for all, filled anew each time. Of one digit it has the buckets of log-linear.ts, and no more to look at. */
const histogram = build({
  lowestDiscernibleValue: 1,
  highestTrackableValue: 2 ** 30,
  numberOfSignificantValueDigits: 1,
  bitBucketSize: 64,
  autoResize: false,
  useWebAssembly: false,
})

export function countsOf(cells: Float64Array, spanMs: number): Counts {
  const cell = (at: number) => cells[at]!
  let requests = 0
  for (let i = 0; i < 6; i++) requests += cell(ANSWERS + i)
  return {
    seconds: round(spanMs / 1000),
    requests,
    rps: spanMs > 0 ? round((requests * 1000) / spanMs) : 0,
    responses: {
      '1xx': cell(ANSWERS + 1),
      '2xx': cell(ANSWERS + 2),
      '3xx': cell(ANSWERS + 3),
      '4xx': cell(ANSWERS + 4),
      '5xx': cell(ANSWERS + 5),
    },
    faults: { gateway: cell(FAULTS_OWN), target: cell(FAULTS_TARGET), other: cell(FAULTS_OTHER) },
    limited: cell(LIMITED),
    bytes: { in: cell(ROUTE_BYTES_IN), out: cell(ROUTE_BYTES_OUT) },
  }
}

export function latenciesOf(cells: Float64Array): Latencies {
  return {
    total: latencyOf(cells, TOTAL_TIMES, cells[TOTAL_MS]!),
    upstream: latencyOf(cells, UPSTREAM_TIMES, cells[UPSTREAM_MS]!),
    gateway: latencyOf(cells, GATEWAY_TIMES, cells[GATEWAY_MS]!),
  }
}

function latencyOf(cells: Float64Array, at: number, sumMs: number): Latency {
  histogram.reset()
  let count = 0
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const times = cells[at + bucket]!
    // Less than none: a worker was counting while its cells were read.
    if (times <= 0) continue
    histogram.recordValueWithCount(bucketMiddle(bucket), times)
    count += times
  }
  if (count === 0) return NO_LATENCY
  const percentile = (percent: number) => middleMs(histogram.getValueAtPercentile(percent))
  return {
    p50: percentile(50),
    p90: percentile(90),
    p99: percentile(99),
    'p99.9': percentile(99.9),
    max: percentile(100),
    mean: round(sumMs / count),
  }
}

/** Of the bucket: the histogram answers with its end. */
function middleMs(us: number): number {
  return round(bucketMiddle(bucketOf(us)) / US_A_MS)
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
