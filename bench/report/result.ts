/**
 * result — what one run of the bench found, as it is written to bench/results and read by the reports and the gate.
 *
 * Times are in microseconds unless a name says otherwise; memory is in kilobytes; a histogram is HdrHistogram's V2
 * encoding, compressed, in base64, of microseconds.
 */
import type { Scenario } from '../load/scenario.ts'

export interface RunResult {
  readonly format: 1
  /** ISO 8601. */
  readonly startedAt: string
  readonly machine: Machine
  readonly settings: Settings
  /** Whom ratios are to: the first that was asked for, also where it could not take part. */
  readonly reference: string
  /** Peers that were asked for and could not take part. */
  readonly missing: readonly Missing[]
  readonly scenarios: readonly ScenarioResult[]
}

/** What the figures of one scenario are read with. */
export type Terms = Pick<RunResult, 'reference' | 'settings'>

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryMb: number
  readonly kernel: string
  readonly node: string
  /** Of this checkout: `v0.1.0-12-gabcdef`, with `-dirty` where files differ from it. */
  readonly commit: string
}

export interface Settings {
  readonly rounds: number
  /** Of each measurement. */
  readonly seconds: number
  /** CPU numbers; empty where nothing can be pinned. */
  readonly gatewayCores: readonly number[]
  readonly originCores: readonly number[]
  readonly loadCores: readonly number[]
  /** Who answered behind the gateways, with versions: `nginx 1.22.1; raw-origin v20.20.2 in slow-mix`. */
  readonly origin: string
  /** Processes or threads of each gateway that does not bring a number of its own. */
  readonly workers: number
  /** Who sent the closed loops' requests: `wrk`, or `wrk in tls-64; h2load in h2-64`. */
  readonly capacityBy: string
}

export interface Missing {
  readonly peer: string
  readonly scenario: string
  readonly why: string
}

export interface ScenarioResult {
  readonly scenario: Scenario
  readonly subjects: readonly SubjectResult[]
}

export interface SubjectResult {
  readonly name: string
  readonly version: string
  /** Where they are not the settings', as of a subject with a number of workers of its own. */
  readonly gatewayCores?: readonly number[]
  /** In the order they were run: round i of one subject stands beside round i of the others. */
  readonly rounds: readonly Round[]
}

export interface Round {
  readonly capacity: Capacity
  readonly latency: Latency
  readonly memory: Memory
  /** Share of the time that the host of a virtual machine took, in the worse of the two. */
  readonly stolen: number
  /** Null for what does not run on V8. */
  readonly heap: HeapUse | null
}

/** Closed loop: as much as it carries. */
export interface Capacity {
  readonly requestsPerS: number
  /** Of the gateway's process tree, user and system, a request. */
  readonly cpuUs: number
  /** Share of its cores' time that the gateway used: well below 1 the tool, or the origin, gave out first. */
  readonly used: number
  readonly errors: number
}

/** Open loop: each request timed from the moment it was due. */
export interface Latency {
  /** Asked for, a second. */
  readonly rate: number
  readonly requests: number
  readonly errors: number
  readonly cpuUs: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  /** How late the generator itself sent, p99: no latency below it says anything. */
  readonly lateP99: number
  /** Share of the requests that are in no figure of these, since the generator itself stood still meanwhile. */
  readonly unseen: number
  /** Share of the time in which the generator had work: near 1 it shows its own queue. */
  readonly busy: number
  readonly histogram: string
}

export interface Memory {
  /** Resident in the tree when the round ended. */
  readonly steadyKb: number
  /** Most that was ever resident. */
  readonly peakKb: number
}

export interface HeapUse {
  readonly bytesPerRequest: number
  readonly collections: number
  readonly longestPauseMs: number
  /** All pauses together. */
  readonly pausedMs: number
}
