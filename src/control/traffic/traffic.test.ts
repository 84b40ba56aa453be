/** What is told of the requests of all workers: sums, the last minute, percentiles. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketOfMs } from '../../state/log-linear.ts'
import {
  ANSWERS,
  FAULTS_TARGET,
  GATEWAY_TIMES,
  LIMITED,
  makeRouteBuffer,
  RouteStats,
  TOTAL_MS,
  TOTAL_TIMES,
} from '../../state/route-stats.ts'
import { Traffic, TURN_EVERY_MS } from './traffic.ts'
import { routeFigures, trafficFigures } from './traffic-view.ts'

function makeRig(rows = 8) {
  const buffer = makeRouteBuffer(2, rows)
  const workers = [new RouteStats(buffer, 1), new RouteStats(buffer, 2)] as const
  const clock = { nowMs: 1000 }
  const traffic = new Traffic(buffer, () => clock.nowMs)
  /** `times` requests of `ms` each. */
  const count = (worker: number, id: string, times: number, { ms = 5, statusClass = 2 } = {}): void => {
    // Who looks again at once sees the same.
    clock.nowMs += 100
    const stats = workers[worker]!
    const at = id === '' ? stats.other : stats.rowOf(id, `route ${id}`)
    stats.cells[at + ANSWERS + statusClass]! += times
    stats.cells[at + TOTAL_MS]! += times * ms
    stats.cells[at + TOTAL_TIMES + bucketOfMs(ms)]! += times
  }
  const turns = (n: number): void => {
    for (let i = 0; i < n; i++) {
      clock.nowMs += TURN_EVERY_MS
      traffic.turn()
    }
  }
  return { buffer, workers, clock, traffic, count, turns }
}

test('a route is one, however many workers have rows of it, and those without a row are "other"', () => {
  const { traffic, count } = makeRig()
  count(0, 'a', 3)
  count(1, 'b', 1)
  count(1, 'a', 4, { statusClass: 5 })
  count(0, '', 2, { statusClass: 4 })
  const { routes } = routeFigures(traffic)
  assert.deepEqual(
    routes.map(({ id, name, since_start }) => [id, name, since_start.requests]),
    [
      ['a', 'route a', 7],
      [null, 'other', 2],
      ['b', 'route b', 1],
    ],
  )
  assert.deepEqual(routes[0]!.last_minute.responses, { '1xx': 0, '2xx': 3, '3xx': 0, '4xx': 0, '5xx': 4 })
  const { traffic: sums } = trafficFigures(traffic)
  assert.equal(sums.since_start.requests, 10)
})

test('a route that a reload has renamed has its new name, whichever worker saw it', () => {
  const { traffic, workers, count, clock } = makeRig()
  count(0, 'a', 1)
  count(1, 'a', 1)
  assert.equal(routeFigures(traffic).routes[0]!.name, 'route a')
  clock.nowMs += 100
  const at = workers[1].rowOf('a', 'renamed')
  workers[1].cells[at + ANSWERS + 2]! += 1
  assert.equal(routeFigures(traffic).routes[0]!.name, 'renamed')
})

test('the last minute forgets what is older, the start does not', () => {
  const { traffic, count, turns } = makeRig()
  count(0, 'a', 100)
  turns(6)
  count(0, 'a', 10)
  turns(5)
  const recent = () => trafficFigures(traffic).traffic.last_minute
  assert.equal(recent().requests, 110)
  turns(1)
  assert.equal(recent().requests, 10)
  turns(12)
  assert.equal(recent().requests, 0)
  assert.equal(trafficFigures(traffic).traffic.since_start.requests, 110)
})

test('requests a second are told by the time that was counted in, late turns too', () => {
  const { traffic, count, clock } = makeRig()
  clock.nowMs += 1900
  count(0, 'a', 50)
  assert.equal(trafficFigures(traffic).traffic.last_minute.rps, 25)
  for (let i = 0; i < 20; i++) {
    clock.nowMs += 8900
    count(0, 'a', 90)
    traffic.turn()
  }
  assert.equal(trafficFigures(traffic).traffic.last_minute.rps, 10)
})

test('percentiles are within 4 % of what came, the mean is exact, and nothing is told of no times', () => {
  const { traffic, count } = makeRig()
  for (let i = 1; i <= 1000; i++) count(i % 2, 'a', 1, { ms: i / 10 })
  const { total, gateway } = trafficFigures(traffic).latency.since_start
  for (const [told, meant] of [
    [total.p50, 50],
    [total.p90, 90],
    [total.p99, 99],
    [total['p99.9'], 99.9],
    [total.max, 100],
  ] as const)
    assert.ok(Math.abs(told! - meant) <= meant * 0.04, `${told} for ${meant}`)
  assert.equal(total.mean, 50.05)
  assert.deepEqual(Object.values(gateway), [null, null, null, null, null, null])
})

test('in /status are the 20 busiest routes of the last minute, in /status/routes all', () => {
  const { traffic, count, turns } = makeRig(64)
  for (let i = 0; i < 30; i++) count(0, `r${i}`, 100 - i)
  turns(13)
  count(0, 'r29', 5)
  const figures = trafficFigures(traffic)
  assert.equal(figures.routes.length, 20)
  assert.equal(figures.routes_seen, 30)
  assert.deepEqual([figures.routes[0]!.id, figures.routes[1]!.id], ['r29', 'r0'])
  assert.equal(routeFigures(traffic).routes.length, 30)
})

test('that no row is left is told', () => {
  const { traffic, count } = makeRig(2)
  count(0, 'a', 1)
  assert.equal(trafficFigures(traffic).routes_full, false)
  count(0, 'b', 1)
  count(0, 'c', 1)
  traffic.turn()
  assert.equal(trafficFigures(traffic).routes_full, true)
})

test('a replaced worker adds to what the dead one had counted', () => {
  const { traffic, buffer, count, turns } = makeRig()
  count(0, 'a', 3)
  turns(1)
  const next = new RouteStats(buffer, 1)
  const at = next.rowOf('a', 'route a')
  next.cells[at + ANSWERS + 2]! += 2
  next.cells[at + FAULTS_TARGET]! += 1
  next.cells[at + LIMITED]! += 1
  next.cells[at + GATEWAY_TIMES]! += 2
  turns(1)
  const { since_start } = routeFigures(traffic).routes[0]!
  assert.deepEqual([since_start.requests, since_start.faults.target, since_start.limited], [5, 1, 1])
  assert.equal(since_start.latency.gateway.p50, 0)
})
