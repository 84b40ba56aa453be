/**
 * target — one address a balancer may choose, with what the transport needs to reach it.
 *
 * A Target belongs to one plan of one worker. `pool` outlives plans: the transport hands out the same pool for the
 * same address and TLS settings, so that a reload keeps warm connections.
 */

import type { Fault } from '../base/faults.ts'
import { makePrivateRow } from '../state/rows.ts'
import { TargetState, targetRowWords } from '../state/target-state.ts'
import type { Exchange } from './exchange.ts'
import type { KeyPair } from './tls.ts'

/** Bits of Exchange.holds: what a try holds of its upstream's limits. `done` gives back what is left of them. */
export const HOLDS_REQUEST = 1
/** It waits for a connection. */
export const HOLDS_PENDING = 2
export const HOLDS_RETRY = 4
/** The circuit let it through (x.ticket) and is owed its outcome. */
export const HOLDS_CIRCUIT = 8
/** It waited for a connection in vain, which is no failure of its target. */
export const WAITED_IN_VAIN = 16

/** What an upstream allows its connections, counted over all workers. */
export interface ConnectionLimits {
  /** `x` finds no idle connection: sets HOLDS_PENDING. False: too many wait already. */
  takePending(x: Exchange): boolean
  /** The request of `x` is sent. */
  givePending(x: Exchange): void
  /** False at the limit; `mayExceed` is for a pool that has no connection and would wait for ever. */
  takeConnection(mayExceed: boolean): boolean
  giveConnection(): void
}

/** How to speak TLS to a target; absent for plain HTTP. Part of the pool's identity. */
export interface TargetTls {
  readonly servername: string
  readonly verify: boolean
  /** Certificates a chain may have between the leaf and the root that is trusted (as OpenSSL counts); -1: no limit. */
  readonly verifyDepth: number
  /** Who may sign, in PEM; null: whom the gateway trusts by itself (SSL_TRUSTED_CERTIFICATE). */
  readonly trusted: string | null
  /** What the gateway shows for itself, or null. */
  readonly certificate: KeyPair | null
}

/** What all targets of a service have in common of it; the name comes with each target. */
export type ServiceTls = Omit<TargetTls, 'servername'>

/** What counts where service and upstream say nothing. */
export interface TargetTlsDefaults {
  readonly verifyDepth: number
  /** What the gateway shows for itself. */
  readonly certificate: KeyPair | null
}

/** What a balancer's factory needs to know of the transport. */
export interface Pools {
  /** The pool of connections for this address; made on first use. */
  open(address: Address): TargetPool
  /** Once for each `open`. When nobody is left its idle connections end, and those in use with their answers. */
  leave(pool: TargetPool): void
}

export interface Address {
  /** Or 'unix:' and the path of a socket; the port is then 0. */
  readonly ip: string
  readonly port: number
  readonly tls: TargetTls | null
  /** What is spoken: HTTP/1.1, HTTP/2 from the first byte on, or what ALPN agrees on. */
  readonly http: 'http/1.1' | 'h2' | 'alpn'
}

/** The transport's own; opaque to everybody else. */
export interface TargetPool {
  readonly address: Address
  /** Connections open, idle ones included. */
  readonly open: number
  readonly idle: number
}

/** Whose target it is: a fallback's targets are picked through another balancer. */
export interface TargetOwner {
  judge(x: Exchange, target: Target): void
  over(x: Exchange, target: Target, fault: Fault): void
}

export class Target {
  /** As configured: "host:port". */
  readonly name: string
  /** The host name for the Host field, without port. */
  readonly host: string
  readonly address: Address
  readonly pool: TargetPool
  /** The whole field line: "Host: name[:port]\r\n". */
  readonly hostField: Uint8Array
  readonly weight: number
  /** What all workers know of it: whether it is out, what is under way. A stand-in of its own until given another. */
  state: TargetState
  /** So few are left that it gets traffic although it is out. */
  ignoresHealth: boolean
  /** Null: its upstream limits no connections. */
  limits: ConnectionLimits | null
  /** The balancer's own; null until it is one of a balancer's. */
  owner: TargetOwner | null
  /** Exchanges of this worker under way; the balancer counts. */
  inFlight: number
  /** Peak EWMA of the response time in ms, and when it was last touched (algorithm `latency`). */
  ewmaMs: number
  ewmaAtMs: number
  /** Where the balancer's tables hold it; -1 once it has left them. The balancer's own. */
  place: number

  constructor(name: string, host: string, hostField: Uint8Array, weight: number, pool: TargetPool) {
    this.name = name
    this.host = host
    this.address = pool.address
    this.pool = pool
    this.hostField = hostField
    this.weight = weight
    this.state = makeStandIn()
    this.ignoresHealth = false
    this.limits = null
    this.owner = null
    this.inFlight = 0
    this.ewmaMs = 0
    this.ewmaAtMs = 0
    this.place = -1
  }
}

/** For a target whose state no other thread knows. */
export function makeStandIn(): TargetState {
  const row = makePrivateRow(targetRowWords(1))
  return new TargetState(row.words, row.doubles, row.at, 0)
}

/** One answer for a name: an address, and for SRV the port and weight that come with it. */
export interface Resolved {
  readonly ip: string
  /** 0: the record names none (A, AAAA). */
  readonly port: number
  /** 0: the record names none. */
  readonly weight: number
  /** The host an SRV record points to, for `use_srv_name`; absent for A and AAAA. */
  readonly host?: string
}

/**
 * What names resolve to, as the primary last learned it. Workers never ask a resolver themselves, so none can stall.
 * Absent: not known yet. Empty: the name does not resolve.
 */
export interface Names {
  get(name: string): readonly Resolved[] | undefined
  /** Calls back when the answer for `name` changes; answers a function that stops it. */
  watch(name: string, changed: () => void): () => void
}
