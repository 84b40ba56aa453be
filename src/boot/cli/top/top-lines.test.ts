/** What `sluice top` shows, line by line. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Latency } from '../../../control/traffic/figures.ts'
import { columns, SORTS } from './top-columns.ts'
import type { TopFigures, TopRoute, TopUpstream } from './top-figures.ts'
import { type TopView, topLines } from './top-lines.ts'
import { frame } from './top-screen.ts'

const LATENCY: Latency = { p50: 1.24, p90: 8.7, p99: 87.1, 'p99.9': 1240, max: 61_234, mean: 2 }
const NONE: Latency = { p50: null, p90: null, p99: null, 'p99.9': null, max: null, mean: null }

function route(more: Partial<TopRoute> = {}): TopRoute {
  const times = { p50: 1.2, p99: 9, p999: 20.5, upstream_p99: 8.8 }
  return { name: 'orders', rps: 120, ok: 99.9, refused: 0.1, failed: 0, ...times, ...more }
}

function upstream(more: Partial<TopUpstream> = {}): TopUpstream {
  const well = { targets: 3, unhealthy: 0, ejected: 0, out: [], circuit: null, refused: 0 }
  return { name: 'backend', ...well, ...more }
}

function figures(more: Partial<TopFigures> = {}): TopFigures {
  return {
    version: '1.2.3',
    engine: 'node',
    pid: 42,
    uptime_seconds: 90_061,
    epoch: 1,
    draining: false,
    workers: 4,
    workers_ready: 4,
    connections: 812,
    cpu: 1.617,
    rss_bytes: 182 * 1024 ** 2,
    rps: 12_345,
    errors: 0,
    limited: 3,
    total: LATENCY,
    upstream: LATENCY,
    gateway: NONE,
    routes: [route()],
    routes_seen: 1,
    upstreams: [],
    logs_lost: 0,
    logs_lost_total: 0,
    ...more,
  }
}

function view(more: Partial<TopView> = {}): TopView {
  return { width: 80, height: 24, sort: 0, isPaused: false, trouble: '', isLive: true, ...more }
}

function texts(shown: TopFigures, of: TopView = view()): string[] {
  return topLines(shown, of).map(({ text }) => text)
}

test('the whole screen, as it stands', () => {
  const up = upstream({ unhealthy: 1, out: ['10.0.0.1:80'], circuit: 'half-open', refused: 1.5 })
  assert.deepEqual(texts(figures({ upstreams: [up], logs_lost: 2, logs_lost_total: 1234 })), [
    'sluice 1.2.3  node  pid 42  up 1d 01:01:01  workers 4/4',
    'req/s 12345  5xx/s 0  limited/s 3.00  connections 812  cpu 1.62  mem 182 MB',
    'total    p50 1.24    p90 8.70    p99 87.1    p99.9 1240    max 61.2s  ms',
    'target   p50 1.24    p90 8.70    p99 87.1    p99.9 1240    max 61.2s  ms',
    'gateway  p50 -       p90 -       p99 -       p99.9 -       max -      ms',
    '',
    'ROUTE                      *REQ/S  2XX%  4XX%  5XX%    P50    P99  P99.9  UP P99',
    'orders                        120  99.9   0.1     0   1.20   9.00   20.5    8.80',
    '',
    'UPSTREAM                 TARGETS  OUT  CIRCUIT    REFUSED/S',
    'backend                        3    1  half-open       1.50  10.0.0.1:80',
    '',
    'log records lost: 2.00/s, 1234 since the start',
    'q quit  s sort by the next column  p pause',
  ])
})

test('no view is wider or higher than its terminal, and the keys are told where there is room', () => {
  const routes = Array.from({ length: 500 }, (_, i) => route({ name: `route-${'x'.repeat(i)}`, rps: 1e9 }))
  const upstreams = Array.from({ length: 50 }, (_, i) => upstream({ name: `u${i}`, out: ['a'.repeat(200)] }))
  const full = figures({ routes, routes_seen: 900, upstreams, logs_lost_total: 5 })
  for (const width of [1, 20, 80, 81, 200])
    for (const height of [1, 5, 12, 24, 60, 1000]) {
      const lines = texts(full, view({ width, height }))
      assert.ok(lines.length <= height, `${lines.length} lines of ${height}`)
      assert.ok(lines.every((text) => text.length <= width))
    }
  const lines = texts(full)
  assert.equal(lines.length, 24)
  assert.match(lines.at(-1)!, /^q quit/)
  assert.ok(
    lines.some((text) => text === 'and 895 more'),
    lines.join('\n'),
  )
})

test('rows fall by the column that is asked for, and rise by name', () => {
  const routes = [
    route({ name: 'b', rps: 1, failed: 3, p99: null }),
    route({ name: 'a', rps: 2, failed: 0, p99: 5 }),
    route({ name: 'c', rps: 3, failed: 1, p99: 7 }),
  ]
  const order = (title: string): string => {
    const sort = [...columns.map((column) => column.title), 'ROUTE'].indexOf(title)
    const lines = texts(figures({ routes, routes_seen: 3 }), view({ sort }))
    assert.ok(lines[6]!.includes(`*${title}`), lines[6])
    return lines
      .slice(7, 10)
      .map((text) => text[0])
      .join('')
  }
  assert.deepEqual(['REQ/S', '5XX%', 'P99', 'ROUTE'].map(order), ['cab', 'bca', 'cab', 'abc'])
  assert.equal(SORTS, 9)
})

test('trouble is told and stands out: pause, drain, dead workers, old figures', () => {
  const shown = figures({ draining: true, workers_ready: 1, errors: 4 })
  const lines = topLines(shown, view({ isPaused: true, trouble: 'no answer for 12 s' }))
  assert.deepEqual(
    lines.slice(0, 3).map(({ look }) => look),
    ['alarm', 'alarm', 'alarm'],
  )
  assert.match(lines[0]!.text, /PAUSED {2}DRAINING.*workers 1\/4/)
  assert.equal(lines[2]!.text, 'no answer for 12 s')
})

test('nothing that a configuration is called can steer the terminal, and each character is one column', () => {
  const name = '\x1b[2J\x07\r\nevil\u202e\u4f60\u{1f600}\u0301\x9b'
  const evil = figures({
    routes: [route({ name })],
    upstreams: [upstream({ name, unhealthy: 1, out: [name] })],
  })
  const text = texts(evil).join('')
  assert.doesNotMatch(text, /[^\x20-\x7e]/)
  assert.match(texts(evil)[7]!, /^\?\[2J\?\?\?evil/)
})

test('a frame is one text that leaves nothing of the one before', () => {
  const text = frame([
    { text: 'a', look: 'plain' },
    { text: 'b', look: 'alarm' },
  ])
  assert.equal(text, '\x1b[Ha\x1b[K\r\n\x1b[31mb\x1b[0m\x1b[K\x1b[J')
})
