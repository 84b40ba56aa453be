/** What the status listener shows, and the shape of GET /status: Kong's fields, with ours under `sluice`. */
import type { Shared } from '../../contract/machine/shared-memory.ts'
import {
  CONNECTIONS_ACCEPTED,
  CONNECTIONS_ACTIVE,
  CONNECTIONS_READING,
  CONNECTIONS_WAITING,
  CONNECTIONS_WRITING,
  Counters,
  HEAP_BYTES,
  REQUESTS,
  sumCounter,
} from '../../state/counters.ts'
import type { SeriesReader } from '../../state/series/series-reader.ts'
import type { WatchedUpstream } from '../health/watched-upstream.ts'
import type { Traffic } from '../traffic/traffic.ts'
import { trafficFigures } from '../traffic/traffic-view.ts'
import { upstreamSummaries } from '../traffic/upstream-summary.ts'
import type { LogFigures } from './log-metrics.ts'
import { processFigures } from './process-metrics.ts'

export interface WorkerView {
  readonly id: number
  readonly state: string
  readonly epoch: number
  readonly restarts: number
}

export interface StatusView {
  readonly version: string
  readonly engine: string
  readonly pid: number
  readonly nodeId: string
  readonly counters: SharedArrayBuffer
  readonly workers: readonly WorkerView[]
  /** The configuration's; 32 zeros for the empty one. */
  readonly hash: string
  readonly epoch: number
  readonly reloads: { readonly taken: number; readonly refused: number }
  readonly draining: boolean
  readonly upstreams: Iterable<WatchedUpstream>
  readonly shared: Shared
  readonly series: SeriesReader
  readonly traffic: Traffic
  readonly logs: readonly LogFigures[]
}

export const EMPTY_HASH = '0'.repeat(32)

/** Why the gateway should get no traffic now, in Kong's words; '' when it should. */
export function notReady(view: StatusView): string {
  if (view.draining) return 'draining'
  if (view.hash === EMPTY_HASH) return 'no configuration available (empty configuration present)'
  const ready = view.workers.filter((worker) => worker.state === 'ready').length
  // A worker that is being replaced is no reason to take the whole gateway out; none at all is.
  if (ready > 0) return ''
  return `router builds not yet complete, router ready in ${ready} of ${view.workers.length} workers`
}

export function statusBody(view: StatusView): object {
  const sum = (index: number) => sumCounter(view.counters, index)
  const accepted = sum(CONNECTIONS_ACCEPTED)
  return {
    memory: { workers_lua_vms: view.workers.map((worker) => memoryOf(view, worker)), lua_shared_dicts: {} },
    server: {
      connections_accepted: accepted,
      connections_active: sum(CONNECTIONS_ACTIVE),
      connections_handled: accepted,
      connections_reading: sum(CONNECTIONS_READING),
      connections_waiting: sum(CONNECTIONS_WAITING),
      connections_writing: sum(CONNECTIONS_WRITING),
      total_requests: sum(REQUESTS),
    },
    configuration_hash: view.hash,
    sluice: {
      version: view.version,
      engine: view.engine,
      epoch: view.epoch,
      reloads: view.reloads,
      draining: view.draining,
      workers: view.workers.map((worker) => ({ ...worker, ...loadOf(view, worker) })),
      process: processFigures(view.pid),
      ...trafficFigures(view.traffic),
      upstreams: upstreamSummaries(view.upstreams),
      logs: view.logs,
    },
  }
}

function loadOf(view: StatusView, worker: WorkerView): object {
  const counters = new Counters(view.counters, worker.id)
  return { connections: counters.get(CONNECTIONS_ACTIVE), requests: counters.get(REQUESTS) }
}

function memoryOf(view: StatusView, worker: WorkerView): object {
  const heap = new Counters(view.counters, worker.id).get(HEAP_BYTES)
  return { http_allocated_gc: `${(heap / 1024 ** 2).toFixed(2)} MiB`, pid: view.pid, worker: worker.id }
}
