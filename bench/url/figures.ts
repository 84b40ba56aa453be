/** figures — what the rounds of one URL come to, and what is wrong with them. */
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js'
import { BUSY_SHARE } from '../open-loop/load.ts'
import { mergeEncoded } from '../report/merged-histogram.ts'
import { ratiosOf, type Spread, spreadOf } from '../report/ratios.ts'
import type { UrlResult, UrlRound } from './measure.ts'

/** A generator that is later than this share of a latency tells its own. */
const LATE_SHARE = 0.1
/** A generator whose usual request is so late is behind its schedule, and not just disturbed. */
const BEHIND_MS = 1

export interface UrlFigures {
  readonly url: string
  readonly capacity: Spread | null
  readonly rate: number
  /** All rounds together. */
  readonly ms: Readonly<Record<'p50' | 'p90' | 'p99' | 'p999' | 'max', number>>
  readonly lateP99Ms: number
  /** Of the closed loop's answers; null where the tool does not tell single times. */
  readonly closedMs: Readonly<Record<'p50' | 'p99', number>> | null
  /** To the first URL, round by round; null for the first itself. */
  readonly capacityRatio: Spread | null
  readonly p99Ratio: Spread | null
  readonly errors: number
  readonly errorSamples: readonly string[]
  readonly warnings: readonly string[]
}

export function figuresOfUrl(result: UrlResult, first: UrlResult): UrlFigures {
  const times = mergeEncoded(result.rounds.map(({ latency }) => latency.histogram))
  const lateness = mergeEncoded(result.rounds.map(({ latency }) => latency.lateness))
  const closed = mergeEncoded(
    result.rounds.flatMap(({ closedLoopHistogram: one }) => (one === null ? [] : [one])),
  )
  const ms = {
    p50: at(times, 50),
    p90: at(times, 90),
    p99: at(times, 99),
    p999: at(times, 99.9),
    max: times.maxValue / 1000,
  }
  const isFirst = result === first
  return {
    url: result.url,
    capacity: spreadOf(capacities(result)),
    rate: spreadOf(result.rounds.map(({ rate }) => rate))?.median ?? 0,
    ms,
    lateP99Ms: at(lateness, 99),
    closedMs: closed.totalCount === 0 ? null : { p50: at(closed, 50), p99: at(closed, 99) },
    capacityRatio: isFirst ? null : spreadOf(ratiosOf(capacities(result), capacities(first))),
    p99Ratio: isFirst ? null : spreadOf(ratiosOf(result.rounds.map(p99Of), first.rounds.map(p99Of))),
    errors: result.rounds.reduce((sum, one) => sum + one.latency.errors + one.capacityErrors, 0),
    errorSamples: result.rounds.flatMap(samplesOf),
    warnings: warningsOf({
      busy: Math.max(...result.rounds.map(({ latency }) => latency.busy)),
      lateP50: at(lateness, 50),
      lateP99: at(lateness, 99),
      p99: ms.p99,
    }),
  }
}

function at(histogram: Histogram, percentile: number): number {
  return Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue) / 1000
}

interface Doubts {
  readonly busy: number
  readonly lateP50: number
  readonly lateP99: number
  readonly p99: number
}

function warningsOf({ busy, lateP50, lateP99, p99 }: Doubts): string[] {
  if (busy > BUSY_SHARE || lateP50 > BEHIND_MS)
    return [
      `the generator could not keep its rate (busy ${Math.round(busy * 100)} % of the time): what it shows is its own queue`,
    ]
  if (lateP99 > p99 * LATE_SHARE)
    return [
      `the generator itself was up to ${lateP99.toFixed(2)} ms late (p99), much beside a p99 of ${p99.toFixed(2)}`,
    ]
  return []
}

function samplesOf({ latency, capacityErrors }: UrlRound): string[] {
  return capacityErrors > 0
    ? [`${capacityErrors} × failed in the closed loop`, ...latency.errorSamples]
    : [...latency.errorSamples]
}

function capacities({ rounds }: UrlResult): number[] {
  return rounds.flatMap(({ capacity }) => (capacity === null ? [] : [capacity]))
}

function p99Of({ latency }: UrlRound): number {
  return decodeFromCompressedBase64(latency.histogram).getValueAtPercentile(99)
}
