/**
 * bounds — everything the gate can hold a run to: which figure of a round, against whom, and what must be in order for
 * it to say anything.
 *
 * Bounds of the memory are in megabytes and not ratios: bytes follow neither the machine's speed nor what else runs on
 * it, and what a process needs is set beside a container's limit, not beside nginx.
 */
import type { Round } from '../report/result.ts'

/** Of one kind each: `reference` in the same run, `base` an older commit in the same run. */
export type Against = 'reference' | 'base'

export interface Bound {
  readonly name: string
  /** The figure, in words, as a sentence of the gate begins. */
  readonly says: string
  readonly in: readonly Against[]
  /**
   * What a ratio is to. 'peer': the reference or the base; 'plain': the same subject in PLAIN; 'subject': the subject
   * that the bounds are for, in the same scenario; 'none': there is none, the figure itself counts.
   */
  readonly to: 'peer' | 'plain' | 'subject' | 'none'
  /** Whose figure it is, where it is not that of the subject the bounds are for. */
  readonly of?: string
  readonly unit: '' | 'MB' | 'ms' | 'µs'
  /** More is better: the limit is the least that is allowed. */
  readonly atLeast?: true
  /** The worst round counts, not the median: what must never happen is not forgiven for happening once. */
  readonly worst?: true
  /** The machine's speed does not move it, so that it says something also where cores are shared. */
  readonly anyCores?: true
  /** Says something only where the gateway, and not the load or the origin, was what gave out. */
  readonly atFullSpeed?: true
  /** 0 is a figure too; of the others it means that nothing was measured. */
  readonly canBeZero?: true
  /** The share of requests that lie beyond this percentile. */
  readonly beyond?: number
  /** Null where the round has no such figure. */
  read(round: Round): number | null
}

/** The scenario whose CPU a request is the measure of the others' own work. */
export const PLAIN = 'plain-64'

const BOTH = ['reference', 'base'] as const

export const bounds: readonly Bound[] = [
  { name: 'cpu', says: 'CPU a request', in: BOTH, to: 'peer', unit: '', read: (r) => r.capacity.cpuUs },
  {
    name: 'cpuUs',
    says: 'CPU a request',
    in: ['reference'],
    to: 'none',
    unit: 'µs',
    read: (r) => r.capacity.cpuUs,
  },
  {
    name: 'cpuToPlain',
    says: 'CPU a request',
    in: ['reference'],
    to: 'plain',
    unit: '',
    read: (r) => r.capacity.cpuUs,
  },
  {
    name: 'cpuOfTwoWorkers',
    says: 'CPU a request of two workers',
    in: ['reference'],
    to: 'subject',
    of: 'sluice-two-workers',
    unit: '',
    read: (r) => r.capacity.cpuUs,
  },
  {
    name: 'requestsPerS',
    says: 'requests/s',
    in: BOTH,
    to: 'peer',
    unit: '',
    atLeast: true,
    atFullSpeed: true,
    read: (r) => r.capacity.requestsPerS,
  },
  { name: 'p90', says: 'p90', in: BOTH, to: 'peer', unit: '', beyond: 0.1, read: (r) => r.latency.p90 },
  { name: 'p99', says: 'p99', in: BOTH, to: 'peer', unit: '', beyond: 0.01, read: (r) => r.latency.p99 },
  { name: 'p999', says: 'p99.9', in: BOTH, to: 'peer', unit: '', beyond: 0.001, read: (r) => r.latency.p999 },
  {
    name: 'memory',
    says: 'steady memory',
    in: ['base'],
    to: 'peer',
    unit: '',
    anyCores: true,
    read: (r) => r.memory.steadyKb,
  },
  {
    name: 'bytesPerRequest',
    says: 'bytes allocated a request',
    in: ['base'],
    to: 'peer',
    unit: '',
    anyCores: true,
    canBeZero: true,
    read: (r) => r.heap?.bytesPerRequest ?? null,
  },
  {
    name: 'steadyMb',
    says: 'steady memory',
    in: ['reference'],
    to: 'none',
    unit: 'MB',
    anyCores: true,
    read: (r) => r.memory.steadyKb / 1024,
  },
  {
    name: 'peakMb',
    says: 'peak memory',
    in: ['reference'],
    to: 'none',
    unit: 'MB',
    anyCores: true,
    worst: true,
    read: (r) => r.memory.peakKb / 1024,
  },
  {
    name: 'gcPauseMs',
    says: 'longest GC pause',
    in: ['reference'],
    to: 'none',
    unit: 'ms',
    worst: true,
    canBeZero: true,
    read: (r) => r.heap?.longestPauseMs ?? null,
  },
]

export function boundsAgainst(against: Against): readonly Bound[] {
  return bounds.filter((bound) => bound.in.includes(against))
}
