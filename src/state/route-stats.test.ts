/** Rows of routes: one an id and worker, kept over deaths, and an end to their number. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANSWERS, makeRouteBuffer, RouteAreas, RouteStats } from './route-stats.ts'

const ID = '8f14e45f-ceea-467f-a0e6-d6a7d7b1f6a1'

test('a route gets a row on first use, and the same one again, by a new plan too', () => {
  const buffer = makeRouteBuffer(2, 4)
  const stats = new RouteStats(buffer, 2)
  const at = stats.rowOf(ID, 'orders')
  assert.notEqual(at, stats.other)
  assert.notEqual(stats.rowOf('other-id', 'x'), at)
  assert.equal(stats.rowOf(ID, 'orders'), at)
  const areas = new RouteAreas(buffer)
  assert.deepEqual([areas.taken(0), areas.taken(1)], [0, 3])
  assert.deepEqual([areas.id(1, 1), areas.name(1, 1), areas.at(1, 1)], [ID, 'orders', at])
  assert.deepEqual([areas.id(1, 0), areas.name(1, 0), areas.at(1, 0)], ['', '', stats.other])
})

test('workers never write to the same cell', () => {
  const buffer = makeRouteBuffer(2, 1)
  const [one, two] = [new RouteStats(buffer, 1), new RouteStats(buffer, 2)]
  one.cells[one.rowOf('a', '') + ANSWERS]! += 3
  two.cells[two.rowOf('a', '') + ANSWERS]! += 4
  const areas = new RouteAreas(buffer)
  assert.deepEqual(
    [0, 1].map((area) => areas.cells[areas.at(area, 1) + ANSWERS]),
    [3, 4],
  )
  assert.deepEqual(
    [0, 1].map((area) => areas.cells[areas.at(area, 0) + ANSWERS]),
    [0, 0],
  )
})

test('routes beyond the rows count as "other", those that have one keep it', () => {
  const stats = new RouteStats(makeRouteBuffer(1, 2), 1)
  const rows = ['a', 'b', 'c', 'd', 'a', 'b'].map((id) => stats.rowOf(id, id))
  assert.deepEqual(rows.slice(2, 4), [stats.other, stats.other])
  assert.deepEqual(rows.slice(4), rows.slice(0, 2))
})

test('the replacement of a dead worker goes on in its rows', () => {
  const buffer = makeRouteBuffer(1, 4)
  const dead = new RouteStats(buffer, 1)
  const at = dead.rowOf(ID, 'orders')
  dead.cells[at + ANSWERS] = 7
  const next = new RouteStats(buffer, 1)
  assert.notEqual(next.rowOf('new', 'new'), at)
  assert.equal(next.rowOf(ID, 'orders'), at)
  assert.equal(next.cells[at + ANSWERS], 7)
})

test('a row that a worker was taking when it died is not there, and is taken by the next', () => {
  const buffer = makeRouteBuffer(1, 4)
  const dead = new RouteStats(buffer, 1)
  const at = dead.rowOf(ID, 'orders')
  // As if it had died before the last store: id and name stand, the row does not count yet.
  const words = new Int32Array(buffer)
  const taken = words.indexOf(2, 16)
  words[taken] = 1
  const next = new RouteStats(buffer, 1)
  assert.equal(new RouteAreas(buffer).taken(0), 1)
  assert.equal(next.rowOf('b', 'short'), at)
  const areas = new RouteAreas(buffer)
  assert.deepEqual([areas.id(0, 1), areas.name(0, 1)], ['b', 'short'])
})

test('a name that a reload changes is shown, a long one is cut between characters', () => {
  const buffer = makeRouteBuffer(1, 4)
  const stats = new RouteStats(buffer, 1)
  const areas = new RouteAreas(buffer)
  stats.rowOf(ID, 'orders of the shop')
  stats.rowOf(ID, 'orders')
  assert.equal(areas.name(0, 1), 'orders')
  stats.rowOf(ID, `${'ö'.repeat(87)}x€`)
  assert.equal(areas.name(0, 1), `${'ö'.repeat(87)}x`)
  const long = '€'.repeat(30)
  assert.equal(stats.rowOf(long, ''), new RouteStats(buffer, 1).rowOf(long, ''))
  assert.equal(areas.id(0, 2), '€'.repeat(21))
})
