/**
 * transports — the one door of the flow to its targets: each address has its transport by what it speaks.
 *
 * HOT     `send` runs once a try.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { Address, Target, TargetPool } from '../../contract/target.ts'
import type { Transport, TransportEvents } from '../../contract/transport.ts'
import type { Counters } from '../../state/counters.ts'
import { Http1Transport, type TransportTools } from './http1.ts'
import { Http2Transport } from './http2/http2-transport.ts'
import type { Pool } from './pool.ts'

export class Transports implements Transport {
  readonly #http1: Http1Transport
  readonly #http2: Http2Transport
  /** False where a request may share a connection that is in use. */
  readonly #takesIdle: boolean

  constructor(tools: TransportTools, events: TransportEvents) {
    this.#http1 = new Http1Transport(tools, events)
    this.#http2 = new Http2Transport(tools, events, this.#http1)
    this.#takesIdle = !tools.pipelining
  }

  open(address: Address): Pool {
    return address.http === 'http/1.1' ? this.#http1.open(address) : this.#http2.open(address)
  }

  leave(pool: TargetPool): void {
    // Made by `open`: Pools has no other implementation in a worker.
    if (pool.address.http === 'http/1.1') this.#http1.leave(pool)
    else this.#http2.leave(pool)
  }

  send(x: Exchange, target: Target): void {
    const address = target.address
    if (address.http !== 'http/1.1') return this.#http2.send(x, target)
    if (address.tls !== null) return this.#http1.send(x, target)
    const pool = target.pool as Pool // made by `open`
    // What most requests find, by the shortest way.
    const idle = this.#takesIdle && !x.freshOnly ? pool.take() : null
    if (idle !== null) idle.begin(x, target)
    else this.#http1.sendThrough(pool, x, target)
  }

  /** Tells what has happened since it was last asked, and what there is now. */
  report(counters: Counters): void {
    this.#http1.report(counters, this.#http2.takeFigures())
  }

  close(): void {
    this.#http1.close()
    this.#http2.close()
  }
}
