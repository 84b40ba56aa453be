/**
 * http1 — the transport for HTTP/1.1 targets over TCP: one pool an address, connections with one exchange at a time.
 *
 * HOT     `send` runs once a try.
 */
import type { Clock } from '../../base/clock.ts'
import type { Deadlines } from '../../base/deadlines.ts'
import { type Fault, faults } from '../../base/faults.ts'
import type { Turn } from '../../base/turn.ts'
import { type Exchange, NO_UPGRADE } from '../../contract/exchange.ts'
import type { Address, ConnectionLimits, Target, TargetPool } from '../../contract/target.ts'
import type { Transport, TransportEvents } from '../../contract/transport.ts'
import { WriteRequests } from '../../socket/socket-writer.ts'
import { readStreamBinding } from '../../socket/stream-binding.ts'
import {
  type Counters,
  UPSTREAM_CONNECTS,
  UPSTREAM_IDLE,
  UPSTREAM_OPEN,
  UPSTREAM_QUEUED,
  UPSTREAM_REUSES,
} from '../../state/counters.ts'
import { TargetConnection } from './connection.ts'
import { Line } from './line.ts'
import { TargetSockets } from './open-socket.ts'
import { Pool, type PoolLimits } from './pool.ts'
import { QueuedTry } from './queued-try.ts'
import type { RequestHead } from './request-head.ts'
import { NamedPools } from './tls/named-pools.ts'
import { poolKey } from './tls/secure-contexts.ts'

export interface TransportTools {
  readonly clock: Clock
  readonly turn: Turn
  readonly deadlines: Deadlines
  readonly limits: PoolLimits
  /** Lets GET and HEAD share connections that still wait for an answer. */
  readonly pipelining: boolean
  readonly head: RequestHead
  /** All sockets of the worker read into it. */
  readonly readBuffer: Buffer
  /** Absent: Node's trust, and nobody is told why TLS failed. */
  readonly sockets?: TargetSockets
}

/** What a transport counts: connections made and requests on used ones since last asked; what there is now. */
export interface TransportFigures {
  readonly connects: number
  readonly reuses: number
  readonly open: number
  readonly queued: number
  readonly idle: number
}

const NO_FIGURES: TransportFigures = { connects: 0, reuses: 0, open: 0, queued: 0, idle: 0 }

export class Http1Transport implements Transport {
  readonly events: TransportEvents
  readonly clock: Clock
  readonly turn: Turn
  readonly head: RequestHead
  readonly writes: WriteRequests
  readonly #deadlines: Deadlines
  readonly #limits: PoolLimits
  readonly #pipelining: boolean
  readonly #readBuffer: Buffer
  readonly #pools: Map<string, Pool>
  readonly #named: NamedPools<Pool>
  readonly sockets: TargetSockets
  reuses: number
  #connects: number
  #open: number

  constructor(tools: TransportTools, events: TransportEvents) {
    this.events = events
    this.clock = tools.clock
    this.turn = tools.turn
    this.head = tools.head
    this.writes = new WriteRequests(readStreamBinding())
    this.#deadlines = tools.deadlines
    this.#limits = tools.limits
    this.#pipelining = tools.pipelining
    this.#readBuffer = tools.readBuffer
    this.#pools = new Map()
    this.#named = new NamedPools(this)
    this.sockets = tools.sockets ?? makeSockets(tools.clock)
    this.reuses = 0
    this.#connects = 0
    this.#open = 0
  }

  open(address: Address): Pool {
    const key = poolKey(address)
    let pool = this.#pools.get(key)
    if (pool !== undefined) {
      pool.users++
      return pool
    }
    pool = new Pool(address, this.#limits)
    pool.key = key
    this.#pools.set(key, pool)
    return pool
  }

  leave(left: TargetPool): void {
    const pool = left as Pool
    if (--pool.users > 0) return
    this.#pools.delete(pool.key)
    this.#named.forget(pool)
    pool.closeIdle()
  }

  /** Tells what has happened since it was last asked, and what there is now, here and at `others`. */
  report(counters: Counters, others: TransportFigures = NO_FIGURES): void {
    let queued = others.queued
    let idle = others.idle
    for (const pool of this.#pools.values()) {
      queued += pool.queued
      idle += pool.idle
    }
    counters.add(UPSTREAM_CONNECTS, this.#connects + others.connects)
    counters.add(UPSTREAM_REUSES, this.reuses + others.reuses)
    counters.set(UPSTREAM_OPEN, this.#open + others.open)
    counters.set(UPSTREAM_QUEUED, queued)
    counters.set(UPSTREAM_IDLE, idle)
    this.#connects = 0
    this.reuses = 0
  }

  send(x: Exchange, target: Target): void {
    // Opened by this transport: whoever wires it with others sees to that.
    const pool = target.pool as Pool
    this.sendThrough(pool.address.tls === null ? pool : this.#named.find(x, pool), x, target)
  }

  /** The pool need not be the target's own: what ALPN agreed on may have led here. */
  sendThrough(pool: Pool, x: Exchange, target: Target): void {
    const limits = target.limits
    // Where connections are counted a line would keep one from requests that can't share it.
    if (this.#pipelining && limits === null && mayPipeline(x) && this.#pipeline(pool, x, target)) return
    const idle = x.freshOnly ? null : pool.take()
    if (idle !== null) return idle.begin(x, target)
    if (limits !== null && !limits.takePending(x)) return this.events.targetFault(x, faults.UPSTREAM_OVERFLOW)
    if (mayOpen(pool, limits)) return this.#connect(pool, x, target)
    // An idle connection that may not be used gives its place to a new one, or nobody would ever end the wait.
    const unused = pool.take()
    if (unused !== null) unused.destroy()
    if (unused !== null && mayOpen(pool, limits)) this.#connect(pool, x, target)
    else this.#wait(pool, x, target)
  }

  #wait(pool: Pool, x: Exchange, target: Target): void {
    const untilMs = this.clock.now() + x.route!.service!.connectTimeoutMs
    const failed = (waiting: Exchange, fault: Fault): void => {
      waiting.carrier = null
      this.events.targetFault(waiting, fault)
    }
    const queued = new QueuedTry(x, target, pool, { deadlines: this.#deadlines, untilMs, failed })
    if (pool.enqueue(queued)) {
      x.carrier = queued
      x.tries.waits()
    } else {
      queued.leave()
      this.events.targetFault(x, faults.TARGET_QUEUE_FULL)
    }
  }

  #connect(pool: Pool, x: Exchange, target: Target): void {
    const connection = new TargetConnection(this, pool, target.limits)
    this.#opened(pool)
    this.#deadlines.add(connection)
    const buffer = this.#readBuffer
    const onread = { buffer, callback: (count: number) => connection.onRead(count, buffer) }
    const socket = this.sockets.open(pool.address, onread)
    connection.open(socket, x, target)
    socket.on(pool.address.tls === null ? 'connect' : 'secureConnect', () => connection.onConnect())
    socket.on('end', () => connection.onEnd())
    socket.on('error', (error) => {
      const failure = this.sockets.explain(pool.address, socket, error)
      connection.onFailure(failure.fault, failure.detail)
    })
    socket.on('close', () => connection.onClose(faults.TARGET_CONNECT))
  }

  /** False when all lines are full. */
  #pipeline(pool: Pool, x: Exchange, target: Target): boolean {
    let line = pool.lines.choose(pool.limits.requestsMax)
    if ((line === null || line.depth > 0) && pool.hasRoomForLine()) line = this.#openLine(pool)
    if (line === null) return false
    line.send(x, target)
    return true
  }

  #openLine(pool: Pool): Line {
    const line = new Line(this, pool.limits, (left) => {
      pool.lines.remove(left)
      if (left.isOpen) return
      this.#deadlines.remove(left)
      this.#freed(pool, null)
    })
    this.#opened(pool)
    pool.lines.add(line)
    this.#deadlines.add(line)
    const buffer = this.#readBuffer
    const socket = this.sockets.open(pool.address, {
      buffer,
      callback: (count: number) => line.onRead(count, buffer),
    })
    line.open(socket, pool.address.tls !== null)
    socket.on(pool.address.tls === null ? 'connect' : 'secureConnect', () => line.onConnect())
    socket.on('end', () => line.onEnd())
    socket.on('error', (error) => {
      const failure = this.sockets.explain(pool.address, socket, error)
      line.onFailure(failure.fault, failure.detail)
    })
    socket.on('close', () => line.onClose(faults.TARGET_CONNECT))
    return line
  }

  explainBytes(pool: Pool, bytes: Uint8Array): string {
    return this.sockets.explainBytes(pool.address, bytes)
  }

  closed(connection: TargetConnection): void {
    this.#deadlines.remove(connection)
    this.#freed(connection.pool, connection.counted)
  }

  #opened(pool: Pool): void {
    pool.open++
    this.#open++
    this.#connects++
  }

  /** A connection is gone: its place may serve a try that waits. */
  #freed(pool: Pool, counted: ConnectionLimits | null): void {
    pool.open--
    this.#open--
    if (counted !== null) counted.giveConnection()
    const waiting = pool.firstWaiting
    if (waiting === null || !mayOpen(pool, waiting.target.limits)) return
    pool.nextWaiting()
    waiting.leave()
    this.#connect(pool, waiting.x, waiting.target)
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.closeIdle()
  }
}

function makeSockets(clock: Clock): TargetSockets {
  return new TargetSockets({ trusted: [], log: () => {}, now: () => clock.now(), wall: () => clock.wall() })
}

/** True when one more connection may be opened; the upstream has then counted it. */
function mayOpen(pool: Pool, limits: ConnectionLimits | null): boolean {
  return pool.hasRoom() && (limits === null || limits.takeConnection(pool.open === 0))
}

const G = 71
const H = 72

/** GET and HEAD without a body, on their first try: the next one should not wait behind others once more. */
function mayPipeline(x: Exchange): boolean {
  if (x.freshOnly || x.attempts > 1 || x.requestLength !== 0 || x.requestBody !== null) return false
  if (x.upgrade !== NO_UPGRADE || x.upstreamMethod !== '') return false
  const head = x.request
  const first = head.bytes[head.methodStart]
  const length = head.methodEnd - head.methodStart
  return (first === G && length === 3) || (first === H && length === 4)
}
