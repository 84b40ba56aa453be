/**
 * metrics — what counting costs a request, and what a scrape costs the primary.
 *
 *     node dist/bench/micro/metrics.bench.js
 *
 * A scrape is of two workers' areas. Its first reading also reads the directories and makes the lines' beginnings, which
 * is told apart.
 */
import { validate } from '../../src/config/validate.ts'
import type { Consumer } from '../../src/contract/plan.ts'
import type { Handler } from '../../src/contract/plugin.ts'
import type { Value } from '../../src/contract/schema.ts'
import type { Target } from '../../src/contract/target.ts'
import {
  GATEWAY_LATENCY,
  REQUEST_LATENCY,
  REQUESTS,
  UPSTREAM_LATENCY,
} from '../../src/plugins/prometheus/families.ts'
import prometheus from '../../src/plugins/prometheus/prometheus.ts'
import { makeSeriesBuffer } from '../../src/state/series/series-area.ts'
import { SeriesReader } from '../../src/state/series/series-reader.ts'
import { SeriesTable } from '../../src/state/series/series-table.ts'
import { exchangeOf } from '../../test/kit/balancer-rig.ts'
import { FakeBalancer, makeRoute, makeService } from '../../test/kit/flow-rig.ts'
import { makeHost } from '../../test/kit/plugin-host.ts'
import type { Bench, Case } from './frame/bench.ts'
import { runAlone } from './frame/run.ts'

const ROUTES = 1000
const WORKERS = 2
const AREA_BYTES = 16 * 1024 * 1024

export const bench: Bench = {
  name: 'metrics',
  says: 'what counting costs a request, and what a scrape costs the primary',
  groups: [
    { name: 'one series', open: openCells },
    { name: 'plugin prometheus, a request', open: openPlugin },
    { name: 'scrape', open: openScrape },
  ],
}

function openCells(): Case[] {
  const table = new SeriesTable(makeSeriesBuffer(1, 64 * 1024), 2, 1)
  const counter = table.counter(REQUESTS, ['route', 'a'])
  const short = table.histogram(GATEWAY_LATENCY, ['route', 'a'])
  return [
    { name: 'counter', run: (times) => repeat(times, () => counter.add(1)) },
    { name: 'histogram, first bucket', run: (times) => repeat(times, () => short.observe(0.4)) },
    { name: 'histogram, last of 18 buckets', run: (times) => repeat(times, () => short.observe(9000)) },
  ]
}

function repeat(times: number, once: () => void): number {
  for (let i = 0; i < times; i++) once()
  return times
}

const STATUSES = { status_code_metrics: true }
const ALL = { ...STATUSES, latency_metrics: true, bandwidth_metrics: true }
const CONSUMER: Consumer = { id: 'c', username: 'jo', customId: null, tags: [], groups: [], overrides: null }

function openPlugin(): Case[] {
  return [
    makeCase('nothing asked for', {}),
    makeCase('statuses', STATUSES),
    makeCase('all of Kong’s', ALL),
    makeCase('all, by consumer', { ...ALL, per_consumer: true }),
  ]
}

/** Requests go over 100 routes in turn, each with three statuses. */
function makeCase(name: string, config: object): Case {
  const service = makeService(new FakeBalancer([]))
  const routes = Array.from({ length: 100 }, (_, i) =>
    makeRoute(service, { id: `r${i}`, name: `route-${i}` }),
  )
  const handler = build(config)
  const x = exchangeOf('GET / HTTP/1.1\nHost: a\n')
  // No part of a target is looked at.
  x.tries.begin({} as Target, 1001)
  x.tries.answered(200, 1002, 1030)
  Object.assign(x, { proxied: true, consumer: CONSUMER, startMs: 1000, endMs: 1031, responseBytes: 900 })
  const run = (times: number): number => {
    for (let i = 0; i < times; i++) {
      x.route = routes[i % 100]!
      x.status = 200 + (i % 3)
      handler.onLog!(x)
    }
    return times
  }
  return { name, run }
}

function build(config: object): Handler {
  const { value } = validate(prometheus.schema, config as Value)
  const metrics = new SeriesTable(makeSeriesBuffer(1, AREA_BYTES), 2, 1)
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  // as validated by the schema
  return prometheus.build(value as never, makeHost({ metrics }), scope)
}

function openScrape(quick: boolean): Case[] {
  const routes = quick ? 10 : ROUTES
  const counters = (table: SeriesTable) => {
    for (let i = 0; i < routes * 10; i++) table.counter(REQUESTS, labelsOf(i, ['code', '200'])).add(i)
  }
  const histograms = (table: SeriesTable) => {
    for (let i = 0; i < routes; i++)
      for (const family of [GATEWAY_LATENCY, UPSTREAM_LATENCY, REQUEST_LATENCY])
        table.histogram(family, labelsOf(i, [])).observe(i)
  }
  return [
    makeScrape('10,000 counters', counters),
    makeScrape('10,000 counters, the first time', counters, true),
    makeScrape('1000 routes with 3 histograms each', histograms),
    makeScrape('1000 routes with 3 histograms each, the first time', histograms, true),
  ]
}

function labelsOf(i: number, more: readonly string[]): string[] {
  return ['service', `service-${i % 50}`, 'route', `route-${i}`, ...more, 'workspace', 'default']
}

function makeScrape(name: string, fill: (table: SeriesTable) => void, isFirst = false): Case {
  const buffer = makeSeriesBuffer(WORKERS, AREA_BYTES)
  for (let id = 1; id <= WORKERS; id++) fill(new SeriesTable(buffer, WORKERS + 1, id))
  let reader = new SeriesReader(buffer, WORKERS + 1)
  // What is sent is bytes: a text that is never read costs nothing.
  const bytes = Buffer.from(reader.text()).length
  const run = (times: number): number => {
    let sum = 0
    for (let i = 0; i < times; i++) {
      if (isFirst) reader = new SeriesReader(buffer, WORKERS + 1)
      sum += Buffer.from(reader.text()).length
    }
    return sum
  }
  return { name, note: `${(bytes / 1024 ** 2).toFixed(1)} MB`, run }
}

await runAlone(bench, import.meta.url)
