/** A pool hands out the connection used last, bounds what it keeps, and serves who waits in order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeTarget } from '../../../test/kit/flow-rig.ts'
import { Deadlines } from '../../base/deadlines.ts'
import { type Fault, faults } from '../../base/faults.ts'
import { WAITED_IN_VAIN } from '../../contract/target.ts'
import { LINES_MAX, Lines, type OpenLine } from './lines.ts'
import { Pool, type Pooled } from './pool.ts'
import { QueuedTry } from './queued-try.ts'

const address = { ip: '127.0.0.1', port: 1, tls: null, http: 'http/1.1' as const }

function makePool(limits: Partial<Pool['limits']> = {}): Pool {
  const all = { connectionsMax: 2, queueMax: 2, idleMax: 2, idleTimeoutMs: 1000, requestsMax: 100 }
  return new Pool(address, { ...all, ...limits })
}

class Fake implements Pooled {
  destroyed = 0
  begin(): void {}
  destroy(): void {
    this.destroyed++
  }
}

test('the connection used last is used next, and no more are kept than may be', () => {
  const pool = makePool()
  const [a, b, c] = [new Fake(), new Fake(), new Fake()]
  assert.deepEqual([pool.put(a), pool.put(b), pool.put(c)], [true, true, false])
  assert.equal(pool.idle, 2)
  assert.equal(pool.take(), b)
  pool.drop(a)
  pool.drop(a)
  assert.equal(pool.take(), null)
})

test('closing ends each idle connection once', () => {
  const pool = makePool()
  const [a, b] = [new Fake(), new Fake()]
  pool.put(a)
  pool.put(b)
  pool.closeIdle()
  assert.deepEqual([a.destroyed, b.destroyed, pool.idle], [1, 1, 0])
})

test('there is room for as many connections as allowed, and one place less for lines', () => {
  const pool = makePool({ connectionsMax: 3 })
  const rooms = [0, 1, 2, 3].map((open) => {
    pool.open = open
    return [pool.hasRoom(), pool.hasRoomForLine()]
  })
  assert.deepEqual(rooms, [
    [true, true],
    [true, true],
    [true, false],
    [false, false],
  ])
  assert.equal(makePool({ connectionsMax: 1 }).hasRoomForLine(), false, 'else a POST would wait for ever')
})

function wait(pool: Pool, deadlines: Deadlines, failed: (fault: Fault) => void): QueuedTry {
  const waits = { deadlines, untilMs: 500, failed: (_x: unknown, fault: Fault) => failed(fault) }
  return new QueuedTry(exchangeOf(), makeTarget(), pool, waits)
}

test('tries wait in order, in a bounded queue', () => {
  const pool = makePool()
  const deadlines = new Deadlines()
  const [a, b, c] = [1, 2, 3].map(() => wait(pool, deadlines, () => {}))
  assert.deepEqual([pool.enqueue(a!), pool.enqueue(b!), pool.enqueue(c!)], [true, true, false])
  assert.deepEqual([pool.nextWaiting(), pool.nextWaiting(), pool.nextWaiting()], [a, b, null])
})

test('a try that waited in vain leaves the queue and says so once', () => {
  const pool = makePool()
  const deadlines = new Deadlines()
  const told: Fault[] = []
  const waiting = wait(pool, deadlines, (fault) => told.push(fault))
  pool.enqueue(waiting)
  deadlines.sweep(499)
  assert.deepEqual(told, [])
  deadlines.sweep(500)
  deadlines.sweep(501)
  assert.deepEqual(told, [faults.TARGET_CONNECT_TIMEOUT])
  assert.notEqual(waiting.x.holds & WAITED_IN_VAIN, 0, 'the target is not to blame')
  assert.equal(pool.nextWaiting(), null)
})

test('a try that is given up, or served, is never told of its limit', () => {
  const pool = makePool()
  const deadlines = new Deadlines()
  const fail = (): void => assert.fail('nobody waits any more')
  const [gone, served] = [wait(pool, deadlines, fail), wait(pool, deadlines, fail)]
  pool.enqueue(gone)
  pool.enqueue(served)
  gone.abort()
  assert.equal(pool.nextWaiting(), served)
  served.leave()
  deadlines.sweep(10_000)
})

test('the line with the fewest requests is next; full and worn ones are passed over', () => {
  const lines = new Lines()
  const line = (depth: number, served = 0): OpenLine => ({ depth, served, send: () => {} })
  assert.equal(lines.choose(10), null)
  const [busy, idle, full, worn] = [line(3), line(1), line(256), line(0, 10)]
  for (const one of [full, worn]) lines.add(one)
  assert.equal(lines.choose(10), null)
  for (const one of [busy, idle]) lines.add(one)
  assert.equal(lines.choose(10), idle)
  assert.equal(lines.hasRoom(), LINES_MAX > 4)
  lines.remove(idle)
  lines.remove(idle)
  assert.equal(lines.choose(10), busy)
  assert.equal(lines.hasRoom(), true)
})
