/** shared-memory — makes the memory that all threads share, by what SLUICE_SHARED_* allows, and opens it in each of them. */
import { randomBytes } from 'node:crypto'
import type { Environment } from '../../config/env/env.ts'
import type { Shared } from '../../contract/machine/shared-memory.ts'
import { makeCounterBuffer } from '../../state/counters.ts'
import { KeyTable, makeKeyBuffer, SLOT_BYTES, SLOTS_MIN } from '../../state/key-table.ts'
import { makeRouteBuffer } from '../../state/route-stats.ts'
import { makeRowBuffer, Rows } from '../../state/rows.ts'
import { makeSeriesBuffer } from '../../state/series/series-area.ts'
import { forgetTargetShares, targetRowWords } from '../../state/target-state.ts'
import { forgetUpstreamShares, upstreamRowWords } from '../../state/upstream-state.ts'
import { makeBeatBuffer } from '../workers/heartbeat.ts'

/** What a thread is handed. */
export interface SharedBuffers {
  readonly counters: SharedArrayBuffer
  readonly limits: SharedArrayBuffer
  readonly targets: SharedArrayBuffer
  readonly upstreams: SharedArrayBuffer
  readonly beats: SharedArrayBuffer
  readonly routes: SharedArrayBuffer
  readonly series: SharedArrayBuffer
}

export type SharedSizes = Pick<
  Environment,
  | 'workers'
  | 'sharedLimitsBytes'
  | 'sharedMetricsBytes'
  | 'sharedRoutes'
  | 'sharedTargets'
  | 'sharedUpstreams'
>

/** Enough for one configuration that carries no traffic: to check it, or to explain it. */
export const TRIAL_SIZES: SharedSizes = {
  workers: 1,
  sharedLimitsBytes: SLOTS_MIN * SLOT_BYTES,
  sharedMetricsBytes: 64 * 1024,
  sharedRoutes: 16,
  sharedTargets: 16,
  sharedUpstreams: 16,
}

export function makeSharedBuffers(sizes: SharedSizes): SharedBuffers {
  const owners = sizes.workers + 1
  const seed = randomBytes(8)
  const seeds = { seedA: seed.readInt32LE(0), seedB: seed.readInt32LE(4) }
  return {
    counters: makeCounterBuffer(sizes.workers),
    beats: makeBeatBuffer(sizes.workers),
    routes: makeRouteBuffer(sizes.workers, sizes.sharedRoutes),
    series: makeSeriesBuffer(sizes.workers, sizes.sharedMetricsBytes),
    limits: makeKeyBuffer(slotsIn(sizes.sharedLimitsBytes), seeds.seedA, seeds.seedB),
    targets: makeRowBuffer({ rows: sizes.sharedTargets, width: targetRowWords(owners), owners, ...seeds }),
    upstreams: makeRowBuffer({
      rows: sizes.sharedUpstreams,
      width: upstreamRowWords(owners),
      owners,
      ...seeds,
    }),
  }
}

/** `owner`: 0 in the primary, the worker's id in a worker. */
export function openShared(buffers: SharedBuffers, owner: number): Shared {
  return {
    owner,
    limits: new KeyTable(buffers.limits, owner),
    targets: new Rows(buffers.targets, owner),
    upstreams: new Rows(buffers.upstreams, owner),
  }
}

/** By the primary, when worker `owner` is gone: what it held is given back, and its locks are free. */
export function forgetWorker(shared: Shared, owner: number): void {
  shared.limits.forget(owner)
  forgetTargetShares(shared.targets, owner)
  forgetUpstreamShares(shared.upstreams, owner)
  shared.targets.forget(owner)
  shared.upstreams.forget(owner)
}

/** The largest power of two of slots that fits, for the table finds its way by masks. */
function slotsIn(bytes: number): number {
  return Math.max(SLOTS_MIN, 2 ** Math.floor(Math.log2(bytes / SLOT_BYTES)))
}
