/**
 * build — makes the balancer of a service: over its upstream's targets, or over what its own host stands for.
 *
 * The upstream's fields are Kong's. Without one, all addresses of the service's host are equal, and a retry goes to
 * another of them.
 */
import type { BuildTools } from '../../contract/build.ts'
import type { Balancer } from '../../contract/plan.ts'
import { Addresses, type ConfiguredTarget } from './addresses.ts'
import type { Algorithm } from './algorithm/algorithm.ts'
import { ConsistentHashing } from './algorithm/consistent-hashing.ts'
import { CookieInput } from './algorithm/hash-cookie.ts'
import {
  CaptureInput,
  ConsumerInput,
  type HashInput,
  HeaderInput,
  IpInput,
  NoInput,
  PathInput,
} from './algorithm/hash-input.ts'
import { QueryInput } from './algorithm/hash-query.ts'
import { Latency } from './algorithm/latency.ts'
import { LeastConnections } from './algorithm/least-connections.ts'
import { RoundRobin } from './algorithm/round-robin.ts'
import { GroupBalancer } from './group-balancer.ts'

/** Kong's port of a target that names none. */
const TARGET_PORT = 8000

export interface BalancerService {
  readonly host: string
  readonly port: number
  readonly protocol: string
  readonly tlsVerify: boolean
}

export interface BalancerUpstream {
  readonly algorithm: 'consistent-hashing' | 'least-connections' | 'round-robin' | 'latency'
  readonly hash_on: string
  readonly hash_fallback: string
  readonly hash_on_header: string | null
  readonly hash_fallback_header: string | null
  readonly hash_on_cookie: string | null
  readonly hash_on_cookie_path: string
  readonly hash_on_query_arg: string | null
  readonly hash_fallback_query_arg: string | null
  readonly hash_on_uri_capture: string | null
  readonly hash_fallback_uri_capture: string | null
  readonly slots: number
  readonly host_header: string | null
  readonly use_srv_name: boolean
}

export interface BalancerOptions {
  readonly service: BalancerService
  readonly upstream: BalancerUpstream | null
  /** The upstream's; not looked at without one. */
  readonly targets: readonly ConfiguredTarget[]
  readonly tools: BuildTools
}

export function buildBalancer(options: BalancerOptions): Balancer {
  const { service, upstream, tools } = options
  const addresses = new Addresses({
    targets: upstream === null ? [ownTarget(service)] : options.targets,
    protocol: service.protocol,
    tlsVerify: service.tlsVerify,
    defaultPort: upstream === null ? service.port : TARGET_PORT,
    hostHeader: upstream?.host_header ?? null,
    usesSrvName: upstream?.use_srv_name ?? false,
    pools: tools.pools,
    names: tools.names,
  })
  return new GroupBalancer(addresses, buildAlgorithm(options), tools.names)
}

function ownTarget(service: BalancerService): ConfiguredTarget {
  const bare = service.host.replace(/^\[(.*)\]$/, '$1')
  return { target: `${bare.includes(':') ? `[${bare}]` : bare}:${service.port}`, weight: 1 }
}

function buildAlgorithm({ upstream, targets, tools }: BalancerOptions): Algorithm {
  const random = () => tools.random()
  switch (upstream?.algorithm) {
    case 'least-connections':
      return new LeastConnections(random)
    case 'latency':
      return new Latency(tools.clock, random)
    case 'consistent-hashing':
      return new ConsistentHashing({
        slots: upstream.slots,
        configured: targets.filter(({ weight }) => weight > 0).length,
        input: primaryInput(upstream, tools),
        fallback: fallbackInput(upstream, tools),
      })
    default:
      return new RoundRobin(random)
  }
}

function primaryInput(upstream: BalancerUpstream, tools: BuildTools): HashInput {
  return makeInput(upstream, tools, {
    kind: upstream.hash_on,
    header: upstream.hash_on_header,
    query: upstream.hash_on_query_arg,
    capture: upstream.hash_on_uri_capture,
  })
}

function fallbackInput(upstream: BalancerUpstream, tools: BuildTools): HashInput {
  return makeInput(upstream, tools, {
    kind: upstream.hash_fallback,
    header: upstream.hash_fallback_header,
    query: upstream.hash_fallback_query_arg,
    capture: upstream.hash_fallback_uri_capture,
  })
}

interface InputNames {
  readonly kind: string
  readonly header: string | null
  readonly query: string | null
  readonly capture: string | null
}

/** A kind whose name is missing can't come from a checked configuration; it then has no value. */
function makeInput(upstream: BalancerUpstream, tools: BuildTools, names: InputNames): HashInput {
  const cookie = upstream.hash_on_cookie
  const random = (count: number) => tools.host.random(count)
  if (names.kind === 'consumer') return new ConsumerInput()
  if (names.kind === 'ip') return new IpInput()
  if (names.kind === 'path') return new PathInput()
  if (names.kind === 'header' && names.header !== null) return new HeaderInput(names.header)
  if (names.kind === 'query_arg' && names.query !== null) return new QueryInput(names.query)
  if (names.kind === 'uri_capture' && names.capture !== null) return new CaptureInput(names.capture)
  if (names.kind === 'cookie' && cookie !== null)
    return new CookieInput(cookie, upstream.hash_on_cookie_path, random)
  return new NoInput()
}
