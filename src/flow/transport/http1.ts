/**
 * http1 — the transport for HTTP/1.1 targets over TCP: one pool an address, connections with one exchange at a time.
 *
 * HOT     `send` runs once a try.
 */
import net from 'node:net'
import tls from 'node:tls'
import type { Clock } from '../../base/clock.ts'
import type { Deadlines } from '../../base/deadlines.ts'
import { type Fault, faults } from '../../base/faults.ts'
import type { Turn } from '../../base/turn.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Address, Target } from '../../contract/target.ts'
import type { Transport, TransportEvents } from '../../contract/transport.ts'
import { TargetConnection } from './connection.ts'
import { Pool, type PoolLimits } from './pool.ts'
import { QueuedTry } from './queued-try.ts'
import type { RequestHead } from './request-head.ts'

export interface TransportTools {
  readonly clock: Clock
  readonly turn: Turn
  readonly deadlines: Deadlines
  readonly limits: PoolLimits
  readonly head: RequestHead
  /** All sockets of the worker read into it. */
  readonly readBuffer: Buffer
}

export class Http1Transport implements Transport {
  readonly events: TransportEvents
  readonly clock: Clock
  readonly turn: Turn
  readonly head: RequestHead
  readonly #deadlines: Deadlines
  readonly #limits: PoolLimits
  readonly #readBuffer: Buffer
  readonly #pools: Map<string, Pool>

  constructor(tools: TransportTools, events: TransportEvents) {
    this.events = events
    this.clock = tools.clock
    this.turn = tools.turn
    this.head = tools.head
    this.#deadlines = tools.deadlines
    this.#limits = tools.limits
    this.#readBuffer = tools.readBuffer
    this.#pools = new Map()
  }

  open(address: Address): Pool {
    const tlsKey = address.tls === null ? '' : `|${address.tls.servername}|${address.tls.verify}`
    const key = `${address.ip}|${address.port}${tlsKey}`
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      pool = new Pool(address, this.#limits)
      this.#pools.set(key, pool)
    }
    return pool
  }

  get pools(): Iterable<Pool> {
    return this.#pools.values()
  }

  send(x: Exchange, target: Target): void {
    const pool = target.pool as Pool // opened by this transport: Pools has no other implementation in a worker
    const idle = x.freshOnly ? null : pool.take()
    if (idle !== null) idle.begin(x, target)
    else if (pool.hasRoom()) this.#connect(pool, x, target)
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
    } else {
      queued.leave()
      this.events.targetFault(x, faults.TARGET_QUEUE_FULL)
    }
  }

  #connect(pool: Pool, x: Exchange, target: Target): void {
    const connection = new TargetConnection(this, pool)
    pool.open++
    this.#deadlines.add(connection)
    const buffer = this.#readBuffer
    const onread = { buffer, callback: (count: number) => connection.onRead(count, buffer) }
    const socket = openSocket(pool.address, onread)
    connection.open(socket, x, target)
    socket.on(pool.address.tls === null ? 'connect' : 'secureConnect', () => connection.onConnect())
    socket.on('end', () => connection.onEnd())
    socket.on('drain', () => connection.onDrain())
    socket.on('error', () =>
      connection.onClose(pool.address.tls === null ? faults.TARGET_CONNECT : faults.TARGET_TLS),
    )
    socket.on('close', () => connection.onClose(faults.TARGET_CONNECT))
  }

  /** A connection is gone: its place may serve a try that waits. */
  closed(connection: TargetConnection): void {
    this.#deadlines.remove(connection)
    const pool = connection.pool
    pool.open--
    const waiting = pool.nextWaiting()
    if (waiting === null) return
    waiting.leave()
    this.#connect(pool, waiting.x, waiting.target)
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.closeIdle()
  }
}

function openSocket(address: Address, onread: net.OnReadOpts): net.Socket {
  const where = {
    host: address.ip,
    port: address.port,
    onread,
    noDelay: true,
    allowHalfOpen: true,
    autoSelectFamily: false,
  }
  if (address.tls === null) return net.connect(where)
  const { servername, verify } = address.tls
  return tls.connect({
    ...where,
    rejectUnauthorized: verify,
    ALPNProtocols: ['http/1.1'],
    ...(net.isIP(servername) === 0 ? { servername } : {}),
  })
}
