/**
 * Plugin configurations, built: one handler an entity, whatever the number of chains it stands in.
 *
 * Left out, as if absent: what is disabled, what is bound to something disabled, what speaks other protocols, what is
 * bound to a route together with another service than the route's, and what is bound to a consumer together with a
 * consumer group. None of these may fall back to a wider scope.
 */
import { faults, GatewayError } from '../../base/faults.ts'
import type { BuildTools } from '../../contract/build.ts'
import type { AnyPlugin, Handler, Host, PluginScope } from '../../contract/plugin.ts'
import { Bindings } from '../../flow/chain/bindings.ts'
import { upstreamPathOf } from '../../flow/transport/upstream-path.ts'
import type {
  Config,
  ConsumerEntity,
  OtherEntity,
  PluginEntity,
  RouteEntity,
  ServiceEntity,
} from '../model.ts'
import type { Opened } from './opened.ts'

const HTTP_PROTOCOLS = new Set(['http', 'https', 'grpc', 'grpcs'])
const STREAM_PROTOCOLS = new Set(['tcp', 'tls', 'tls_passthrough'])

interface Entities {
  readonly routes: ReadonlyMap<string, RouteEntity>
  readonly services: ReadonlyMap<string, ServiceEntity>
  readonly consumers: ReadonlyMap<string, ConsumerEntity>
  readonly groups: ReadonlyMap<string, OtherEntity>
}

/** What a plugin's host knows of the configuration beyond authorities. */
export type Known = Pick<Host, 'identities' | 'detours'>

export function compileBindings(config: Config, tools: BuildTools, opened: Opened, known: Known): Bindings {
  const plugins = config.plugins.filter((entity) => speaks(entity, HTTP_PROTOCOLS))
  return bind({ ...config, plugins }, tools, opened, known)
}

/** The same for streams, of plugins that can serve them: who serves both has a handler for each. */
export function compileStreamBindings(
  config: Config,
  tools: BuildTools,
  opened: Opened,
  known: Known,
): Bindings {
  const serves = ({ name }: PluginEntity) => {
    const protocols = tools.plugins.get(name)?.protocols ?? []
    return protocols.some((protocol) => STREAM_PROTOCOLS.has(protocol))
  }
  const plugins = config.plugins.filter((entity) => speaks(entity, STREAM_PROTOCOLS) && serves(entity))
  return bind({ ...config, plugins }, tools, opened, known)
}

function speaks(entity: PluginEntity, protocols: ReadonlySet<string>): boolean {
  return entity.protocols.some((protocol) => protocols.has(protocol))
}

function bind(config: Config, tools: BuildTools, opened: Opened, known: Known): Bindings {
  const entities: Entities = {
    routes: byId(config.routes),
    services: byId(config.services),
    consumers: byId(config.consumers),
    groups: byId(config.others['consumer_groups'] ?? []),
  }
  const authorities = new Map(config.ca_certificates.map(({ id, cert }) => [id, cert]))
  const caCertificate = (id: string): string | null => authorities.get(id) ?? null
  const host: Host = { ...tools.host, ...known, caCertificate, upstreamPath: upstreamPathOf }
  const bindings = new Bindings()
  for (const entity of config.plugins) {
    if (!isInForce(entity, entities)) continue
    const plugin = pluginOf(entity, tools)
    const handler = build(plugin, entity, host)
    opened.add(handler)
    bindings.add({
      plugin: plugin.name,
      priority: plugin.priority,
      routeId: entity.route,
      serviceId: entity.service,
      consumerId: entity.consumer,
      groupId: entity.consumer_group,
      handler,
      origin: originOf(entity, entities),
    })
  }
  return bindings
}

function byId<T extends { id: string }>(list: readonly T[]): Map<string, T> {
  return new Map(list.map((entity) => [entity.id, entity]))
}

function isInForce(entity: PluginEntity, { routes, services }: Entities): boolean {
  if (!entity.enabled || (entity.consumer !== null && entity.consumer_group !== null)) return false
  if (entity.service !== null && services.get(entity.service)?.enabled !== true) return false
  if (entity.route === null) return true
  const route = routes.get(entity.route)
  if (route === undefined) return false
  if (entity.service !== null) return route.service === entity.service
  return route.service === null || services.get(route.service)?.enabled === true
}

function pluginOf(entity: PluginEntity, tools: BuildTools): AnyPlugin {
  const plugin = tools.plugins.get(entity.name)
  if (plugin !== undefined) return plugin
  const detail = `plugin '${entity.name}' not enabled; add it to the 'plugins' configuration property`
  throw new GatewayError(faults.CONFIG_INVALID, detail)
}

function build(plugin: AnyPlugin, entity: PluginEntity, host: Host): Handler {
  const scope: PluginScope = {
    id: entity.id,
    instanceName: entity.instance_name,
    routeId: entity.route,
    serviceId: entity.service,
    consumerId: entity.consumer,
  }
  try {
    // Of the type the schema infers: the loader checked it against plugin.schema.
    return plugin.build(entity.config as never, host, scope)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new GatewayError(faults.CONFIG_INVALID, `plugin '${entity.name}' (${entity.id}): ${reason}`, error)
  }
}

/** For people: 'global', 'service orders', 'route orders-api and consumer jo'. */
function originOf(entity: PluginEntity, { routes, services, consumers, groups }: Entities): string {
  const parts: string[] = []
  if (entity.route !== null) parts.push(`route ${routes.get(entity.route)?.name ?? entity.route}`)
  if (entity.service !== null) parts.push(`service ${services.get(entity.service)?.name ?? entity.service}`)
  if (entity.consumer !== null) {
    const consumer = consumers.get(entity.consumer)
    parts.push(`consumer ${consumer?.username ?? consumer?.custom_id ?? entity.consumer}`)
  }
  if (entity.consumer_group !== null) {
    const group = groups.get(entity.consumer_group)
    parts.push(`consumer group ${String(group?.['name'] ?? entity.consumer_group)}`)
  }
  return parts.length === 0 ? 'global' : parts.join(' and ')
}
