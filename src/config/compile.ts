/**
 * compile — turns a checked configuration into the Plan that a worker runs.
 *
 *     services ──▶ balancers          plugins ──▶ handlers, one an entity, shared by all chains
 *        └──────────── routes ──▶ chains ──┘                    │
 *                        └──▶ router       consumers ──▶ overrides
 *
 * Done whole or not at all: when a part can't be built, what was built before it is closed again and the old plan
 * runs on.
 */
import { faults, GatewayError } from '../base/faults.ts'
import type { BuildTools } from '../contract/build.ts'
import type { Consumer, Plan, Route, Service } from '../contract/plan.ts'
import type { Bindings } from '../flow/chain/bindings.ts'
import { buildGlobalChain } from '../flow/chain/build-chain.ts'
import { buildRouter } from '../flow/router/build.ts'
import type { Config, ConsumerEntity } from './model.ts'
import { compileBindings } from './plan/compile-bindings.ts'
import { compileRoutes } from './plan/compile-routes.ts'
import { compileServices } from './plan/compile-services.ts'
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
  const services = compileServices(config, tools, opened)
  const bindings = compileBindings(config, tools, opened)
  const inputs = compileRoutes(config, tools, services, bindings)
  return Object.freeze({
    epoch,
    hash: config.hash,
    router: buildRouter(inputs, tools.routerFlavor),
    globalChain: buildGlobalChain(bindings),
    consumers: Object.freeze(compileConsumers(config, bindings)),
    routes: Object.freeze<Route[]>(inputs.map((input) => input.route)),
    services: Object.freeze<Service[]>([...services.values()]),
    close: () => opened.close(),
  })
}

function compileConsumers(config: Config, bindings: Bindings): Consumer[] {
  const groups = groupsByConsumer(config)
  return config.consumers.map((entity) => compileConsumer(entity, groups.get(entity.id) ?? [], bindings))
}

function compileConsumer(entity: ConsumerEntity, groups: readonly string[], bindings: Bindings): Consumer {
  return Object.freeze({
    id: entity.id,
    username: entity.username,
    customId: entity.custom_id,
    tags: entity.tags ?? [],
    groups,
    overrides: bindings.ofConsumer(entity.id),
  })
}

/** Names, by the consumer's id; in the order in which they are written, which is the order of precedence. */
function groupsByConsumer({ others }: Config): Map<string, string[]> {
  const names = new Map((others['consumer_groups'] ?? []).map((group) => [group.id, String(group['name'])]))
  const groups = new Map<string, string[]>()
  for (const member of others['consumer_group_consumers'] ?? []) {
    const consumer = String(member['consumer'])
    const name = names.get(String(member['consumer_group']))
    if (name !== undefined) groups.set(consumer, [...(groups.get(consumer) ?? []), name])
  }
  return groups
}
