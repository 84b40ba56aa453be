/** What stands between two readings of a gateway. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Counts, countsOf, latenciesOf } from '../../../control/traffic/figures.ts'
import type { RouteFigures } from '../../../control/traffic/traffic-view.ts'
import { ROUTE_CELLS } from '../../../state/route-stats.ts'
import { topFigures } from './top-figures.ts'
import { bytes, count, duration, share, uptime } from './top-numbers.ts'
import type { Reading, TopStatus } from './top-status.ts'

const EMPTY = new Float64Array(ROUTE_CELLS)
const latency = latenciesOf(EMPTY)

function counts(requests: number, more: Partial<Counts> = {}): Counts {
  return { ...countsOf(EMPTY, 60_000), requests, rps: requests / 60, ...more }
}

function route(id: string | null, all: number, recent: number): RouteFigures {
  const responses = { '1xx': 0, '2xx': recent / 2, '3xx': 0, '4xx': recent / 4, '5xx': recent / 4 }
  const last_minute = { ...counts(recent, { responses }), latency }
  return { id, name: id ?? 'other', last_minute, since_start: { ...counts(all), latency } }
}

function reading(atMs: number, all: number, more: Partial<TopStatus> = {}): Reading {
  const routes = [route('r', all, 120)]
  const status: TopStatus = {
    version: '1',
    engine: 'node',
    epoch: 1,
    draining: false,
    workers: [
      { state: 'ready', connections: 2 },
      { state: 'starting', connections: 3 },
    ],
    process: { pid: 7, uptime_seconds: atMs / 1000, cpu_seconds: atMs / 2000, rss_bytes: 1 },
    upstreams: [],
    logs: [{ label: 'a', records: 9, delivered: 1, lost: { full: all / 100, late: 1 }, waiting: 0 }],
    traffic: { last_minute: counts(120), since_start: counts(all, { limited: all / 10 }) },
    latency: { last_minute: latency, since_start: latency },
    routes,
    routes_seen: 1,
    routes_full: false,
    ...more,
  }
  return { atMs, status, routes }
}

test('with two readings rates are those in between', () => {
  const shown = topFigures(reading(12_000, 1500), reading(10_000, 1000))
  assert.deepEqual(
    [shown.rps, shown.limited, shown.cpu, shown.routes[0]!.rps, shown.logs_lost, shown.logs_lost_total],
    [250, 25, 0.5, 250, 2.5, 16],
  )
  assert.deepEqual([shown.connections, shown.workers, shown.workers_ready], [5, 2, 1])
})

test('with one reading they are those of the last minute', () => {
  const shown = topFigures(reading(12_000, 1500), null)
  assert.deepEqual([shown.rps, shown.cpu, shown.routes[0]!.rps, shown.logs_lost], [2, null, 2, 0])
  const { ok, refused, failed } = shown.routes[0]!
  assert.deepEqual([ok, refused, failed], [50, 25, 25])
})

test('a gateway that was started anew is not compared with the one before', () => {
  const fresh = reading(14_000, 10)
  for (const before of [reading(12_000, 1500), { ...reading(12_000, 1), atMs: 15_000 }])
    assert.equal(topFigures(fresh, before).rps, 2)
  const process = { ...fresh.status.process, pid: 8 }
  assert.equal(topFigures(reading(14_000, 2000, { process }), reading(12_000, 1500)).rps, 2)
})

test('a route that is new, has no requests, or has no id has a row like others', () => {
  const now = { ...reading(12_000, 10), routes: [route(null, 8, 0), route('new', 6, 6)] }
  const shown = topFigures(now, reading(10_000, 5)).routes
  assert.deepEqual(
    shown.map(({ name, rps, ok }) => [name, rps, ok]),
    [
      ['(other)', 0, null],
      ['new', 0.1, 50],
    ],
  )
})

test('numbers take at most six columns and lie by less than a hundredth', () => {
  for (let exponent = -4; exponent < 8; exponent += 0.01) {
    const value = 10 ** exponent
    assert.ok(count(value).length <= 6, `${value}: ${count(value)}`)
    // The longest time that is told is 18 minutes.
    if (exponent < 7) assert.ok(duration(value).length <= 6, `${value}: ${duration(value)}`)
  }
  assert.deepEqual([0, 0.25, 12.49, 99_999.4, 123_456, 1_200_000].map(count), [
    '0',
    '0.25',
    '12.5',
    '99999',
    '123k',
    '1.20M',
  ])
  assert.deepEqual([null, 0, 0.0434, 9999.4, 61_234, 1_073_741].map(duration), [
    '-',
    '0',
    '0.043',
    '9999',
    '61.2s',
    '1074s',
  ])
  assert.deepEqual([null, 0, 99.9, 100].map(share), ['-', '0', '99.9', '100'])
  assert.deepEqual([bytes(3 * 1024 ** 2), bytes(20 * 1024 ** 3)], ['3 MB', '20.0 GB'])
  assert.deepEqual([uptime(59), uptime(90_061)], ['00:00:59', '1d 01:01:01'])
})
