/** merged-histogram — the latencies of all rounds of a subject in one, and the line they draw over percentiles. */
import { build, decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js'
import type { SubjectResult } from './result.ts'

export interface PercentilePoint {
  /** 0 is the fastest request, 1 is 90 %, 2 is 99 %, 3 is 99.9 %: each step has a tenth of the requests beyond it. */
  readonly nines: number
  readonly ms: number
}

/** Of one nine: enough for a line without corners. */
const POINTS = 25
const NINES_MAX = 6

/** Null where no round has a histogram. */
export function mergeHistograms({ rounds }: SubjectResult): Histogram | null {
  const all = mergeEncoded(rounds.map(({ latency }) => latency.histogram))
  return all.totalCount === 0 ? null : all
}

/** Of histograms as a result has them; '' is none. */
export function mergeEncoded(encoded: readonly string[]): Histogram {
  const all = build({ numberOfSignificantValueDigits: 3, autoResize: true })
  for (const one of encoded) if (one !== '') all.add(decodeFromCompressedBase64(one))
  return all
}

/** Up to the percentile beyond which there is one request. */
export function percentileLine(histogram: Histogram): PercentilePoint[] {
  const end = Math.min(NINES_MAX, Math.log10(histogram.totalCount))
  const points: PercentilePoint[] = []
  for (let i = 0; i <= end * POINTS; i++) points.push(pointAt(histogram, i / POINTS))
  return points
}

function pointAt(histogram: Histogram, nines: number): PercentilePoint {
  const us = histogram.getValueAtPercentile(100 - 100 / 10 ** nines)
  return { nines, ms: Math.max(us, 1) / 1000 }
}
