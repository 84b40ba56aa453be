/** Routes with their chains, as the router takes them. Routes of a disabled service are left out. */
import type { BuildTools } from '../../contract/build.ts'
import {
  PROTOCOL_GRPC,
  PROTOCOL_GRPCS,
  PROTOCOL_HTTP,
  PROTOCOL_HTTPS,
  RouteMark,
  type Service,
} from '../../contract/plan.ts'
import type { Bindings } from '../../flow/chain/bindings.ts'
import { ChainBuilder } from '../../flow/chain/build-chain.ts'
import type { RouteInput } from '../../flow/router/route-input.ts'
import type { Config, RouteEntity } from '../model.ts'

const PROTOCOL_BITS: Readonly<Record<string, number>> = {
  http: PROTOCOL_HTTP,
  https: PROTOCOL_HTTPS,
  grpc: PROTOCOL_GRPC,
  grpcs: PROTOCOL_GRPCS,
}

export function compileRoutes(
  config: Config,
  tools: BuildTools,
  services: ReadonlyMap<string, Service>,
  bindings: Bindings,
): RouteInput[] {
  const chains = new ChainBuilder(bindings)
  const v1Counts = tools.routerFlavor === 'traditional'
  const inputs: RouteInput[] = []
  for (const entity of config.routes) {
    const service = entity.service === null ? null : services.get(entity.service)
    if (service === undefined) continue
    // Of streams: compile-streams.ts.
    if (!entity.protocols.some((protocol) => Object.hasOwn(PROTOCOL_BITS, protocol))) continue
    inputs.push({ route: compileRoute(entity, service, { chains, v1Counts }), match: entity })
  }
  return inputs
}

interface RouteTools {
  readonly chains: ChainBuilder
  /** Kong's other flavour takes v1 for v0. */
  readonly v1Counts: boolean
}

function compileRoute(
  entity: RouteEntity,
  service: Service | null,
  { chains, v1Counts }: RouteTools,
): RouteInput['route'] {
  return Object.freeze({
    id: entity.id,
    name: entity.name,
    mark: new RouteMark(),
    service,
    tags: entity.tags ?? [],
    chain: chains.build(entity.id, service?.id ?? ''),
    protocols: entity.protocols.reduce((bits, protocol) => bits | (PROTOCOL_BITS[protocol] ?? 0), 0),
    httpsRedirectStatus: entity.https_redirect_status_code,
    stripPath: entity.strip_path,
    preserveHost: entity.preserve_host,
    pathHandling: v1Counts && entity.path_handling === 'v1' ? 1 : 0,
    requestBuffering: entity.request_buffering,
    responseBuffering: entity.response_buffering,
  })
}
