/** figures — what the rounds of each subject in a scenario come to: what tables and charts show. */
import { ratiosOf, type Spread, spreadOf } from './ratios.ts'
import type { Round, ScenarioResult, SubjectResult } from './result.ts'

export interface Figures {
  readonly name: string
  readonly version: string
  readonly requestsPerS: Spread
  readonly cpuUs: Spread
  /** To the reference; null for itself, where it did not take part, and where it has nothing to divide by. */
  readonly cpuRatio: Spread | null
  readonly p99Ratio: Spread | null
  readonly requestsRatio: Spread | null
  /** Milliseconds, medians of the rounds; the most of all rounds for `max`. */
  readonly ms: { readonly p50: number; p90: number; p99: number; p999: number; max: number }
  readonly steadyMb: Spread
  /** Of all rounds. */
  readonly peakMb: number
  readonly bytesPerRequest: Spread | null
  /** Of all rounds. */
  readonly pauseMs: number | null
  readonly errors: number
}

/** A subject without a round is left out. */
export function figuresOf({ subjects }: ScenarioResult, reference: string): Figures[] {
  const other = subjects.find(({ name }) => name === reference) ?? null
  return subjects
    .filter(({ rounds }) => rounds.length > 0)
    .map((subject) => figuresOfSubject(subject, subject === other ? null : other))
}

/** Asked for in the open loop, a second; 0 where nothing was measured. */
export function rateOf({ subjects }: ScenarioResult): number {
  return spreadOf(subjects.flatMap(({ rounds }) => rounds.map(({ latency }) => latency.rate)))?.median ?? 0
}

/** How late the generator itself sent, p99, in ms; 0 where nothing was measured. */
export function latenessMs({ subjects }: ScenarioResult): number {
  const late = subjects.flatMap(({ rounds }) => rounds.map(({ latency }) => latency.lateP99))
  return (spreadOf(late)?.median ?? 0) / 1000
}

function figuresOfSubject({ name, version, rounds }: SubjectResult, other: SubjectResult | null): Figures {
  const all = (read: (round: Round) => number): Spread => spreadOf(rounds.map(read))!
  const ratio = (read: (round: Round) => number): Spread | null =>
    other === null
      ? null
      : spreadOf(ratiosOf(rounds.map(read), other.rounds.map(read)).filter(Number.isFinite))
  const ms = (read: (round: Round) => number): number => all(read).median / 1000
  const heaps = rounds.flatMap(({ heap }) => (heap === null ? [] : [heap]))
  return {
    name,
    version,
    requestsPerS: all(({ capacity }) => capacity.requestsPerS),
    cpuUs: all(({ capacity }) => capacity.cpuUs),
    cpuRatio: ratio(({ capacity }) => capacity.cpuUs),
    p99Ratio: ratio(({ latency }) => latency.p99),
    requestsRatio: ratio(({ capacity }) => capacity.requestsPerS),
    ms: {
      p50: ms(({ latency }) => latency.p50),
      p90: ms(({ latency }) => latency.p90),
      p99: ms(({ latency }) => latency.p99),
      p999: ms(({ latency }) => latency.p999),
      max: all(({ latency }) => latency.max).most / 1000,
    },
    steadyMb: all(({ memory }) => memory.steadyKb / 1024),
    peakMb: all(({ memory }) => memory.peakKb / 1024).most,
    bytesPerRequest: spreadOf(heaps.map((heap) => heap.bytesPerRequest)),
    pauseMs: spreadOf(heaps.map((heap) => heap.longestPauseMs))?.most ?? null,
    errors: rounds.reduce((sum, { capacity, latency }) => sum + capacity.errors + latency.errors, 0),
  }
}
