/** balancer-rig — what a balancer is given in tests: pools that open nothing, names, a clock and chance we set. */
import { Clock } from '../../src/base/clock.ts'
import { faults } from '../../src/base/faults.ts'
import type { BuildTools } from '../../src/contract/build.ts'
import { Exchange } from '../../src/contract/exchange.ts'
import type { Balancer } from '../../src/contract/plan.ts'
import type { Address, Resolved, Target, TargetPool } from '../../src/contract/target.ts'
import { buildUpstream } from '../../src/flow/balancer/build.ts'
import type { GroupBalancer } from '../../src/flow/balancer/group-balancer.ts'
import { NameTable } from '../../src/flow/balancer/name-table.ts'
import type { BalancerUpstream, CircuitInput, OutlierInput } from '../../src/flow/balancer/upstream-input.ts'
import { REQUEST_LIMITS } from '../../src/http1/limits.ts'
import { makeHost, makeShared } from './plugin-host.ts'

export const UPSTREAM: BalancerUpstream = {
  id: 'up-1',
  name: 'up',
  algorithm: 'round-robin',
  hash_on: 'none',
  hash_fallback: 'none',
  hash_on_header: null,
  hash_fallback_header: null,
  hash_on_cookie: null,
  hash_on_cookie_path: '/',
  hash_on_query_arg: null,
  hash_fallback_query_arg: null,
  hash_on_uri_capture: null,
  hash_fallback_uri_capture: null,
  slots: 10_000,
  host_header: null,
  use_srv_name: false,
  healthchecks: {
    threshold: 0,
    passive: {
      healthy: { http_statuses: [200, 302], successes: 0 },
      unhealthy: { http_statuses: [429, 500, 503], tcp_failures: 0, timeouts: 0, http_failures: 0 },
    },
  },
  circuit_breaker: null,
  outlier_detection: null,
  slow_start: null,
}

/** No limit at all, until a test sets one. */
export const CIRCUIT: CircuitInput = {
  max_connections: null,
  max_pending_requests: null,
  max_requests: null,
  max_retries: null,
  retry_budget: null,
  failure_percentage: null,
  consecutive_failures: null,
  minimum_requests: 20,
  window: 10,
  failure_statuses: [500, 502, 503, 504],
  open_time: 5,
  max_open_time: 60,
  half_open_requests: 3,
  success_threshold: 3,
}

/** The defaults of the schema, with panic off. */
export const OUTLIERS: OutlierInput = {
  consecutive_5xx: 5,
  enforcing_consecutive_5xx: 100,
  consecutive_gateway_failure: 5,
  enforcing_consecutive_gateway_failure: 0,
  split_external_local_origin_errors: false,
  consecutive_local_origin_failure: 5,
  enforcing_consecutive_local_origin_failure: 100,
  base_ejection_time: 30,
  max_ejection_time: 300,
  max_ejection_time_jitter: 0,
  max_ejection_percent: 10,
  always_eject_one_host: true,
  enforcing_success_rate: 100,
  success_rate_minimum_hosts: 5,
  success_rate_request_volume: 100,
  success_rate_stdev_factor: 1900,
  enforcing_failure_percentage: 0,
  failure_percentage_threshold: 85,
  failure_percentage_minimum_hosts: 5,
  failure_percentage_request_volume: 50,
  panic_threshold: 0,
}

export interface BalancerRig {
  readonly tools: BuildTools
  readonly names: NameTable
  /** What was logged: level, message and fields. */
  readonly log: string[]
  /** The pools that somebody holds, by address. */
  readonly opened: string[]
  /** Turns the clock. */
  now(ms: number): void
}

/** `shared`: of another rig, when the two stand for threads of one gateway. */
export function makeBalancerRig(random: () => number = () => 0, shared = makeShared()): BalancerRig {
  let nowMs = 1000
  const names = new NameTable()
  const clock = new Clock(
    () => nowMs,
    () => nowMs,
  )
  let drawn = 0
  const log: string[] = []
  const opened: string[] = []
  const tools: BuildTools = {
    pools: {
      open: (address: Address): TargetPool => {
        opened.push(address.ip)
        return { address, open: 0, idle: 0 }
      },
      leave: ({ address }) => opened.splice(opened.indexOf(address.ip), 1),
    },
    names,
    clock,
    shared,
    host: makeHost({
      shared,
      random: (count) => Buffer.alloc(count, ++drawn),
      wall: () => nowMs,
      now: () => nowMs,
      log: (level, message, fields) => log.push(`${level} ${message} ${JSON.stringify(fields)}`),
    }),
    plugins: new Map(),
    routerFlavor: 'traditional_compatible',
    random,
  }
  const now = (ms: number) => {
    nowMs = ms
    clock.turnEnded()
  }
  return { tools, names, log, opened, now }
}

/** The balancer of an upstream with targets 10.0.0.0, 10.0.0.1, … of these weights, and these fields on top. */
export function buildGroup(
  rig: BalancerRig,
  fields: Partial<BalancerUpstream>,
  weights: readonly number[] = [1, 1],
): GroupBalancer {
  const targets = weights.map((weight, i) => ({ target: `10.0.0.${i}:80`, weight }))
  return buildUpstream({ ...UPSTREAM, ...fields }, targets, rig.tools)
}

/** A target's answer to a try of `x`: its head, and its end. */
export function answerWith(balancer: Balancer, x: Exchange, target: Target, status: number): void {
  x.response.status = status
  balancer.answered(x, target)
  balancer.done(x, target, faults.NONE)
}

/** An exchange whose request head is `text`, with LF for CRLF, and whose path is what the target says. */
export function exchangeOf(text = 'GET / HTTP/1.1\nHost: a\n'): Exchange {
  const x = new Exchange(REQUEST_LIMITS)
  const bytes = Buffer.from(`${text}\n`.replaceAll('\n', '\r\n'), 'latin1')
  if (x.request.feed(bytes, 0, bytes.length) !== bytes.length) throw new Error(`not a head: ${text}`)
  x.pathBytes = x.request.bytes
  x.pathStart = x.request.pathStart
  x.pathEnd = x.request.pathEnd
  x.clientAddress = '192.0.2.1'
  return x
}

/** The hits of each target by name, over `requests` that are over before the next one comes. */
export function countHits(
  balancer: Balancer,
  requests: number,
  make: (i: number) => Exchange = () => exchangeOf(),
) {
  const hits: Record<string, number> = {}
  for (let i = 0; i < requests; i++) {
    const x = make(i)
    const target = balancer.pick(x)
    if (target === null) continue
    hits[nameOf(target)] = (hits[nameOf(target)] ?? 0) + 1
    balancer.done(x, target, faults.NONE)
  }
  return hits
}

export function nameOf(target: Target | null): string {
  return target === null ? 'none' : `${target.address.ip}:${target.address.port}`
}

/** A and AAAA answers. */
export function answersOf(...ips: string[]): Resolved[] {
  return ips.map((ip) => ({ ip, port: 0, weight: 0 }))
}
