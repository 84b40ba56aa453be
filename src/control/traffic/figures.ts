/** figures — the cells of a route in numbers that a person reads: counts, rates, percentiles. */
import { BUCKETS, bucketMiddle } from '../../state/log-linear.ts'
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

export const PERCENTS = [50, 90, 99, 99.9, 100]
const found = [0, 0, 0, 0, 0]
/** Of a product that should be whole and is not: less than that is no more than rounding. */
const ROUNDING = 1e-9

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

/** Reads the percentiles of the times in `cells` from `at` on into `into`, in milliseconds; answers how many times there are. */
export type ReadPercentiles = (cells: Float64Array, at: number, into: number[]) => number

/** `read`: see histogram.ts; without it they are counted off, which is the same and needs nothing to be loaded. */
export function latenciesOf(cells: Float64Array, read: ReadPercentiles = countOff): Latencies {
  return {
    total: latencyOf(read(cells, TOTAL_TIMES, found), cells[TOTAL_MS]!),
    upstream: latencyOf(read(cells, UPSTREAM_TIMES, found), cells[UPSTREAM_MS]!),
    gateway: latencyOf(read(cells, GATEWAY_TIMES, found), cells[GATEWAY_MS]!),
  }
}

function latencyOf(count: number, sumMs: number): Latency {
  if (count === 0) return NO_LATENCY
  const [p50, p90, p99, p999, max] = found as [number, number, number, number, number]
  return { p50, p90, p99, 'p99.9': p999, max, mean: round(sumMs / count) }
}

function countOff(cells: Float64Array, at: number, into: number[]): number {
  let count = 0
  // Less than none: a worker was counting while its cells were read.
  for (let bucket = 0; bucket < BUCKETS; bucket++) count += Math.max(0, cells[at + bucket]!)
  let [bucket, below] = [-1, 0]
  for (const [i, percent] of PERCENTS.entries()) {
    const wanted = Math.max(1, Math.ceil((percent * count) / 100 - ROUNDING))
    while (below < wanted && bucket < BUCKETS - 1) below += Math.max(0, cells[at + ++bucket]!)
    into[i] = middleMs(bucket)
  }
  return count
}

/** What a bucket's times are taken for. */
export function middleMs(bucket: number): number {
  return round(bucketMiddle(bucket) / US_A_MS)
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
