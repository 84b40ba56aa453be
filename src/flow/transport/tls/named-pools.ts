/**
 * named-pools — where the Host of a request goes on to its target over TLS, that Host is the name in the handshake: a
 * connection made for one name may not serve another, so each has a pool of its own.
 *
 * LIMITS  NAMES_MAX a target's pool: clients choose the names. The one used longest ago gives way; what is under way
 *         there goes on.
 *
 * HOT     `find` runs once a try over TLS.
 */
import type { Exchange } from '../../../contract/exchange.ts'
import type { Address, Pools, TargetPool } from '../../../contract/target.ts'

export const NAMES_MAX = 64

/** What a server name may be made of, in lower case (RFC 6066 §3). */
const SERVER_NAME = /^(?=.{1,253}$)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/

export class NamedPools<P extends TargetPool> {
  readonly #pools: Pools
  readonly #named: Map<P, Map<string, P>>

  /** `pools` opens what it is asked for as P. */
  constructor(pools: Pools & { open(address: Address): P }) {
    this.#pools = pools
    this.#named = new Map()
  }

  /** The pool for the name that `x` is sent under: `base`, the target's own, where that is the target's own name. */
  find(x: Exchange, base: P): P {
    if (base.address.tls === null || (x.upstreamHost === '' && !x.route!.preserveHost)) return base
    const name = serverNameOf(x)
    if (name === '' || name === base.address.tls.servername) return base
    const named = this.#named.get(base)
    const pool = named === undefined ? undefined : named.get(name)
    if (named === undefined || pool === undefined) return this.#open(base, name)
    named.delete(name)
    named.set(name, pool)
    return pool
  }

  /** Nobody has `base` any more. */
  forget(base: P): void {
    const named = this.#named.get(base)
    this.#named.delete(base)
    if (named !== undefined) for (const pool of named.values()) this.#pools.leave(pool)
  }

  #open(base: P, name: string): P {
    const named = this.#named.get(base) ?? new Map<string, P>()
    this.#named.set(base, named)
    for (const [oldest, pool] of named) {
      if (named.size < NAMES_MAX) break
      named.delete(oldest)
      this.#pools.leave(pool)
    }
    const address = base.address
    // `pools` was given as one that opens P.
    const pool = this.#pools.open({ ...address, tls: { ...address.tls!, servername: name } }) as P
    named.set(name, pool)
    return pool
  }
}

/** The host that is sent, in lower case; '' when it is an address or nothing that a server can be named by. */
function serverNameOf(x: Exchange): string {
  const sent =
    x.upstreamHost === '' ? x.request.bytes.latin1Slice(x.hostStart, x.hostEnd) : withoutPort(x.upstreamHost)
  const name = sent.toLowerCase()
  return SERVER_NAME.test(name) && !IPV4.test(name) ? name : ''
}

function withoutPort(host: string): string {
  const colon = host.lastIndexOf(':')
  return colon < 0 ? host : host.slice(0, colon)
}
