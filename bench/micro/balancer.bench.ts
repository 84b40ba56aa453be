/**
 * What a pick and its done cost: nanoseconds and bytes of heap, by algorithm and number of targets.
 *
 *     node dist/bench/micro/balancer.bench.js
 *
 * Eight exchanges are under way at any time. "1 in 10" out has every tenth target unhealthy. Consistent hashing hashes
 * a header of 36 characters. Bytes are the growth of the heap between two collections forced before and after.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { faults } from '../../src/base/faults.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import type { Balancer } from '../../src/contract/plan.ts'
import type { Target } from '../../src/contract/target.ts'
import { buildBalancer } from '../../src/flow/balancer/build.ts'
import type { BalancerUpstream } from '../../src/flow/balancer/upstream-input.ts'
import { CIRCUIT, exchangeOf, makeBalancerRig, OUTLIERS, UPSTREAM } from '../../test/kit/balancer-rig.ts'
import { makeShared } from '../../test/kit/plugin-host.ts'

const PICKS = 400_000
const ROUNDS = 5
const UNDER_WAY = 8
const COUNTS = [3, 100, 1000]

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const ALGORITHMS: readonly Partial<BalancerUpstream>[] = [
  { algorithm: 'round-robin' },
  { algorithm: 'least-connections' },
  { algorithm: 'latency' },
  { algorithm: 'least-request' },
  { algorithm: 'consistent-hashing', hash_on: 'header', hash_on_header: 'x-key' },
]

/** What an upstream asks for on top of round-robin. */
const EXTRAS: readonly (readonly [name: string, fields: Partial<BalancerUpstream>])[] = [
  ['passive checks', { healthchecks: { threshold: 0, passive: watched() } }],
  ['outlier detection', { outlier_detection: { ...OUTLIERS, panic_threshold: 50 } }],
  ['max_requests', { circuit_breaker: { ...CIRCUIT, max_requests: 1000 } }],
  ['circuit', { circuit_breaker: { ...CIRCUIT, failure_percentage: 50 } }],
  ['slow start', { slow_start: { window: 30, aggression: 1, min_weight_percent: 10 } }],
]

console.log('algorithm           targets  out      ns/pick  bytes/pick  build ms')
for (const fields of ALGORITHMS)
  for (const count of COUNTS) for (const out of [0, 10]) report({ ...UPSTREAM, ...fields }, count, out)
for (const [name, fields] of EXTRAS) report({ ...UPSTREAM, ...fields }, 3, 0, name)

function watched() {
  const unhealthy = { http_statuses: [500], tcp_failures: 3, timeouts: 3, http_failures: 3 }
  return { healthy: { http_statuses: [200], successes: 1 }, unhealthy }
}

function report(upstream: BalancerUpstream, count: number, out: number, name = ''): void {
  const started = performance.now()
  const balancer = build(upstream, count)
  const builtMs = performance.now() - started
  if (out > 0) for (let i = 0; i < count; i += out) balancer.targets[i]!.state.setHealthy(false, 1000)
  const exchanges = Array.from({ length: 64 }, (_, i) =>
    exchangeOf(`GET / HTTP/1.1\nHost: a\nx-key: 01234567-89ab-cdef-0123-4567${i}89abcdef\n`),
  )
  for (const x of exchanges) x.response.status = 200
  let best = Infinity
  let bytes = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    collect()
    const before = process.memoryUsage().heapUsed
    const start = performance.now()
    run(balancer, exchanges)
    const took = performance.now() - start
    bytes = Math.min(bytes, process.memoryUsage().heapUsed - before)
    best = Math.min(best, took)
  }
  const figures = [
    ((best / PICKS) * 1e6).toFixed(1),
    (Math.max(0, bytes) / PICKS).toFixed(2),
    builtMs.toFixed(2),
  ]
  const label = [
    (name || upstream.algorithm).padEnd(18),
    String(count).padStart(8),
    (out === 0 ? 'none' : '1 in 10').padStart(8),
  ]
  console.log(
    `${label.join(' ')} ${figures[0]!.padStart(9)} ${figures[1]!.padStart(11)} ${figures[2]!.padStart(9)}`,
  )
}

function run(balancer: Balancer, exchanges: readonly Exchange[]): void {
  const underWay: (Target | null)[] = new Array<Target | null>(UNDER_WAY).fill(null)
  for (let i = 0; i < PICKS; i++) {
    const x = exchanges[i & 63]!
    const over = underWay[i % UNDER_WAY]!
    x.sentMs = 1000
    x.firstByteMs = 1001 + (i & 7)
    if (over !== null) {
      balancer.answered(x, over)
      balancer.done(x, over, faults.NONE)
    }
    underWay[i % UNDER_WAY] = balancer.pick(x)
  }
  for (const target of underWay) if (target !== null) balancer.done(exchanges[0]!, target, faults.NONE)
}

function build(upstream: BalancerUpstream, count: number): Balancer {
  const targets = Array.from({ length: count }, (_, i) => ({
    target: `10.0.${i >> 8}.${i & 255}:80`,
    weight: 100 + (i % 3) * 50,
  }))
  const service = { host: 'up', port: 80, protocol: 'http', tlsVerify: false }
  return buildBalancer({
    service,
    upstream,
    targets,
    tools: makeBalancerRig(Math.random, makeShared({ sharedTargets: count })).tools,
  })
}
