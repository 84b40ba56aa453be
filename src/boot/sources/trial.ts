/** trial — compiles a configuration without a worker: to refuse it early, and to explain what it would do. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { Clock } from '../../base/clock.ts'
import { compile } from '../../config/compile.ts'
import type { Environment } from '../../config/env.ts'
import type { Config } from '../../config/model.ts'
import type { BuildTools } from '../../contract/build.ts'
import type { AnyPlugin } from '../../contract/plugin.ts'
import { NameTable } from '../../flow/balancer/name-table.ts'
import { readVersion } from '../machine.ts'

/** Throws GatewayError CONFIG_INVALID, as a worker would. */
export function tryCompile(config: Config, tools: BuildTools): void {
  compile(config, tools, 0).close()
}

/** Tools whose pools never connect. */
export function makeTrialTools(
  environment: Environment,
  plugins: ReadonlyMap<string, AnyPlugin>,
  names = new NameTable(),
): BuildTools {
  const clock = new Clock(
    () => performance.now(),
    () => Date.now(),
  )
  return {
    pools: { open: (address) => ({ address, open: 0, idle: 0 }) },
    names,
    clock,
    plugins,
    routerFlavor: environment.routerFlavor,
    random: Math.random,
    host: {
      nodeId: '',
      hostname: hostname(),
      workerId: 0,
      pid: process.pid,
      version: readVersion(),
      random: randomBytes,
      wall: () => Date.now(),
      log: () => {},
    },
  }
}
