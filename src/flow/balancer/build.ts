/**
 * build — makes the balancer of a service: over its upstream's targets, or over what its own host stands for.
 *
 * The upstream's fields are Kong's. Without one, all addresses of the service's host are equal, and a retry goes to
 * another of them.
 */
import type { BuildTools } from '../../contract/build.ts'
import type { Address, ServiceTls } from '../../contract/target.ts'
import { Addresses, type ConfiguredTarget } from './addresses.ts'
import type { Algorithm } from './algorithm/algorithm.ts'
import { ConsistentHashing } from './algorithm/consistent-hashing.ts'
import { fallbackInput, primaryInput } from './algorithm/hashing/build-input.ts'
import { Latency } from './algorithm/latency.ts'
import { LeastConnections } from './algorithm/least-connections.ts'
import { LeastRequest } from './algorithm/least-request.ts'
import { RoundRobin } from './algorithm/round-robin.ts'
import { SlowStart } from './algorithm/slow-start.ts'
import { makeCircuitSettings } from './circuit/circuit-settings.ts'
import { UpstreamGate } from './circuit/upstream-gate.ts'
import { GroupBalancer, type GroupParts } from './group-balancer.ts'
import { isSocketPath, isTls } from './host-port.ts'
import { OutlierDetector } from './outliers/outlier-detector.ts'
import { PRIVATE_STATES, TargetRows } from './rows/target-rows.ts'
import { UpstreamRow } from './rows/upstream-row.ts'
import type { BalancerUpstream } from './upstream-input.ts'
import { News } from './watch/news.ts'
import { hasPassiveChecks, PassiveChecks } from './watch/passive-checks.ts'
import { UsableShare } from './watch/usable-share.ts'

/** Kong's port of a target that names none. */
const TARGET_PORT = 8000

export interface BalancerService {
  readonly host: string
  readonly port: number
  readonly protocol: string
  /** Absent: its protocol decides, and with TLS nothing is verified. */
  readonly tls?: ServiceTls | null
  /** Absent: HTTP/1.1. */
  readonly http?: Address['http']
}

/** An upstream with its targets. */
export interface TargetGroup {
  readonly upstream: BalancerUpstream
  readonly targets: readonly ConfiguredTarget[]
  /** In place of the service's, where the upstream has a say in it. */
  readonly tls?: ServiceTls | null
}

export interface BalancerOptions {
  readonly service: BalancerService
  readonly upstream: BalancerUpstream | null
  /** The upstream's; not looked at without one. */
  readonly targets: readonly ConfiguredTarget[]
  /** The upstream's, as a group's. */
  readonly tls?: ServiceTls | null
  /** The upstreams that stand in for it, one for the other, in order. */
  readonly fallbacks?: readonly TargetGroup[]
  readonly tools: BuildTools
}

export function buildBalancer(options: BalancerOptions): GroupBalancer {
  const { service, upstream, targets, tls = null, tools, fallbacks = [] } = options
  if (upstream === null) return buildPlain(service, tools)
  const [next, ...further] = fallbacks
  const fallback = next === undefined ? null : buildBalancer({ service, ...next, fallbacks: further, tools })
  return new GroupBalancer(
    { ...buildGroup({ upstream, targets, tls }, service, tools), fallback },
    tools.names,
  )
}

/** Of an upstream by itself, for whoever looks after its targets: no service speaks through it. */
export function buildUpstream(
  upstream: BalancerUpstream,
  targets: readonly ConfiguredTarget[],
  tools: BuildTools,
): GroupBalancer {
  const service = { host: upstream.name, port: TARGET_PORT, protocol: 'http' }
  return buildBalancer({ service, upstream, targets, tools })
}

/** No upstream: nothing is judged, shared or limited. */
function buildPlain(service: BalancerService, tools: BuildTools): GroupBalancer {
  const addresses = new Addresses({
    targets: [ownTarget(service)],
    protocol: service.protocol,
    tls: tlsOf(service),
    http: service.http ?? 'http/1.1',
    defaultPort: service.port,
    hostHeader: null,
    usesSrvName: false,
    pools: tools.pools,
    names: tools.names,
    states: PRIVATE_STATES,
  })
  const algorithm = new RoundRobin(() => tools.random(), new SlowStart(null, tools.clock))
  const none = { row: null, gate: null, share: null, passive: null, outliers: null, fallback: null }
  return new GroupBalancer({ addresses, algorithm, sharesLoad: false, ...none }, tools.names)
}

function buildGroup(
  group: TargetGroup,
  service: BalancerService,
  tools: BuildTools,
): Omit<GroupParts, 'fallback'> {
  const { upstream, targets } = group
  const addresses = new Addresses({
    targets,
    protocol: service.protocol,
    tls: group.tls ?? tlsOf(service),
    http: service.http ?? 'http/1.1',
    defaultPort: TARGET_PORT,
    hostHeader: upstream.host_header,
    usesSrvName: upstream.use_srv_name,
    pools: tools.pools,
    names: tools.names,
    states: new TargetRows(tools.shared.targets, upstream.id, () => tools.clock.now()),
  })
  const sharesLoad = upstream.algorithm === 'least-connections' || upstream.algorithm === 'least-request'
  const algorithm = buildAlgorithm({ upstream, targets }, tools)
  return { addresses, algorithm, sharesLoad, ...buildWatch(upstream, tools) }
}

/** What the upstream asks for beyond an algorithm. */
function buildWatch(upstream: BalancerUpstream, tools: BuildTools) {
  const { circuit_breaker: circuit, outlier_detection: outlier, healthchecks } = upstream
  const { clock } = tools
  const news = new News(upstream.name, tools.host.log)
  const row =
    circuit === null && outlier === null ? null : new UpstreamRow(tools.shared.upstreams, upstream.id)
  const panic = outlier?.panic_threshold ?? 0
  const random = () => tools.random()
  return {
    row,
    gate:
      circuit === null
        ? null
        : new UpstreamGate(makeCircuitSettings(upstream.name, circuit), row!, clock, news),
    share:
      healthchecks.threshold > 0 || panic > 0 ? new UsableShare(healthchecks.threshold, panic, clock) : null,
    passive: hasPassiveChecks(healthchecks.passive)
      ? new PassiveChecks(healthchecks.passive, clock, news)
      : null,
    outliers: outlier === null ? null : new OutlierDetector(outlier, row!.state, { clock, news, random }),
  }
}

/** As Kong where nothing is said: encrypted, to whoever answers. */
const UNVERIFIED: ServiceTls = { verify: false, verifyDepth: -1, trusted: null, certificate: null }

function tlsOf({ tls = UNVERIFIED, protocol }: BalancerService): ServiceTls | null {
  return isTls(protocol) ? tls : null
}

function ownTarget(service: BalancerService): ConfiguredTarget {
  if (isSocketPath(service.host)) return { target: service.host, weight: 1 }
  const bare = service.host.replace(/^\[(.*)\]$/, '$1')
  return { target: `${bare.includes(':') ? `[${bare}]` : bare}:${service.port}`, weight: 1 }
}

function buildAlgorithm({ upstream, targets }: TargetGroup, tools: BuildTools): Algorithm {
  const random = () => tools.random()
  const slowStart = new SlowStart(upstream.slow_start, tools.clock)
  switch (upstream.algorithm) {
    case 'least-connections':
      return new LeastConnections(random, slowStart)
    case 'least-request':
      return new LeastRequest(random, slowStart)
    case 'latency':
      return new Latency(tools.clock, random, slowStart)
    case 'consistent-hashing':
      return new ConsistentHashing({
        slots: upstream.slots,
        configured: targets.filter(({ weight }) => weight > 0).length,
        input: primaryInput(upstream, tools),
        fallback: fallbackInput(upstream, tools),
      })
    default:
      return new RoundRobin(random, slowStart)
  }
}
