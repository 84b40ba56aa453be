/** plugin-host — the door a plugin is given, with a clock, chance and shared memory of the test's own. */

import { NO_LOGS } from '../../src/boot/plane/absent/no-logs.ts'
import { NO_METRICS } from '../../src/boot/plane/absent/no-metrics.ts'
import { NO_REDIS } from '../../src/boot/plane/absent/no-redis.ts'
import { NO_OFFLOAD } from '../../src/boot/plane/offload/no-offload.ts'
import { makeSharedBuffers, openShared, TRIAL_SIZES } from '../../src/boot/plane/shared-memory.ts'
import { NO_STATE } from '../../src/boot/state/no-state.ts'
import type { Identities } from '../../src/contract/identity/identities.ts'
import type { Shared } from '../../src/contract/machine/shared-memory.ts'
import type { Host } from '../../src/contract/plugin.ts'

/** Shared memory of one thread; `sizes` as SLUICE_SHARED_* would say. */
export function makeShared(sizes: Partial<typeof TRIAL_SIZES> = {}): Shared {
  return openShared(makeSharedBuffers({ ...TRIAL_SIZES, ...sizes }), 0)
}

/** A configuration without consumers. */
const NOBODY: Identities = {
  consumer: () => null,
  consumerBy: () => null,
  credentials: () => [],
  index: () => ({ lengthMax: 0, find: () => null }),
}

export function makeHost(own: Partial<Host> = {}): Host {
  return {
    nodeId: 'node-1',
    hostname: 'box',
    workerId: 0,
    pid: 7,
    version: '0',
    random: (count) => Buffer.alloc(count),
    wall: () => 0,
    now: () => 0,
    nowAnew: () => 0,
    later: () => () => {},
    shared: makeShared(),
    redis: NO_REDIS,
    offload: NO_OFFLOAD,
    state: NO_STATE,
    logs: NO_LOGS,
    metrics: NO_METRICS,
    tracing: { samplingRate: 0.01, instrumentations: ['all'] },
    identities: NOBODY,
    caCertificate: () => null,
    detours: () => new Map(),
    upstreamPath: (x) => x.request.bytes.latin1Slice(x.request.pathStart, x.request.targetEnd),
    count: () => {},
    log: () => {},
    ...own,
  }
}
