/** trial — compiles a configuration without a worker: to refuse it early, and to explain what it would do. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { buildContexts } from '../../../native-free/tls/contexts.ts'
import { compile } from '../../config/compile.ts'
import type { Environment } from '../../config/env/env.ts'
import { makeTlsPolicy } from '../../config/env/tls-policy.ts'
import type { Config } from '../../config/model.ts'
import { compileTls, type TlsDefaults } from '../../config/plan/compile-tls.ts'
import type { BuildTools } from '../../contract/build.ts'
import type { AnyPlugin } from '../../contract/plugin.ts'
import { NameTable } from '../../flow/balancer/name-table.ts'
import { readVersion } from '../machine.ts'
import { NO_LOGS } from '../plane/absent/no-logs.ts'
import { NO_METRICS } from '../plane/absent/no-metrics.ts'
import { NO_REDIS } from '../plane/absent/no-redis.ts'
import { openClock } from '../plane/clock.ts'
import { NO_OFFLOAD } from '../plane/offload/no-offload.ts'
import { makeSharedBuffers, openShared, TRIAL_SIZES } from '../plane/shared-memory.ts'
import { NO_STATE } from '../state/no-state.ts'

const NO_TICKET_KEYS = new Uint8Array(48)

/** Throws GatewayError CONFIG_INVALID, as a worker would. */
export function tryCompile(config: Config, tools: BuildTools): void {
  compile(config, tools, 0).close()
}

/** Throws GatewayError CONFIG_INVALID for a certificate that OpenSSL does not take, as a worker would. */
export function tryCertificates(
  config: Config,
  plugins: ReadonlyMap<string, AnyPlugin>,
  defaults: TlsDefaults,
): void {
  buildContexts(compileTls(config, plugins, defaults), null)
}

/** For certificates of a configuration alone. */
export function trialTlsDefaults(environment: Environment): TlsDefaults {
  return { pairs: [], policy: makeTlsPolicy(environment), ticketKeys: NO_TICKET_KEYS }
}

/** Tools whose pools never connect. */
export function makeTrialTools(
  environment: Environment,
  plugins: ReadonlyMap<string, AnyPlugin>,
  names = new NameTable(),
): BuildTools {
  const clock = openClock()
  const shared = openShared(makeSharedBuffers(TRIAL_SIZES), 0)
  return {
    pools: { open: (address) => ({ address, open: 0, idle: 0 }), leave: () => {} },
    names,
    clock,
    plugins,
    routerFlavor: environment.routerFlavor,
    random: Math.random,
    shared,
    host: {
      nodeId: '',
      hostname: hostname(),
      workerId: 0,
      pid: process.pid,
      version: readVersion(),
      random: randomBytes,
      wall: () => Date.now(),
      now: () => clock.now(),
      nowAnew: () => clock.nowAnew(),
      later: () => () => {},
      shared,
      redis: NO_REDIS,
      offload: NO_OFFLOAD,
      state: NO_STATE,
      logs: NO_LOGS,
      metrics: NO_METRICS,
      tracing: { samplingRate: 0, instrumentations: [] },
      count: () => {},
      log: () => {},
    },
  }
}
