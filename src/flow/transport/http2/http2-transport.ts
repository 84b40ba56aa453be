/** http2-transport — the transport for targets that speak HTTP/2, or what ALPN agrees on: one pool an address. */
import type { Clock } from '../../../base/clock.ts'
import { type Fault, faults } from '../../../base/faults.ts'
import { Outbox } from '../../../base/outbox.ts'
import { type Exchange, NO_UPGRADE } from '../../../contract/exchange.ts'
import {
  type Address,
  type ConnectionLimits,
  HOLDS_PENDING,
  type Target,
  type TargetPool,
} from '../../../contract/target.ts'
import type { Transport, TransportEvents } from '../../../contract/transport.ts'
import type { Http1Transport, TransportFigures, TransportTools } from '../http1.ts'
import type { TargetSockets } from '../open-socket.ts'
import type { Pool, PoolLimits } from '../pool.ts'
import { QueuedTry } from '../queued-try.ts'
import { NamedPools } from '../tls/named-pools.ts'
import { poolKey } from '../tls/secure-contexts.ts'
import { Http2Pool } from './http2-pool.ts'
import { type SessionOwner, TargetSession } from './session.ts'
import type { StreamTools, StreamTry } from './stream-try.ts'

export class Http2Transport implements Transport {
  readonly #events: TransportEvents
  readonly #tools: TransportTools
  readonly #http1: Http1Transport
  readonly #streams: StreamTools
  readonly #pools: Map<string, Http2Pool>
  readonly #named: NamedPools<Http2Pool>
  readonly #sockets: TargetSockets
  #connects: number
  #reuses: number

  constructor(tools: TransportTools, events: TransportEvents, http1: Http1Transport) {
    this.#events = events
    this.#tools = tools
    this.#http1 = http1
    this.#streams = { events, clock: tools.clock, head: tools.head, scratch: new Outbox() }
    this.#pools = new Map()
    this.#named = new NamedPools(this)
    this.#sockets = http1.sockets
    this.#connects = 0
    this.#reuses = 0
  }

  open(address: Address): Http2Pool {
    const key = poolKey(address)
    let pool = this.#pools.get(key)
    if (pool !== undefined) {
      pool.users++
      return pool
    }
    pool = new Http2Pool(address, this.#tools.limits)
    pool.key = key
    this.#pools.set(key, pool)
    return pool
  }

  leave(left: TargetPool): void {
    const pool = left as Http2Pool // made by `open`
    if (--pool.users > 0) return
    this.#pools.delete(pool.key)
    this.#named.forget(pool)
    pool.closeIdle()
    if (pool.http1 !== null) this.#http1.leave(pool.http1)
    pool.http1 = null
  }

  send(x: Exchange, target: Target): void {
    const pool = this.#named.find(x, target.pool as Http2Pool) // made by `open`
    if (pool.address.http === 'alpn' && (pool.isHttp1 || x.upgrade !== NO_UPGRADE))
      return this.#http1.sendThrough(this.#http1Of(pool), x, target)
    const limits = target.limits
    const session = pool.choose(x.freshOnly ? x.startMs : 0)
    if (session?.isOpen) {
      this.#reuses++
      return session.send(x, target)
    }
    if (limits !== null && !limits.takePending(x))
      return this.#events.targetFault(x, faults.UPSTREAM_OVERFLOW)
    if (session !== null) session.send(x, target)
    else if (mayOpen(pool, limits)) this.#connect(pool, target).send(x, target)
    else this.#wait(pool, x, target)
  }

  #http1Of(pool: Http2Pool): Pool {
    pool.http1 ??= this.#http1.open({ ...pool.address, http: 'http/1.1' })
    return pool.http1
  }

  #wait(pool: Http2Pool, x: Exchange, target: Target): void {
    const untilMs = this.#tools.clock.now() + x.route!.service!.connectTimeoutMs
    const failed = (waiting: Exchange, fault: Fault): void => {
      waiting.carrier = null
      this.#events.targetFault(waiting, fault)
    }
    const queued = new QueuedTry(x, target, pool, { deadlines: this.#tools.deadlines, untilMs, failed })
    if (pool.enqueue(queued)) {
      x.carrier = queued
      x.tries.waits()
      return
    }
    queued.leave()
    this.#events.targetFault(x, faults.TARGET_QUEUE_FULL)
  }

  #connect(pool: Http2Pool, target: Target): TargetSession {
    const { address } = pool
    const isTls = address.tls !== null
    // node:http2 takes the handle over and reads into memory of its own.
    const socket = this.#sockets.open(
      address,
      { buffer: this.#tools.readBuffer, callback: () => true },
      offerOf(address),
    )
    const owner = new PoolSide(pool, this.#tools, (open) => this.#roomIn(open))
    const session = new TargetSession(owner, this.#streams, socket, {
      isTls,
      streams: pool.streams,
      counted: target.limits,
    })
    pool.open++
    this.#connects++
    pool.sessions.push(session)
    this.#tools.deadlines.add(session)
    socket.on(isTls ? 'secureConnect' : 'connect', () => {
      const agreed = 'alpnProtocol' in socket ? socket.alpnProtocol : 'h2'
      if (address.http === 'alpn' && agreed !== 'h2') this.#goHttp1(pool, session)
      else session.onConnect()
    })
    socket.on('error', (error) => {
      const failure = this.#sockets.explain(address, socket, error)
      session.onFailed(failure.fault, failure.detail)
    })
    socket.on('end', () => session.destroy())
    socket.on('close', () => session.onFailed(faults.TARGET_CONNECT, ''))
    return session
  }

  /** The target has chosen HTTP/1.1: whoever waits goes that way, and so does all that follows. */
  #goHttp1(pool: Http2Pool, session: TargetSession): void {
    pool.isHttp1 = true
    const http1 = this.#http1Of(pool)
    for (const one of session.release()) this.#resend(http1, one.release(), one.target)
    for (let next = pool.nextWaiting(); next !== null; next = pool.nextWaiting()) {
      next.leave()
      this.#resend(http1, next.x, next.target)
    }
  }

  #resend(pool: Pool, x: Exchange | null, target: Target): void {
    if (x === null) return
    if ((x.holds & HOLDS_PENDING) !== 0) target.limits!.givePending(x)
    this.#http1.sendThrough(pool, x, target)
  }

  /** Tries that wait are sent as far as there is room. */
  #roomIn(pool: Http2Pool): void {
    for (let first = pool.firstWaiting; first !== null; first = pool.firstWaiting) {
      const session = pool.choose(0)
      if (session === null && !mayOpen(pool, first.target.limits)) return
      pool.nextWaiting()
      first.leave()
      const chosen = session ?? this.#connect(pool, first.target)
      chosen.send(first.x, first.target)
    }
  }

  /** What there was since this was last asked, and what there is now. */
  takeFigures(): TransportFigures {
    let open = 0
    let queued = 0
    let idle = 0
    for (const pool of this.#pools.values()) {
      open += pool.open
      queued += pool.queued
      idle += pool.idle
    }
    const figures = { connects: this.#connects, reuses: this.#reuses, open, queued, idle }
    this.#connects = 0
    this.#reuses = 0
    return figures
  }

  close(): void {
    for (const pool of this.#pools.values()) for (const session of [...pool.sessions]) session.destroy()
  }
}

/** What ALPN offers. A target that must speak HTTP/2 is offered nothing else. */
function offerOf({ http }: Address): readonly string[] {
  return http === 'alpn' ? ['h2', 'http/1.1'] : ['h2']
}

/** True when one more session may be opened; the upstream has then counted it. */
function mayOpen(pool: Http2Pool, limits: ConnectionLimits | null): boolean {
  return pool.hasRoom() && (limits === null || limits.takeConnection(pool.open === 0))
}

/** What a session of `pool` has to tell. */
class PoolSide implements SessionOwner {
  readonly clock: Clock
  readonly limits: PoolLimits
  readonly #pool: Http2Pool
  readonly #tools: TransportTools
  readonly #roomIn: (pool: Http2Pool) => void

  constructor(pool: Http2Pool, tools: TransportTools, roomIn: (pool: Http2Pool) => void) {
    this.clock = tools.clock
    this.limits = tools.limits
    this.#pool = pool
    this.#tools = tools
    this.#roomIn = roomIn
  }

  started(one: StreamTry): void {
    this.#tools.deadlines.add(one)
  }

  over(one: StreamTry): void {
    this.#tools.deadlines.remove(one)
  }

  hasRoom(): void {
    if (this.#pool.firstWaiting !== null) this.#roomIn(this.#pool)
  }

  drains(session: TargetSession): void {
    this.#pool.forgetSession(session)
    if (this.#pool.firstWaiting !== null) this.#roomIn(this.#pool)
  }

  allows(streams: number): void {
    this.#pool.streams = streams
  }

  mayIdle(): boolean {
    return this.#pool.users > 0 && this.#pool.idle <= this.limits.idleMax
  }

  closed(session: TargetSession): void {
    this.#pool.forgetSession(session)
    this.#tools.deadlines.remove(session)
    this.#pool.open--
    session.counted?.giveConnection()
    if (this.#pool.firstWaiting !== null) this.#roomIn(this.#pool)
  }
}
