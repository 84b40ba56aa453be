/**
 * top-figures — what `sluice top` shows: rates between two readings, percentiles of the last minute. Also the object
 * that --json prints. With one reading alone, rates are those of the last minute.
 */
import type { Latency } from '../../../control/traffic/figures.ts'
import type { RouteFigures } from '../../../control/traffic/traffic-view.ts'
import type { UpstreamSummary } from '../../../control/traffic/upstream-summary.ts'
import type { Reading } from './top-status.ts'

/** Rates a second, times in milliseconds, shares of 100. */
export interface TopFigures {
  readonly version: string
  readonly engine: string
  readonly pid: number
  readonly uptime_seconds: number
  readonly epoch: number
  readonly draining: boolean
  readonly workers: number
  readonly workers_ready: number
  readonly connections: number
  /** Cores in use; null with one reading. */
  readonly cpu: number | null
  readonly rss_bytes: number
  readonly rps: number
  /** Answers 5xx. */
  readonly errors: number
  readonly limited: number
  readonly total: Latency
  readonly upstream: Latency
  readonly gateway: Latency
  readonly routes: readonly TopRoute[]
  readonly routes_seen: number
  readonly upstreams: readonly TopUpstream[]
  readonly logs_lost: number
  /** Since the start. */
  readonly logs_lost_total: number
}

export interface TopRoute {
  readonly name: string
  readonly rps: number
  readonly ok: number | null
  readonly refused: number | null
  readonly failed: number | null
  readonly p50: number | null
  readonly p99: number | null
  readonly p999: number | null
  readonly upstream_p99: number | null
}

export type TopUpstream = Omit<UpstreamSummary, 'refused'> & { readonly refused: number }

export function topFigures(now: Reading, before: Reading | null): TopFigures {
  const { status } = now
  const earlier = before !== null && isSameRun(before, now) ? before : null
  const rate = ratesBetween(now, earlier)
  const { latency, process } = status
  const { last_minute: recent, since_start: all } = status.traffic
  const was = earlier?.status
  const lost = lostOf(now)
  return {
    version: status.version,
    engine: status.engine,
    pid: process.pid,
    uptime_seconds: process.uptime_seconds,
    epoch: status.epoch,
    draining: status.draining,
    workers: status.workers.length,
    workers_ready: status.workers.filter(({ state }) => state === 'ready').length,
    connections: status.workers.reduce((sum, { connections }) => sum + connections, 0),
    cpu: was === undefined ? null : rate(process.cpu_seconds, was.process.cpu_seconds, 0),
    rss_bytes: process.rss_bytes,
    rps: rate(all.requests, was?.traffic.since_start.requests, recent.rps),
    errors: rate(
      all.responses['5xx'],
      was?.traffic.since_start.responses['5xx'],
      perSecond(recent.responses['5xx'], recent.seconds),
    ),
    limited: rate(all.limited, was?.traffic.since_start.limited, perSecond(recent.limited, recent.seconds)),
    ...latency.last_minute,
    routes: routesOf(now, earlier),
    routes_seen: status.routes_seen,
    upstreams: upstreamsOf(now, earlier),
    logs_lost: rate(lost, earlier === null ? undefined : lostOf(earlier), 0),
    logs_lost_total: lost,
  }
}

/** A gateway that was started anew counts from 0. */
function isSameRun(before: Reading, now: Reading): boolean {
  const [was, is] = [before.status, now.status]
  return (
    was.process.pid === is.process.pid &&
    was.process.uptime_seconds <= is.process.uptime_seconds &&
    was.traffic.since_start.requests <= is.traffic.since_start.requests &&
    before.atMs < now.atMs
  )
}

type Rate = (count: number, was: number | undefined, otherwise: number) => number

function ratesBetween(now: Reading, before: Reading | null): Rate {
  const seconds = before === null ? 0 : (now.atMs - before.atMs) / 1000
  return (count, was, otherwise) =>
    was === undefined ? otherwise : Math.max(0, perSecond(count - was, seconds))
}

function perSecond(count: number, seconds: number): number {
  return seconds > 0 ? Math.round((count * 1000) / seconds) / 1000 : 0
}

function routesOf(now: Reading, before: Reading | null): TopRoute[] {
  const rate = ratesBetween(now, before)
  const was = new Map(before?.routes.map(({ id, since_start }) => [id, since_start.requests]))
  return now.routes.map((route) => {
    const { latency, responses, requests, rps } = route.last_minute
    const share = (count: number) => (requests === 0 ? null : Math.round((count * 1000) / requests) / 10)
    return {
      name: nameOf(route),
      rps: rate(route.since_start.requests, was.get(route.id), rps),
      ok: share(responses['2xx']),
      refused: share(responses['4xx']),
      failed: share(responses['5xx']),
      p50: latency.total.p50,
      p99: latency.total.p99,
      p999: latency.total['p99.9'],
      upstream_p99: latency.upstream.p99,
    }
  })
}

function nameOf({ id, name }: RouteFigures): string {
  if (id === null) return '(other)'
  return name === '' ? id : name
}

function upstreamsOf(now: Reading, before: Reading | null): TopUpstream[] {
  const rate = ratesBetween(now, before)
  const was = new Map(before?.status.upstreams.map(({ name, refused }) => [name, refused]))
  return now.status.upstreams.map((upstream) => ({
    ...upstream,
    refused: rate(upstream.refused, was.get(upstream.name), 0),
  }))
}

function lostOf({ status }: Reading): number {
  let lost = 0
  for (const sink of status.logs) for (const count of Object.values(sink.lost)) lost += count
  return lost
}
