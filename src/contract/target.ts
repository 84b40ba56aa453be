/**
 * target — one address a balancer may choose, with what the transport needs to reach it.
 *
 * A Target belongs to one plan of one worker. `pool` outlives plans: the transport hands out the same pool for the
 * same address and TLS settings, so that a reload keeps warm connections.
 */

/** How to speak TLS to a target; absent for plain HTTP. Part of the pool's identity. */
export interface TargetTls {
  readonly servername: string
  readonly verify: boolean
}

/** What a balancer's factory needs to know of the transport. */
export interface Pools {
  /** The pool of connections for this address; made on first use. */
  open(address: Address): TargetPool
}

export interface Address {
  readonly ip: string
  readonly port: number
  readonly tls: TargetTls | null
}

/** The transport's own; opaque to everybody else. */
export interface TargetPool {
  readonly address: Address
  /** Connections open, idle ones included. */
  readonly open: number
  readonly idle: number
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
  /** Exchanges of this worker under way; the balancer counts. */
  inFlight: number
  /** False while health checks have taken it out. */
  healthy: boolean
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
    this.inFlight = 0
    this.healthy = true
    this.ewmaMs = 0
    this.ewmaAtMs = 0
    this.place = -1
  }
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
