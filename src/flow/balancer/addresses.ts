/**
 * addresses — from configured targets to addresses: an IP is one, a name is all that it resolves to.
 *
 * A Target lives as long as its address stays in the answer, so its counts, its average and its health survive a change
 * beside it. One whose weight alone changed gets a new Target that takes over the average and shares the state;
 * exchanges under way are counted down on the old one. What is shared is given back once nothing is under way.
 */
import {
  type Address,
  type Names,
  type Pools,
  type Resolved,
  type ServiceTls,
  Target,
} from '../../contract/target.ts'
import { authorityOf, isIp, isSocketPath, splitHostPort } from './host-port.ts'
import type { TargetStates } from './rows/target-rows.ts'

export interface ConfiguredTarget {
  /** "host:port", or "unix:/path" */
  readonly target: string
  readonly weight: number
}

export interface AddressOptions {
  readonly targets: readonly ConfiguredTarget[]
  readonly protocol: string
  /** Null: in the clear. */
  readonly tls: ServiceTls | null
  readonly http: Address['http']
  readonly defaultPort: number
  /** Host for all targets, or null for each one's own. */
  readonly hostHeader: string | null
  /** The Host of an SRV answer is the host it points to, not the name asked for. */
  readonly usesSrvName: boolean
  readonly pools: Pools
  readonly names: Names
  readonly states: TargetStates
}

/** Host of a target that is a socket of this machine. */
const SOCKET_HOST = 'localhost'

interface Wanted {
  readonly configured: ConfiguredTarget
  readonly host: string
  readonly ip: string
  readonly port: number
  readonly weight: number
}

export class Addresses {
  readonly #options: AddressOptions
  #known: Map<string, Target>
  #unresolved: boolean

  constructor(options: AddressOptions) {
    this.#options = options
    this.#known = new Map()
    this.#unresolved = false
  }

  /** The names that `current` depends on. */
  names(): string[] {
    const hosts = this.#options.targets.map(({ target }) => splitHostPort(target, 0).host)
    return [...new Set(hosts.filter((host) => !isIp(host) && !isSocketPath(host)))]
  }

  /** True when there is no address because no name of a target with weight resolved. */
  get unresolved(): boolean {
    return this.#unresolved
  }

  /** All targets as names resolve now; those that stay are the same objects as before. */
  current(): Target[] {
    const known = new Map<string, Target>()
    for (const wanted of this.#options.targets.flatMap((configured) => this.#expand(configured))) {
      const key = `${wanted.configured.target} ${wanted.host} ${wanted.ip} ${wanted.port}`
      if (known.has(key)) continue
      const before = this.#known.get(key)
      known.set(key, before?.weight === wanted.weight ? before : this.#make(wanted, before))
    }
    for (const [key, target] of this.#known) {
      if (known.get(key) === target) continue
      this.#options.pools.leave(target.pool)
      this.release(target)
    }
    this.#known = known
    if (this.names().every((name) => this.#options.names.get(name) !== undefined))
      this.#options.states.started()
    this.#unresolved = known.size === 0 && this.#options.targets.some(({ weight }) => weight > 0)
    return [...known.values()]
  }

  /** A target that has left: called again when what was under way is over. */
  release(target: Target): void {
    if (target.inFlight === 0) this.#options.states.release(target.state)
  }

  close(): void {
    for (const target of this.#known.values()) this.#options.pools.leave(target.pool)
    this.#known.clear()
    this.#options.states.close()
  }

  #expand(configured: ConfiguredTarget): Wanted[] {
    const { host, port } = splitHostPort(configured.target, this.#options.defaultPort)
    if (isIp(host) || isSocketPath(host))
      return [{ configured, host, port, ip: host, weight: configured.weight }]
    return (this.#options.names.get(host) ?? []).map((answer) => ({
      configured,
      host: this.#options.usesSrvName ? (answer.host ?? host) : host,
      ip: answer.ip,
      port: answer.port || port,
      weight: configured.weight * weightOf(answer),
    }))
  }

  #make(wanted: Wanted, before: Target | undefined): Target {
    const { tls, http, pools, states } = this.#options
    const { host, authority } = this.#nameOf(wanted)
    // RFC 6066 §3: an address is not a server name.
    const servername = isIp(host) ? '' : host
    const secured = tls === null ? null : { servername, ...tls }
    const address: Address = { ip: wanted.ip, port: wanted.port, tls: secured, http }
    const hostField = Buffer.from(`Host: ${authority}\r\n`, 'latin1')
    const target = new Target(wanted.configured.target, host, hostField, wanted.weight, pools.open(address))
    target.state = states.open(`${wanted.configured.target}|${wanted.ip}:${wanted.port}`)
    if (before !== undefined) {
      target.ewmaMs = before.ewmaMs
      target.ewmaAtMs = before.ewmaAtMs
    }
    return target
  }

  #nameOf({ host: own, port }: Wanted): { host: string; authority: string } {
    const { hostHeader, protocol } = this.#options
    const named = hostHeader === null ? null : splitHostPort(hostHeader, 0)
    if (named?.port) return { host: named.host, authority: hostHeader! }
    // A path is nobody's name, and a port that it does not have is not named either.
    if (isSocketPath(own)) return { host: named?.host ?? SOCKET_HOST, authority: named?.host ?? SOCKET_HOST }
    const host = named?.host ?? own
    return { host, authority: authorityOf(host, port, protocol) }
  }
}

/** Without a weight in the record (A, AAAA) all addresses are equal. */
function weightOf(answer: Resolved): number {
  return answer.weight || 1
}
