/**
 * tally — counts what happened and writes the access line, once an exchange.
 *
 * HOT     `exchange` runs once a request: a handful of stores to the worker's own row. The line is put only while
 *         PROXY_ACCESS_LOG is on.
 */
import type { Clock } from '../base/clock.ts'
import { faults } from '../base/faults.ts'
import type { Outbox } from '../base/outbox.ts'
import type { Exchange } from '../contract/exchange.ts'
import {
  BYTES_IN,
  BYTES_OUT,
  CONNECTIONS_ACCEPTED,
  CONNECTIONS_ACTIVE,
  CONNECTIONS_REFUSED,
  CONNECTIONS_WAITING,
  CONNECTIONS_WRITING,
  type Counters,
  FAULTS,
  REQUESTS,
  RESPONSES,
  TUNNELS,
  TUNNELS_OPEN,
  UPSTREAM_RETRIES,
} from '../state/counters.ts'
import type { LineWriter } from './access/formatted-line.ts'
import { AccessLine } from './access-line.ts'
import type { RouteTally } from './route-tally.ts'

/** Takes access lines, and loses them, counted, rather than wait. */
export interface AccessSink {
  /** Where the next line is to be put. */
  openLine(): Outbox
  /** It has been put there, with its newline. */
  closeLine(): void
}

export class WorkerTally {
  readonly #counters: Counters
  readonly #access: AccessSink | null
  #line: LineWriter
  readonly #routes: RouteTally | null

  /** `access` is null while PROXY_ACCESS_LOG is off. */
  constructor(counters: Counters, access: AccessSink | null, clock: Clock, routes: RouteTally | null = null) {
    this.#counters = counters
    this.#access = access
    this.#line = new AccessLine(clock)
    this.#routes = routes
  }

  /** PROXY_ACCESS_LOG_FORMAT: in place of Kong's line. */
  useLine(line: LineWriter): void {
    this.#line = line
  }

  exchange(x: Exchange): void {
    const counters = this.#counters
    counters.add(REQUESTS, 1)
    const statusClass = (x.status / 100) | 0
    if (statusClass >= 1 && statusClass <= 5) counters.add(RESPONSES + statusClass, 1)
    if (x.fault !== faults.NONE) counters.add(FAULTS + x.fault.id, 1)
    if (x.requestBytes !== 0) counters.add(BYTES_IN, x.requestBytes)
    if (x.responseBytes !== 0) counters.add(BYTES_OUT, x.responseBytes)
    if (this.#routes !== null) this.#routes.exchange(x)
    const access = this.#access
    if (access === null) return
    this.#line.put(access.openLine(), x)
    access.closeLine()
  }

  retry(): void {
    this.#counters.add(UPSTREAM_RETRIES, 1)
  }

  tunnel(what: 'opened' | 'closed'): void {
    if (what === 'opened') this.#counters.add(TUNNELS, 1)
    this.#counters.add(TUNNELS_OPEN, what === 'opened' ? 1 : -1)
  }

  /** Each has one exchange under way at most, but those of HTTP/2: nobody asks each connection for this. */
  connectionsNow(open: number, underWay: number): void {
    const busy = Math.min(open, underWay)
    this.#counters.set(CONNECTIONS_WRITING, busy)
    this.#counters.set(CONNECTIONS_WAITING, open - busy)
  }

  connection(what: 'accepted' | 'closed' | 'refused'): void {
    if (what === 'refused') return this.#counters.add(CONNECTIONS_REFUSED, 1)
    if (what === 'accepted') this.#counters.add(CONNECTIONS_ACCEPTED, 1)
    this.#counters.add(CONNECTIONS_ACTIVE, what === 'accepted' ? 1 : -1)
  }
}
