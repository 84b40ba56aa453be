/**
 * lookups — the questions a resolver asks of the world, over node:dns, behind an interface that tests replace.
 *
 * node:dns tells the TTL of A and AAAA answers but not of SRV answers, and its queries know no search list: both are
 * dealt with in query.ts.
 */
import { Resolver as NodeResolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { parseHosts, parseResolvConf, type ResolvConf } from './system-files.ts'

export interface AddressRecord {
  readonly address: string
  /** Seconds. */
  readonly ttl: number
}

export interface SrvRecord {
  readonly name: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

/** Rejects with a `code` as node:dns does: ENOTFOUND and ENODATA mean "there is none", all others "not now". */
export interface Lookups {
  a(name: string): Promise<readonly AddressRecord[]>
  aaaa(name: string): Promise<readonly AddressRecord[]>
  srv(name: string): Promise<readonly SrvRecord[]>
  /** Addresses of the hosts file by lower-case name; empty when it can't be read. */
  hosts(): Promise<ReadonlyMap<string, readonly string[]>>
  resolvConf(): Promise<ResolvConf>
}

export interface LookupOptions {
  /** "ip" or "ip:port" each; empty: the system's. */
  readonly servers: readonly string[]
  /** '' for none. */
  readonly hostsFile: string
  readonly resolvConf: string
  readonly timeoutMs: number
  readonly tries: number
}

export const LOOKUP_DEFAULTS: LookupOptions = {
  servers: [],
  hostsFile: '/etc/hosts',
  resolvConf: '/etc/resolv.conf',
  timeoutMs: 2000,
  tries: 3,
}

export function openLookups(options: LookupOptions): Lookups {
  const resolver = new NodeResolver({ timeout: options.timeoutMs, tries: options.tries })
  if (options.servers.length > 0) resolver.setServers(options.servers)
  return {
    a: (name) => resolver.resolve4(name, { ttl: true }),
    aaaa: (name) => resolver.resolve6(name, { ttl: true }),
    srv: (name) => resolver.resolveSrv(name),
    hosts: async () => parseHosts(await readOrEmpty(options.hostsFile)),
    resolvConf: async () => parseResolvConf(await readOrEmpty(options.resolvConf)),
  }
}

async function readOrEmpty(path: string): Promise<string> {
  if (path === '') return ''
  try {
    return await readFile(path, 'utf8')
  } catch {
    // Neither file is needed: containers often have none, and DNS works without.
    return ''
  }
}
