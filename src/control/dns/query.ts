/**
 * query — one name asked for once: hosts file, then record types in the configured order, as Kong does.
 *
 * The first type with an answer wins; the one that won last time for a name is asked first (LAST). Where the order
 * names no AAAA it is asked last, so that hosts with IPv6 alone resolve too. CNAME needs no question of its own: name
 * servers follow it when asked for an address.
 */
import type { Resolved } from '../../contract/target.ts'
import type { AddressRecord, Lookups, SrvRecord } from './lookups.ts'
import { candidatesOf, type ResolvConf } from './system-files.ts'

export type RecordType = 'SRV' | 'A' | 'AAAA'

/** node:dns hides the TTL of SRV records: that of the addresses stands in, but no more than this. */
const SRV_TTL_MAX_S = 30
/** Records of one answer that are used. */
const RECORDS_MAX = 1024

export interface Answer {
  /** 'none': the name has no such records. 'failed': nobody could tell. */
  readonly outcome: 'found' | 'none' | 'failed'
  readonly resolved: readonly Resolved[]
  /** Seconds; Infinity for what does not come from DNS. */
  readonly ttlS: number
  readonly type: RecordType | null
}

export interface QueryOptions {
  readonly lookups: Lookups
  /** Of LAST, SRV, A, AAAA, CNAME. */
  readonly order: readonly string[]
  readonly hosts: ReadonlyMap<string, readonly string[]>
  readonly resolvConf: ResolvConf
}

const NONE: Answer = { outcome: 'none', resolved: [], ttlS: 0, type: null }
const FAILED: Answer = { outcome: 'failed', resolved: [], ttlS: 0, type: null }

export async function query(options: QueryOptions, name: string, last: RecordType | null): Promise<Answer> {
  const types = typesOf(options.order, last)
  const local = fromHosts(options.hosts, name, types)
  if (local !== null) return local
  let failed = false
  for (const candidate of candidatesOf(name, options.resolvConf)) {
    for (const type of types) {
      const answer = await ask(options, candidate, type)
      if (answer.outcome === 'found') return answer
      failed ||= answer.outcome === 'failed'
    }
  }
  return failed ? FAILED : NONE
}

function typesOf(order: readonly string[], last: RecordType | null): RecordType[] {
  const types = new Set<RecordType>()
  for (const entry of [...order, 'A', 'AAAA']) {
    const type = entry.toUpperCase()
    if (type === 'LAST' && last !== null) types.add(last)
    if (type === 'SRV' || type === 'A' || type === 'AAAA') types.add(type)
  }
  return [...types]
}

/** RFC 6761 §6.3: localhost is the loopback, whatever a file or a server says or leaves out. */
function fromHosts(hosts: QueryOptions['hosts'], name: string, types: readonly RecordType[]): Answer | null {
  const key = name.toLowerCase().replace(/\.$/, '')
  const isLocal = key === 'localhost' || key.endsWith('.localhost')
  const addresses = hosts.get(key) ?? (isLocal ? ['127.0.0.1', '::1'] : [])
  for (const type of types) {
    if (type === 'SRV') continue
    const ofType = addresses.filter((address) => address.includes(':') === (type === 'AAAA'))
    if (ofType.length > 0) return found(ofType.map(plain), Infinity, null)
  }
  return null
}

async function ask(options: QueryOptions, name: string, type: RecordType): Promise<Answer> {
  try {
    if (type === 'SRV') return await askSrv(options.lookups, name)
    const records = await (type === 'A' ? options.lookups.a(name) : options.lookups.aaaa(name))
    if (records.length === 0) return NONE
    return found(
      records.map((record) => plain(record.address)),
      shortest(records),
      type,
    )
  } catch (error) {
    return isAbsent(error) ? NONE : FAILED
  }
}

async function askSrv(lookups: Lookups, name: string): Promise<Answer> {
  const all = await lookups.srv(name)
  const first = all.reduce((lowest, { priority }) => Math.min(lowest, priority), Infinity)
  const records = all.filter(({ priority }) => priority === first).slice(0, RECORDS_MAX)
  const answers = await Promise.all(records.map((record) => askHost(lookups, record)))
  const resolved = answers.flatMap((answer) => answer.resolved)
  const ttls = answers.filter((answer) => answer.outcome === 'found').map((answer) => answer.ttlS)
  if (resolved.length > 0) return found(resolved, Math.min(SRV_TTL_MAX_S, ...ttls), 'SRV')
  return answers.some((answer) => answer.outcome === 'failed') ? FAILED : NONE
}

/** The addresses of the host an SRV record points to. */
async function askHost(lookups: Lookups, record: SrvRecord): Promise<Answer> {
  let failed = false
  for (const type of ['A', 'AAAA']) {
    try {
      const records = await (type === 'A' ? lookups.a(record.name) : lookups.aaaa(record.name))
      const resolved = records.map(({ address }) => ({
        ip: address,
        port: record.port,
        weight: Math.max(1, record.weight),
        host: record.name,
      }))
      if (resolved.length > 0) return found(resolved, shortest(records), 'SRV')
    } catch (error) {
      failed ||= !isAbsent(error)
    }
  }
  return failed ? FAILED : NONE
}

function found(resolved: readonly Resolved[], ttlS: number, type: RecordType | null): Answer {
  return { outcome: 'found', resolved: resolved.slice(0, RECORDS_MAX), ttlS, type }
}

function plain(ip: string): Resolved {
  return { ip, port: 0, weight: 0 }
}

function shortest(records: readonly AddressRecord[]): number {
  return records.reduce((least, { ttl }) => Math.min(least, ttl), Infinity)
}

function isAbsent(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  // Names that can't be asked for at all (too long, empty labels) do not resolve either.
  return code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EBADNAME' || code === 'ENONAME'
}
