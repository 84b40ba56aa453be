/** Services with their balancers, one each. A disabled service is left out, and so are its routes. */
import type { BuildTools } from '../../contract/build.ts'
import type { Service } from '../../contract/plan.ts'
import type { ServiceTls } from '../../contract/target.ts'
import { buildBalancer, type TargetGroup } from '../../flow/balancer/build.ts'
import type { Config, ServiceEntity, TargetEntity, UpstreamEntity } from '../model.ts'
import { compileRetryPolicy } from './compile-retry-policy.ts'
import { httpOf, TargetTlsCompiler } from './compile-target-tls.ts'
import type { Opened } from './opened.ts'

/** By id. */
export function compileServices(config: Config, tools: BuildTools, opened: Opened): Map<string, Service> {
  const upstreams = new Map(config.upstreams.map((upstream) => [upstream.name, upstream]))
  const targets = targetsByUpstream(config)
  const tls = new TargetTlsCompiler(config, tools.targetTls)
  const services = new Map<string, Service>()
  for (const entity of config.services) {
    if (!entity.enabled) continue
    // A service's host is first of all the name of an upstream; only then is it a name to look up.
    const upstream = upstreams.get(entity.host) ?? null
    const its = upstream === null ? [] : (targets.get(upstream.id) ?? [])
    const fallbacks = fallbacksOf(upstream, upstreams).map((each) => ({
      upstream: each,
      targets: targets.get(each.id) ?? [],
      tls: tls.compile(entity, each),
    }))
    const own = { upstream, targets: its, tls: tls.compile(entity, upstream) }
    services.set(entity.id, compileService(entity, { ...own, fallbacks, tools }, opened))
  }
  return services
}

interface Behind {
  readonly upstream: UpstreamEntity | null
  readonly targets: readonly TargetEntity[]
  readonly tls: ServiceTls | null
  readonly fallbacks: readonly TargetGroup[]
  readonly tools: BuildTools
}

function compileService(entity: ServiceEntity, behind: Behind, opened: Opened): Service {
  const { host, port, protocol } = entity
  const balancer = buildBalancer({
    ...behind,
    service: { host, port, protocol, tls: behind.tls, http: httpOf(entity) },
  })
  opened.add(balancer)
  return Object.freeze({
    id: entity.id,
    name: entity.name,
    protocol,
    host,
    port,
    path: entity.path,
    retries: entity.retries,
    connectTimeoutMs: entity.connect_timeout,
    writeTimeoutMs: entity.write_timeout,
    readTimeoutMs: entity.read_timeout,
    tags: entity.tags ?? [],
    balancer,
    retryPolicy: compileRetryPolicy(entity.retry_policy),
  })
}

/** Who serves when the one before can't. The loader has refused rings; a seen name ends one all the same. */
function fallbacksOf(
  upstream: UpstreamEntity | null,
  upstreams: ReadonlyMap<string, UpstreamEntity>,
): UpstreamEntity[] {
  const found: UpstreamEntity[] = []
  let next = upstreams.get(upstream?.fallback ?? '')
  while (next !== undefined && next !== upstream && !found.includes(next)) {
    found.push(next)
    next = upstreams.get(next.fallback ?? '')
  }
  return found
}

function targetsByUpstream(config: Config): Map<string, TargetEntity[]> {
  const found = new Map<string, TargetEntity[]>()
  for (const target of config.targets) {
    const held = found.get(target.upstream)
    if (held === undefined) found.set(target.upstream, [target])
    else held.push(target)
  }
  return found
}
