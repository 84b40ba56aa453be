/** data-plane — what a worker asks of the part that carries traffic, and what it hands to it. */
import type { Environment } from '../../config/env/env.ts'
import type { Config } from '../../config/model.ts'
import type { TlsDefaults } from '../../config/plan/compile-tls.ts'
import type { ListenAddress } from '../../contract/listener.ts'
import type { Metrics } from '../../contract/machine/metrics.ts'
import type { Shared } from '../../contract/machine/shared-memory.ts'
import type { StateStore } from '../../contract/machine/state-store.ts'
import type { AnyPlugin } from '../../contract/plugin.ts'
import type { NameTable } from '../../flow/balancer/name-table.ts'
import type { AccessSink } from '../../observe/tally.ts'
import type { Counters } from '../../state/counters.ts'
import type { RouteStats } from '../../state/route-stats.ts'
import type { RingEnd } from '../log/ring-end.ts'
import type { Heartbeat } from '../workers/heartbeat.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** A worker's two logs. Neither ever waits, and both lose records, counted, rather than memory. */
export interface WorkerLog {
  /** One record for the operator; the primary writes it. */
  operator(level: LogLevel, message: string, fields?: Record<string, unknown>): void
  /** Null while PROXY_ACCESS_LOG is off. */
  readonly access: AccessSink | null
  /** Null while PROXY_STREAM_ACCESS_LOG is off. */
  readonly streamAccess: AccessSink | null
}

export interface DataPlaneOptions {
  /** From 1. */
  readonly workerId: number
  /** Of this process: the same in all workers, new with each start. */
  readonly nodeId: string
  readonly version: string
  readonly environment: Environment
  readonly plugins: ReadonlyMap<string, AnyPlugin>
  readonly counters: Counters
  readonly routes: RouteStats
  readonly heartbeat: Heartbeat
  readonly shared: Shared
  readonly metrics: Metrics
  readonly state: StateStore
  readonly log: WorkerLog
  /** For what plugins log. */
  readonly ring: RingEnd
  readonly names: NameTable
}

export interface DataPlane {
  /**
   * Compiles and swaps; `tls`: null where no address has `ssl`. Throws GatewayError, and then what ran before still
   * runs.
   */
  load(config: Config, epoch: number, tls: TlsDefaults | null): void
  /** The same configuration with other ticket keys. */
  useTls(tls: TlsDefaults): void
  /** Resolves when all addresses accept. Rejects with GatewayError PORT_IN_USE or PORT_FORBIDDEN. */
  listen(addresses: readonly ListenAddress[]): Promise<void>
  /** Stops accepting and resolves when the last exchange has ended. */
  drain(): Promise<void>
  /** Ends at once. Safe to call twice: a worker calls it when its thread exits, whatever the cause. */
  close(): void
  readonly connections: number
}
