/** Services with their balancers, one each. A disabled service is left out, and so are its routes. */
import type { BuildTools } from '../../contract/build.ts'
import type { Balancer, Service } from '../../contract/plan.ts'
import type { Place, PluginScope } from '../../contract/plugin.ts'
import { buildBalancer } from '../../flow/balancer/build.ts'
import type { Config, ServiceEntity, TargetEntity, UpstreamEntity } from '../model.ts'
import { compileRetryPolicy } from './compile-retry-policy.ts'
import { httpOf, TargetTlsCompiler } from './compile-target-tls.ts'
import type { Opened } from './opened.ts'

/** Compiles services, and ways to other places for them. Balancers are closed with the plan. */
export class ServiceCompiler {
  readonly #config: Config
  readonly #tools: BuildTools
  readonly #opened: Opened
  readonly #tls: TargetTlsCompiler
  readonly #upstreams: ReadonlyMap<string, UpstreamEntity>
  readonly #targets: ReadonlyMap<string, readonly TargetEntity[]>

  constructor(config: Config, tools: BuildTools, opened: Opened) {
    this.#config = config
    this.#tools = tools
    this.#opened = opened
    this.#tls = new TargetTlsCompiler(config, tools.targetTls)
    this.#upstreams = new Map(config.upstreams.map((upstream) => [upstream.name, upstream]))
    this.#targets = targetsByUpstream(config)
  }

  /** By id. */
  compileAll(): Map<string, Service> {
    const services = new Map<string, Service>()
    for (const entity of this.#config.services)
      if (entity.enabled) services.set(entity.id, compileService(entity, this.#openBalancer(entity)))
    return services
  }

  /**
   * A balancer for each service that a plugin of this scope can meet, by the service's id: what it would have with this
   * host and port in place of its own.
   */
  compileDetours({ routeId, serviceId }: PluginScope, { host, port }: Place): Map<string, Balancer> {
    const bound = this.#config.routes.find(({ id }) => id === routeId)?.service ?? serviceId
    const detours = new Map<string, Balancer>()
    for (const entity of this.#config.services) {
      if (!entity.enabled || (bound !== null && entity.id !== bound)) continue
      const elsewhere = { ...entity, host: host ?? entity.host, port: port ?? entity.port }
      detours.set(entity.id, this.#openBalancer(elsewhere))
    }
    return detours
  }

  #openBalancer(entity: ServiceEntity): Balancer {
    // A service's host is first of all the name of an upstream; only then is it a name to look up.
    const upstream = this.#upstreams.get(entity.host) ?? null
    const tls = this.#tls.compile(entity, upstream)
    const { host, port, protocol } = entity
    const balancer = buildBalancer({
      service: { host, port, protocol, tls, http: httpOf(entity) },
      upstream,
      targets: this.#targetsOf(upstream),
      tls,
      fallbacks: fallbacksOf(upstream, this.#upstreams).map((each) => ({
        upstream: each,
        targets: this.#targetsOf(each),
        tls: this.#tls.compile(entity, each),
      })),
      tools: this.#tools,
    })
    this.#opened.add(balancer)
    return balancer
  }

  #targetsOf(upstream: UpstreamEntity | null): readonly TargetEntity[] {
    return upstream === null ? [] : (this.#targets.get(upstream.id) ?? [])
  }
}

function compileService(entity: ServiceEntity, balancer: Balancer): Service {
  return Object.freeze({
    id: entity.id,
    name: entity.name,
    protocol: entity.protocol,
    host: entity.host,
    port: entity.port,
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
