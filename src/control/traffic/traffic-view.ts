/** traffic-view — what /status and /status/routes tell of requests: counts, rates and percentiles, by route too. */
import { ROUTE_CELLS } from '../../state/route-stats.ts'
import { type Counts, countsOf, type Latencies, latenciesOf, type ReadPercentiles } from './figures.ts'
import { readPercentiles } from './histogram.ts'
import type { RouteTraffic } from './route-traffic.ts'
import type { Traffic } from './traffic.ts'

/** In /status; /status/routes has all. */
const ROUTES_SHOWN = 20

export interface RouteFigures {
  /** Null: requests without a route, and of routes for which no room was left. */
  readonly id: string | null
  readonly name: string
  readonly last_minute: Counts & { readonly latency: Latencies }
  readonly since_start: Counts & { readonly latency: Latencies }
}

export interface TrafficFigures {
  readonly traffic: { readonly last_minute: Counts; readonly since_start: Counts }
  readonly latency: { readonly last_minute: Latencies; readonly since_start: Latencies }
  /** Those with the most requests in the last minute. */
  readonly routes: readonly RouteFigures[]
  readonly routes_seen: number
  /** No room is left for the figures of routes that are new. */
  readonly routes_full: boolean
}

const minute = new Float64Array(ROUTE_CELLS)

export function trafficFigures(traffic: Traffic): TrafficFigures {
  const routes = traffic.look()
  const { last_minute, since_start } = figuresOf(traffic, traffic.total, readPercentiles)
  const { latency: lately, ...recent } = last_minute
  const { latency: always, ...all } = since_start
  return {
    traffic: { last_minute: recent, since_start: all },
    latency: { last_minute: lately, since_start: always },
    routes: ranked(routes)
      .slice(0, ROUTES_SHOWN)
      .map((route) => figuresOf(traffic, route)),
    routes_seen: routes.filter(({ id }) => id !== '').length,
    routes_full: traffic.isFull,
  }
}

export function routeFigures(traffic: Traffic): { readonly routes: readonly RouteFigures[] } {
  return { routes: ranked(traffic.look()).map((route) => figuresOf(traffic, route)) }
}

function ranked(routes: readonly RouteTraffic[]): RouteTraffic[] {
  const recent = new Map(routes.map((route) => [route, route.recentRequests]))
  const later = (a: RouteTraffic, b: RouteTraffic) => recent.get(b)! - recent.get(a)!
  return [...routes].sort((a, b) => later(a, b) || b.requests - a.requests || (a.id < b.id ? -1 : 1))
}

function figuresOf(traffic: Traffic, route: RouteTraffic, read?: ReadPercentiles): RouteFigures {
  route.lastMinute(minute)
  return {
    id: route.id === '' ? null : route.id,
    name: route.id === '' ? 'other' : route.name,
    last_minute: { ...countsOf(minute, traffic.spanMs), latency: latenciesOf(minute, read) },
    since_start: {
      ...countsOf(route.sinceStart, traffic.uptimeMs),
      latency: latenciesOf(route.sinceStart, read),
    },
  }
}
