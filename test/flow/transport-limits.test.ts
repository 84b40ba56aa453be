/** The transport asks an upstream's limits for each connection and each wait, and gives back what it took. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults } from '../../src/base/faults.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import { type ConnectionLimits, HOLDS_PENDING } from '../../src/contract/target.ts'
import {
  Counters,
  makeCounterBuffer,
  UPSTREAM_CONNECTS,
  UPSTREAM_OPEN,
  UPSTREAM_REUSES,
} from '../../src/state/counters.ts'
import { makeTransportRig, openServer, until } from '../kit/transport-rig.ts'

class Limits implements ConnectionLimits {
  connections = 0
  pending = 0
  readonly #connectionsMax: number
  readonly #pendingMax: number
  constructor(connectionsMax: number, pendingMax: number) {
    this.#connectionsMax = connectionsMax
    this.#pendingMax = pendingMax
  }
  takePending(x: Exchange): boolean {
    if (this.pending >= this.#pendingMax) return false
    this.pending++
    x.holds |= HOLDS_PENDING
    return true
  }
  givePending(x: Exchange): void {
    this.pending--
    x.holds &= ~HOLDS_PENDING
  }
  takeConnection(mayExceed: boolean): boolean {
    if (this.connections >= this.#connectionsMax && !mayExceed) return false
    this.connections++
    return true
  }
  giveConnection(): void {
    this.connections--
  }
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

test('a request is pending until it is sent, and only when it found no idle connection', async (t) => {
  const server = await openServer(t, (socket) => void socket.write(OK))
  const rig = makeTransportRig(t, server.port)
  const limits = new Limits(9, 9)
  rig.target.limits = limits
  const first = rig.send()
  assert.deepEqual([limits.pending, limits.connections], [1, 1])
  await until(() => first.told.isOver, 'the answer')
  assert.deepEqual([limits.pending, first.x.holds], [0, 0])
  const second = rig.send()
  assert.equal(limits.pending, 0)
  await until(() => second.told.isOver, 'the second answer')
  rig.transport.close()
  assert.equal(limits.connections, 0)
})

test('where no more may wait the try fails at once', async (t) => {
  const server = await openServer(t, () => {})
  const rig = makeTransportRig(t, server.port)
  rig.target.limits = new Limits(9, 1)
  rig.send()
  assert.equal(rig.send().told.fault, faults.UPSTREAM_OVERFLOW)
})

test('above the limit of connections tries wait for one, in order', async (t) => {
  // The first connection serves one request, the next all.
  const server = await openServer(t, (socket, _soFar, connection) => {
    socket.write(connection > 0 ? OK : OK.replace('\r\n', '\r\nConnection: close\r\n'))
  })
  const rig = makeTransportRig(t, server.port)
  const limits = new Limits(1, 9)
  rig.target.limits = limits
  const all = [1, 2, 3, 4].map(() => rig.send())
  assert.deepEqual([limits.connections, rig.pool.queued], [1, 3])
  for (const { told } of all) await until(() => told.isOver, 'each answer')
  assert.deepEqual(
    all.map(({ told }) => told.fault),
    [null, null, null, null],
  )
  assert.deepEqual([server.sockets.length, limits.pending], [2, 0])
})

test('a place that another worker was quicker to take leaves the try waiting for a connection there is', async (t) => {
  const server = await openServer(t, () => {})
  const rig = makeTransportRig(t, server.port)
  const limits = new Limits(2, 9)
  limits.giveConnection = () => {}
  rig.target.limits = limits
  const [first, second, third] = [1, 2, 3].map(() => rig.send())
  await until(() => first!.x.sentMs > 0 && second!.x.sentMs > 0, 'two are sent')
  first!.x.carrier!.abort(first!.x)
  assert.deepEqual([rig.pool.open, rig.pool.queued], [1, 1])
  await until(() => server.sockets.length === 2, 'both connections')
  server.sockets[1]!.write(OK)
  await until(() => second!.told.isOver, 'the answer')
  await until(() => third!.x.sentMs > 0, 'the third is sent')
  assert.equal(rig.pool.open, 1)
})

test('an address without a connection may open one whatever the limit', async (t) => {
  const server = await openServer(t, (socket) => void socket.write(OK))
  const rig = makeTransportRig(t, server.port)
  const limits = new Limits(1, 9)
  limits.takeConnection(false)
  rig.target.limits = limits
  const one = rig.send()
  await until(() => one.told.isOver, 'the answer')
  assert.equal(limits.connections, 2)
})

test('a try that may use no kept connection takes the place of one rather than wait for ever', async (t) => {
  const server = await openServer(t, (socket) => void socket.write(OK))
  const rig = makeTransportRig(t, server.port)
  const limits = new Limits(1, 9)
  rig.target.limits = limits
  const first = rig.send()
  await until(() => first.told.isOver, 'the first answer')
  const second = rig.send(undefined, (x) => {
    x.freshOnly = true
  })
  await until(() => second.told.isOver, 'the second answer')
  assert.deepEqual([second.told.fault, server.sockets.length, limits.connections], [null, 2, 1])
})

test('lines of pipelined requests are counted too', async (t) => {
  const server = await openServer(t, (socket) => void socket.write(OK))
  const rig = makeTransportRig(t, server.port, { pipelining: true })
  const limits = new Limits(1, 9)
  rig.target.limits = limits
  const first = rig.send()
  rig.send()
  assert.equal(limits.connections, 1)
  await until(() => first.told.isOver, 'the answer')
  rig.minuteLater()
  await until(() => limits.connections === 0, 'the line is given back')
})

test('when the last who uses an address leaves, its idle connections end, and those in use with their answers', async (t) => {
  const server = await openServer(t, (socket, soFar) => {
    if (soFar.includes('/now')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  })
  const rig = makeTransportRig(t, server.port)
  const counters = new Counters(makeCounterBuffer(1), 1)
  const answered = rig.send('GET /now HTTP/1.1\nHost: a\n')
  const waits = rig.send('GET /later HTTP/1.1\nHost: a\n')
  await until(() => answered.told.isOver && server.sockets.length === 2, 'one is answered, one waits')
  assert.equal(rig.transport.open(rig.pool.address), rig.pool)
  rig.transport.leave(rig.pool)
  assert.deepEqual([rig.pool.open, rig.pool.idle], [2, 1], 'somebody is left')
  rig.transport.leave(rig.pool)
  assert.deepEqual([rig.pool.open, rig.pool.idle], [1, 0])
  rig.transport.report(counters)
  assert.deepEqual(
    [UPSTREAM_CONNECTS, UPSTREAM_REUSES, UPSTREAM_OPEN].map((at) => counters.get(at)),
    [2, 0, 1],
  )
  for (const socket of server.sockets) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  await until(() => waits.told.isOver, 'the other answer')
  assert.equal(rig.pool.open, 0)
  rig.transport.report(counters)
  assert.deepEqual(
    [UPSTREAM_CONNECTS, UPSTREAM_OPEN].map((at) => counters.get(at)),
    [2, 0],
  )
  assert.notEqual(rig.transport.open(rig.pool.address), rig.pool)
})
