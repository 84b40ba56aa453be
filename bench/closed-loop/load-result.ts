/** What closed-loop load is asked to do, and what it found: for capacity and CPU a request, never for latency. */
import type { Protocol } from '../load/scenario.ts'

export interface ClosedLoad {
  /** http://host:port or https://host:port. */
  readonly origin: string
  /** Without it HTTP/1.1, in the clear or over TLS as `origin` says. */
  readonly protocol?: Protocol
  /** Under way on each connection; one without it. */
  readonly streams?: number
  readonly method: string
  /** Asked for in turn. */
  readonly paths: readonly string[]
  readonly fields: Readonly<Record<string, string>>
  /** Bytes of each request's body. */
  readonly upload: number
  /** The body itself, in base64; `upload` is then its length. Without it the body is filling. */
  readonly body?: string
  readonly connections: number
  readonly seconds: number
}

export interface ClosedResult {
  /** Answered. */
  readonly requests: number
  /** As it took. */
  readonly seconds: number
  /** Failed on the way, or answered with another status than 2xx and 3xx. */
  readonly errors: number
  /**
   * Microseconds, HdrHistogram V2, compressed, in base64; null where the tool does not tell single times. A closed loop
   * waits for the slow and then sends less, so what it did not send is filled in; still no measure of what a user sees.
   */
  readonly closedLoopHistogram: string | null
}
