/**
 * compile — turns a checked configuration into the Plan that a worker runs.
 *
 *     consumers, credentials ──▶ identities ──┐
 *     services ──▶ balancers          plugins ──▶ handlers, one an entity, shared by all chains
 *        └──────────── routes ──▶ chains ──┘                    │
 *                        └──▶ router       consumers ──▶ overrides
 *
 * Done whole or not at all: when a part can't be built, what was built before it is closed again and the old plan
 * runs on.
 */
import { faults, GatewayError } from '../base/faults.ts'
import type { BuildTools } from '../contract/build.ts'
import type { Plan, Route, Service } from '../contract/plan.ts'
import { buildGlobalChain } from '../flow/chain/build-chain.ts'
import { buildRouter } from '../flow/router/build.ts'
import type { Config } from './model.ts'
import { compileBindings, compileStreamBindings, type Known } from './plan/compile-bindings.ts'
import { Consumers } from './plan/compile-consumers.ts'
import { compileRoutes } from './plan/compile-routes.ts'
import { ServiceCompiler } from './plan/compile-services.ts'
import { compileStreams } from './plan/compile-streams.ts'
import { Opened } from './plan/opened.ts'

/** Throws GatewayError CONFIG_INVALID when a plugin or a pattern refuses to be built. */
export function compile(config: Config, tools: BuildTools, epoch: number): Plan {
  const opened = new Opened(tools.host)
  try {
    return assemble(config, tools, epoch, opened)
  } catch (error) {
    opened.close()
    if (error instanceof GatewayError) throw error
    throw new GatewayError(
      faults.CONFIG_INVALID,
      error instanceof Error ? error.message : String(error),
      error,
    )
  }
}

function assemble(config: Config, tools: BuildTools, epoch: number, opened: Opened): Plan {
  const compiler = new ServiceCompiler(config, tools, opened)
  const services = compiler.compileAll()
  const consumers = new Consumers(config, tools.host.random)
  const known: Known = {
    identities: consumers,
    detours: (scope, place) => compiler.compileDetours(scope, place),
  }
  const bindings = compileBindings(config, tools, opened, known)
  const inputs = compileRoutes(config, tools, services, bindings)
  const streamBindings = compileStreamBindings(config, tools, opened, known)
  return Object.freeze({
    epoch,
    hash: config.hash,
    router: buildRouter(inputs, tools.routerFlavor),
    globalChain: buildGlobalChain(bindings),
    starters: Object.freeze(bindings.starters),
    consumers: consumers.bind(bindings),
    routes: Object.freeze<Route[]>(inputs.map((input) => input.route)),
    services: Object.freeze<Service[]>([...services.values()]),
    streams: compileStreams(config, tools, services, streamBindings),
    close: () => opened.close(),
  })
}
