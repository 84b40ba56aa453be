/** Stream routes: those of tcp, tls and tls_passthrough, with the plugins that can serve them, as their router takes them. */
import type { BuildTools } from '../../contract/build.ts'
import type { Service } from '../../contract/plan.ts'
import type { Handler } from '../../contract/plugin.ts'
import type { StreamRouter } from '../../contract/stream.ts'
import type { Bindings } from '../../flow/chain/bindings.ts'
import { ChainBuilder } from '../../flow/chain/build-chain.ts'
import { buildStreams } from '../../stream/routes/build-streams.ts'
import type { StreamRouteInput } from '../../stream/routes/stream-match.ts'
import type { Config, RouteEntity } from '../model.ts'

const SERVED = new Set(['tcp', 'tls', 'tls_passthrough'])

export function compileStreams(
  config: Config,
  tools: BuildTools,
  services: ReadonlyMap<string, Service>,
  bindings: Bindings,
): StreamRouter {
  const chains = new ChainBuilder(bindings)
  const inputs: StreamRouteInput[] = []
  for (const entity of config.routes) {
    if (!entity.protocols.some((protocol) => SERVED.has(protocol))) continue
    const service = entity.service === null ? null : services.get(entity.service)
    // Disabled.
    if (service === undefined) continue
    inputs.push({ route: compileRoute(entity, service, chains), match: entity })
  }
  return buildStreams(inputs, tools.routerFlavor)
}

function compileRoute(entity: RouteEntity, service: Service | null, chains: ChainBuilder) {
  const handlers = chains
    .build(entity.id, service?.id ?? '')
    .links.map((link) => link.handler)
    // Nobody is known on a stream, so what only some consumers have never applies.
    .filter((handler): handler is Handler => handler !== null)
  return Object.freeze({
    id: entity.id,
    name: entity.name,
    service,
    passesTls: entity.protocols.includes('tls_passthrough'),
    steps: Object.freeze(handlers.filter(({ onStream }) => onStream !== undefined)),
    ends: Object.freeze(handlers.filter(({ onStreamEnd }) => onStreamEnd !== undefined)),
  })
}
