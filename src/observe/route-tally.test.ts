/** What an exchange leaves in the row of its route. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClient, makeRoute, readExchange } from '../../test/kit/flow-rig.ts'
import { faults } from '../base/faults.ts'
import { type Exchange, UPGRADED } from '../contract/exchange.ts'
import type { Target } from '../contract/target.ts'
import { BUCKETS, bucketOfMs } from '../state/log-linear.ts'
import {
  ANSWERS,
  FAULTS_OTHER,
  FAULTS_OWN,
  FAULTS_TARGET,
  GATEWAY_MS,
  GATEWAY_TIMES,
  LIMITED,
  makeRouteBuffer,
  ROUTE_BYTES_IN,
  ROUTE_BYTES_OUT,
  RouteStats,
  TOTAL_MS,
  TOTAL_TIMES,
  UPSTREAM_MS,
  UPSTREAM_TIMES,
} from '../state/route-stats.ts'
import { RouteTally } from './route-tally.ts'

const TARGET = {} as Target // only counted

function makeRig() {
  const stats = new RouteStats(makeRouteBuffer(1, 4), 1)
  const tally = new RouteTally(stats)
  const route = makeRoute(null, { id: 'r-1', name: 'orders' })
  return { stats, tally, route, cell: (column: number) => stats.cells[route.mark.row + column] }
}

/** From 100 to 150, with an answer that its target took 30 for after 5 of ours. */
function answered(more: Partial<Exchange> = {}): Exchange {
  const x = readExchange('GET / HTTP/1.1\nHost: a\n', new FakeClient())
  x.startMs = 100
  x.tries.begin(TARGET, 105)
  x.sentMs = 106
  x.firstByteMs = 136
  x.endMs = 150
  x.status = 200
  x.proxied = true
  return Object.assign(x, more)
}

/** The bucket with the one time that is in a histogram; -1: none. */
function bucketIn(cells: Float64Array, at: number): number {
  return cells.subarray(at, at + BUCKETS).indexOf(1)
}

test('an exchange counts once: class, bytes, and its three times', () => {
  const { tally, route, cell, stats } = makeRig()
  tally.exchange(answered({ route, requestBytes: 10, responseBytes: 20 }))
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((n) => cell(ANSWERS + n)),
    [0, 0, 1, 0, 0, 0],
  )
  assert.deepEqual([cell(ROUTE_BYTES_IN), cell(ROUTE_BYTES_OUT)], [10, 20])
  assert.deepEqual([cell(TOTAL_MS), cell(UPSTREAM_MS), cell(GATEWAY_MS)], [50, 30, 5])
  const at = route.mark.row
  const buckets = [TOTAL_TIMES, UPSTREAM_TIMES, GATEWAY_TIMES].map((each) => bucketIn(stats.cells, at + each))
  assert.deepEqual(buckets, [50, 30, 5].map(bucketOfMs))
})

test('faults count by who can make them go away, a limit only where it is ours', () => {
  const { tally, route, cell } = makeRig()
  tally.exchange(answered({ route, status: 502, fault: faults.TARGET_RESET }))
  tally.exchange(answered({ route, status: 500, fault: faults.INTERNAL }))
  tally.exchange(answered({ route, status: 499, fault: faults.CLIENT_GONE }))
  tally.exchange(answered({ route, status: 429, proxied: true }))
  tally.exchange(answered({ route, status: 429, proxied: false }))
  assert.deepEqual([cell(FAULTS_TARGET), cell(FAULTS_OWN), cell(FAULTS_OTHER)], [1, 1, 1])
  assert.equal(cell(LIMITED), 1)
})

test('a refusal is all the gateway’s time and none of a target’s', () => {
  const { tally, route, cell, stats } = makeRig()
  const x = answered({ route, status: 401, proxied: false, firstByteMs: 0, sentMs: 0 })
  x.tries.reset()
  tally.exchange(x)
  assert.deepEqual([cell(TOTAL_MS), cell(UPSTREAM_MS), cell(GATEWAY_MS)], [50, 0, 50])
  assert.equal(bucketIn(stats.cells, route.mark.row + UPSTREAM_TIMES), -1)
})

test('a target that never answers costs its whole time', () => {
  const { tally, route, cell } = makeRig()
  tally.exchange(answered({ route, status: 504, fault: faults.TARGET_READ_TIMEOUT, firstByteMs: 0 }))
  assert.deepEqual([cell(UPSTREAM_MS), cell(GATEWAY_MS)], [45, 5])
})

test('a tunnel’s time ends with its 101', () => {
  const { tally, route, cell } = makeRig()
  tally.exchange(answered({ route, status: 101, upgrade: UPGRADED, endMs: 9_000_000 }))
  assert.deepEqual([cell(TOTAL_MS), cell(ANSWERS + 1)], [36, 1])
})

test('without a route it counts as "other", and nonsense times as none', () => {
  const { tally, stats } = makeRig()
  tally.exchange(answered({ status: 404, startMs: 0, endMs: 50 }))
  tally.exchange(answered({ status: 999 }))
  assert.deepEqual(
    [4, 0].map((n) => stats.cells[stats.other + ANSWERS + n]),
    [1, 1],
  )
  assert.equal(bucketIn(stats.cells, stats.other + TOTAL_TIMES), 0)
})
