/**
 * route-tally — what it costs a request to be counted in its route's row: what became of it and three times.
 *
 *     node dist/bench/micro/telling/route-tally.bench.js
 *
 * Exchanges of 1 or 64 routes take turns, each with times of its own, so that their buckets lie apart. "the row" is the
 * finding of it alone: by the field that a route has for it, and what it would cost by a Map or a WeakMap.
 */
import { Clock } from '../../../src/base/clock.ts'
import type { Exchange } from '../../../src/contract/exchange.ts'
import type { Route } from '../../../src/contract/plan.ts'
import type { Target } from '../../../src/contract/target.ts'
import { RouteTally } from '../../../src/observe/route-tally.ts'
import { WorkerTally } from '../../../src/observe/tally.ts'
import { Counters, makeCounterBuffer } from '../../../src/state/counters.ts'
import { makeRouteBuffer, RouteStats } from '../../../src/state/route-stats.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeRoute } from '../../../test/kit/flow-rig.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

const ROUTES = 64
/** A power of two. */
const EXCHANGES = 64
/** Only counted. */
const TARGET = {} as Target

export const bench: Bench = {
  name: 'route-tally',
  says: 'counts a request in the row of its route',
  groups: [
    { name: 'a request', open: openRequests },
    { name: 'the row', open: openRows },
  ],
}

function openRequests(): Case[] {
  return [
    tallyCase('without routes', 1, false),
    tallyCase('1 route', 1, true),
    tallyCase(`${ROUTES} routes`, ROUTES, true),
  ]
}

function tallyCase(name: string, routes: number, isByRoute: boolean): Case {
  const exchanges = makeExchanges(makeRoutes(routes))
  const stats = new RouteStats(makeRouteBuffer(1, ROUTES), 1)
  const counters = new Counters(makeCounterBuffer(1), 1)
  const clock = new Clock(
    () => 0,
    () => 0,
  )
  const tally = new WorkerTally(counters, null, clock, isByRoute ? new RouteTally(stats) : null)
  const run = (times: number): number => {
    for (let i = 0; i < times; i++) tally.exchange(exchanges[i & (EXCHANGES - 1)]!)
    return counters.get(0)
  }
  return { name, run }
}

function openRows(): Case[] {
  const routes = makeRoutes(ROUTES)
  const exchanges = makeExchanges(routes)
  routes.forEach((route, row) => {
    route.mark.row = row
  })
  const byMap = new Map(routes.map((route, row) => [route, row]))
  const byWeakMap = new WeakMap(routes.map((route, row) => [route, row]))
  const repeat = (row: (route: Route) => number) => (times: number) => {
    let sum = 0
    for (let i = 0; i < times; i++) sum += row(exchanges[i & (EXCHANGES - 1)]!.route!)
    return sum
  }
  return [
    { name: 'a field', run: repeat((route) => route.mark.row) },
    { name: 'a Map', run: repeat((route) => byMap.get(route)!) },
    { name: 'a WeakMap', run: repeat((route) => byWeakMap.get(route)!) },
  ]
}

function makeRoutes(count: number): Route[] {
  return Array.from({ length: count }, (_, i) => makeRoute(null, { id: `r-${i}`, name: `route-${i}` }))
}

function makeExchanges(routes: readonly Route[]): Exchange[] {
  return Array.from({ length: EXCHANGES }, (_, i) => {
    const x = exchangeOf('GET /v1/orders HTTP/1.1\nHost: a\n')
    const startMs = 1_000_000 + i * 0.37
    x.route = routes[i % routes.length]!
    x.startMs = startMs
    x.tries.begin(TARGET, startMs + 0.11)
    x.sentMs = startMs + 0.12
    x.firstByteMs = x.sentMs + 1.9 + i * 0.41
    x.endMs = x.firstByteMs + 0.2
    x.status = 200
    x.proxied = true
    x.requestBytes = 812
    x.responseBytes = 1433
    return x
  })
}

await runAlone(bench, import.meta.url)
