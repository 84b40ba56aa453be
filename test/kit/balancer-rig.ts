/** balancer-rig — what a balancer is given in tests: pools that open nothing, names, a clock and chance we set. */
import { Clock } from '../../src/base/clock.ts'
import type { BuildTools } from '../../src/contract/build.ts'
import { Exchange } from '../../src/contract/exchange.ts'
import type { Balancer } from '../../src/contract/plan.ts'
import type { Address, Resolved, Target, TargetPool } from '../../src/contract/target.ts'
import type { BalancerUpstream } from '../../src/flow/balancer/build.ts'
import { NameTable } from '../../src/flow/balancer/name-table.ts'
import { REQUEST_LIMITS } from '../../src/http1/limits.ts'

export const UPSTREAM: BalancerUpstream = {
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
}

export interface BalancerRig {
  readonly tools: BuildTools
  readonly names: NameTable
  /** Turns the clock. */
  now(ms: number): void
}

export function makeBalancerRig(random: () => number = () => 0): BalancerRig {
  let nowMs = 1000
  const names = new NameTable()
  const clock = new Clock(
    () => nowMs,
    () => nowMs,
  )
  let drawn = 0
  const tools: BuildTools = {
    pools: { open: (address: Address): TargetPool => ({ address, open: 0, idle: 0 }) },
    names,
    clock,
    host: {
      nodeId: 'node',
      hostname: 'host',
      workerId: 0,
      pid: 1,
      version: '0',
      random: (count) => Buffer.alloc(count, ++drawn),
      wall: () => nowMs,
      log: () => {},
    },
    plugins: new Map(),
    routerFlavor: 'traditional_compatible',
    random,
  }
  const now = (ms: number) => {
    nowMs = ms
    clock.turnEnded()
  }
  return { tools, names, now }
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
    balancer.done(x, target, true)
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
