/** What open-loop load is asked to do, and what it found; the same for all protocols. */
import type { ClosedLoad } from '../closed-loop/load-result.ts'

/** Of `connections` at most so many are used; a request that finds none free waits, and its time runs. */
export interface OpenLoad extends ClosedLoad {
  /** Requests a second, evenly spaced, whatever is answered. */
  readonly rate: number
  /** Not counted, before `seconds`. */
  readonly warmUpSeconds: number
  /** A request that takes longer is an error, and counts with this time. */
  readonly timeoutMs: number
}

export interface OpenResult {
  readonly requests: number
  /** Timed out, reset, refused, unreadable, or with a status of 400 and more. Without an answer the time is `timeoutMs`. */
  readonly errors: number
  /** The first few, in words. */
  readonly errorSamples: readonly string[]
  /** Microseconds from the moment a request was due to the last byte of its answer: HdrHistogram V2, base64. */
  readonly histogram: string
  /**
   * Microseconds from the moment a request was due to its sending, where a connection was free; where none was, to the
   * moment the generator was ready to send it: the same.
   */
  readonly lateness: string
  /** Both again, of the requests during whose time the generator itself never stood still, and of those that failed. */
  readonly awake: string
  readonly awakeLateness: string
  /** Share of the time in which the generator had work, 0 to 1: near 1 the requests queued in the generator itself. */
  readonly busy: number
}

/** A generator that has work for more of its time queues requests itself. */
export const BUSY_SHARE = 0.9
