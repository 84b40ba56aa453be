/** Gives each host of the configuration a bucket for its routes, while the configuration is read. */
import { isSet, type SubRoute, splitPort } from '../sub-route.ts'

/** The bucket of routes without hosts. */
export const ANY_HOST = 0
const NO_HOST: ReadonlySet<number> = new Set([ANY_HOST])

/** Buckets by port, and by name; port 0 is a host without port, which takes any. */
export type HostNames = Map<string, Map<number, number>>

export class HostKeys {
  readonly plain: HostNames
  /** Of '*.x' the '.x'. */
  readonly suffix: HostNames
  /** Of 'x.*' the 'x.'. */
  readonly prefix: HostNames
  /** How many there are. */
  buckets: number

  constructor() {
    this.plain = new Map()
    this.suffix = new Map()
    this.prefix = new Map()
    this.buckets = ANY_HOST + 1
  }

  /** The buckets a sub-route belongs to, each once. */
  bucketsOf(sub: SubRoute): ReadonlySet<number> {
    const hosts = sub.input.match.hosts
    return isSet(hosts) ? new Set(hosts.map((host) => this.#bucketOf(host))) : NO_HOST
  }

  #bucketOf(host: string): number {
    const { name, port } = splitPort(host.toLowerCase())
    if (name.startsWith('*')) return this.#take(this.suffix, name.slice(1), port)
    if (name.endsWith('*')) return this.#take(this.prefix, name.slice(0, -1), port)
    return this.#take(this.plain, name, port)
  }

  #take(names: HostNames, name: string, port: number): number {
    const text = Buffer.from(name).toString('latin1')
    const ports = names.get(text) ?? new Map<number, number>()
    names.set(text, ports)
    const bucket = ports.get(port) ?? this.buckets++
    ports.set(port, bucket)
    return bucket
  }
}
