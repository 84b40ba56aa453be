/** top-status — what `sluice top` reads of /status and /status/routes. */
import type { LogFigures } from '../../../control/status/log-metrics.ts'
import type { ProcessFigures } from '../../../control/status/process-metrics.ts'
import type { RouteFigures, TrafficFigures } from '../../../control/traffic/traffic-view.ts'
import type { UpstreamSummary } from '../../../control/traffic/upstream-summary.ts'

export interface TopStatus extends TrafficFigures {
  readonly version: string
  readonly engine: string
  readonly epoch: number
  readonly draining: boolean
  readonly workers: readonly { readonly state: string; readonly connections: number }[]
  readonly process: ProcessFigures
  readonly upstreams: readonly UpstreamSummary[]
  readonly logs: readonly LogFigures[]
}

/** At one moment. */
export interface Reading {
  /** Of a clock that never steps. */
  readonly atMs: number
  readonly status: TopStatus
  /** All of them, or the busiest where nobody asked for more. */
  readonly routes: readonly RouteFigures[]
}
