/**
 * balancer — what a pick and its end cost, by algorithm and number of targets.
 *
 *     node dist/bench/micro/balancer.bench.js
 *
 * Eight exchanges are under way at any time. "1 in 10 out" has every tenth target unhealthy. Consistent hashing
 * hashes a header of 36 characters. The notes tell what building took.
 *
 * The peer is the choice alone of undici's BalancedPool, which dispatch makes first: by weight in turn, over
 * origins that are not busy. It looks at all origins for each choice, keeps no count of what is under way at the
 * target (its pools do that later) and no health but a weight that errors lower; ours is told of the answer and of
 * the end as well. undici's RoundRobinPool is no peer: it chooses among connections to one origin, and has more
 * than one only when the others are busy with real requests, so a choice alone can't be called.
 */
import { faults } from '../../src/base/faults.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import type { Balancer } from '../../src/contract/plan.ts'
import type { Target } from '../../src/contract/target.ts'
import { buildBalancer } from '../../src/flow/balancer/build.ts'
import type { BalancerUpstream } from '../../src/flow/balancer/upstream-input.ts'
import { CIRCUIT, exchangeOf, makeBalancerRig, OUTLIERS, UPSTREAM } from '../../test/kit/balancer-rig.ts'
import { makeShared } from '../../test/kit/plugin-host.ts'
import type { Bench, Case, Group } from './frame/bench.ts'
import { runAlone } from './frame/run.ts'
import { openBalancedPool } from './peers/balanced-pool.ts'

const UNDER_WAY = 8
const COUNTS = [3, 100, 1000]
const PEER_COUNTS = [3, 100]
/** A power of two. */
const EXCHANGES = 64

const ALGORITHMS: readonly Partial<BalancerUpstream>[] = [
  { algorithm: 'round-robin' },
  { algorithm: 'least-connections' },
  { algorithm: 'latency' },
  { algorithm: 'least-request' },
  { algorithm: 'consistent-hashing', hash_on: 'header', hash_on_header: 'x-key' },
]

/** What an upstream asks for on top of round-robin. */
const EXTRAS: readonly (readonly [name: string, fields: Partial<BalancerUpstream>])[] = [
  ['nothing more', {}],
  ['passive checks', { healthchecks: { threshold: 0, passive: watched() } }],
  ['outlier detection', { outlier_detection: { ...OUTLIERS, panic_threshold: 50 } }],
  ['max_requests', { circuit_breaker: { ...CIRCUIT, max_requests: 1000 } }],
  ['circuit', { circuit_breaker: { ...CIRCUIT, failure_percentage: 50 } }],
  ['slow start', { slow_start: { window: 30, aggression: 1, min_weight_percent: 10 } }],
]

export const bench: Bench = {
  name: 'balancer',
  says: 'picks a target, is told of its answer and of the end',
  groups: [...ALGORITHMS.map(algorithmGroup), extrasGroup(), peerGroup()],
}

function watched() {
  const unhealthy = { http_statuses: [500], tcp_failures: 3, timeouts: 3, http_failures: 3 }
  return { healthy: { http_statuses: [200], successes: 1 }, unhealthy }
}

function algorithmGroup(fields: Partial<BalancerUpstream>): Group {
  const upstream = { ...UPSTREAM, ...fields }
  const open = (): Case[] =>
    COUNTS.flatMap((count) => [
      openCase(`${count} targets`, upstream, count, 0),
      openCase(`${count} targets, 1 in 10 out`, upstream, count, 10),
    ])
  return { name: upstream.algorithm, open }
}

function extrasGroup(): Group {
  const open = (): Case[] => EXTRAS.map(([name, fields]) => openCase(name, { ...UPSTREAM, ...fields }, 3, 0))
  return { name: 'round-robin, 3 targets, with', open }
}

function peerGroup(): Group {
  const open = (): Case[] =>
    PEER_COUNTS.flatMap((count) => [
      openCase(`sluice, ${count} targets`, UPSTREAM, count, 0),
      openBalancedPool(count),
    ])
  return { name: 'round-robin by weight', open }
}

/** Every `out`-th target is unhealthy; none for 0. */
function openCase(name: string, upstream: BalancerUpstream, count: number, out: number): Case {
  const started = performance.now()
  const balancer = build(upstream, count)
  const note = `built in ${(performance.now() - started).toFixed(1)} ms`
  if (out > 0) for (let i = 0; i < count; i += out) balancer.targets[i]!.state.setHealthy(false, 1000)
  const exchanges = Array.from({ length: EXCHANGES }, (_, i) =>
    exchangeOf(`GET / HTTP/1.1\nHost: a\nx-key: 01234567-89ab-cdef-0123-4567${i}89abcdef\n`),
  )
  for (const x of exchanges) x.response.status = 200
  return { name, note, run: (times) => run(balancer, exchanges, times), close: () => balancer.close() }
}

function run(balancer: Balancer, exchanges: readonly Exchange[], times: number): number {
  const underWay: (Target | null)[] = [null, null, null, null, null, null, null, null]
  let picked = 0
  for (let i = 0; i < times; i++) {
    const x = exchanges[i & (EXCHANGES - 1)]!
    const over = underWay[i % UNDER_WAY]!
    x.sentMs = 1000
    x.firstByteMs = 1001 + (i & 7)
    if (over !== null) {
      balancer.answered(x, over)
      balancer.done(x, over, faults.NONE)
    }
    const target = balancer.pick(x)
    underWay[i % UNDER_WAY] = target
    if (target !== null) picked++
  }
  for (const target of underWay) if (target !== null) balancer.done(exchanges[0]!, target, faults.NONE)
  if (picked !== times) throw new Error(`${times - picked} picks of ${times} found no target`)
  return picked
}

function build(upstream: BalancerUpstream, count: number): Balancer {
  const targets = Array.from({ length: count }, (_, i) => ({
    target: `10.0.${i >> 8}.${i & 255}:80`,
    weight: 100 + (i % 3) * 50,
  }))
  const service = { host: 'up', port: 80, protocol: 'http' }
  return buildBalancer({
    service,
    upstream,
    targets,
    tools: makeBalancerRig(Math.random, makeShared({ sharedTargets: count })).tools,
  })
}

await runAlone(bench, import.meta.url)
