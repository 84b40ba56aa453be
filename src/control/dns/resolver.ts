/**
 * resolver — keeps an answer for every name the configuration needs, in the primary; workers are told of changes.
 *
 * An answer is asked for again at REFRESH_AT of its TTL, in the background, so nobody ever waits for one but the start.
 * While name servers fail the last answer goes on being used, up to `staleTtlS` beyond its end. At most QUERIES_MAX
 * names are asked for at once; the others wait in line.
 */
import type { Resolved } from '../../contract/target.ts'
import type { Lookups } from './lookups.ts'
import { type Answer, type QueryOptions, query, type RecordType } from './query.ts'

const QUERIES_MAX = 64
const REFRESH_AT = 0.9
/** Kong's rhythm for answers that must not be kept (TTL 0). */
const NO_TTL_S = 60
/** Beyond this a TTL is not believed; timers end at 24 days anyway. */
const TTL_MAX_S = 24 * 3600
const MS = 1000

export interface ResolverSettings {
  /** Kong's dns_order. */
  readonly order: readonly string[]
  /** Overrides the TTL of answers; 0: does not. */
  readonly validTtlS: number
  readonly staleTtlS: number
  readonly notFoundTtlS: number
  readonly errorTtlS: number
  /** Names kept at most: those in use always, those of past configurations while there is room. */
  readonly cacheSize: number
}

export const RESOLVER_DEFAULTS: ResolverSettings = {
  order: ['LAST', 'SRV', 'A', 'CNAME'],
  validTtlS: 0,
  staleTtlS: 3600,
  notFoundTtlS: 30,
  errorTtlS: 1,
  cacheSize: 10_000,
}

export interface ResolverOptions {
  readonly settings: ResolverSettings
  readonly lookups: Lookups
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Calls back once after `ms`; answers a function that calls it off. */
  readonly later: (ms: number, call: () => void) => () => void
  /** The answer for a name is new. Empty: the name does not resolve. */
  readonly onChange: (name: string, answers: readonly Resolved[]) => void
}

/** A timer that does not keep the process alive. */
export function realLater(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms).unref()
  return () => clearTimeout(timer)
}

class Entry {
  readonly name: string
  wanted = true
  /** Null until the first outcome. */
  answers: readonly Resolved[] | null = null
  text = ''
  last: RecordType | null = null
  staleUntilMs = 0
  busy = false
  cancel: () => void = () => {}
  waiters: (() => void)[] = []

  constructor(name: string) {
    this.name = name
  }
}

export class Resolver {
  readonly #options: ResolverOptions
  readonly #entries: Map<string, Entry>
  readonly #line: Entry[]
  #asking: number
  #closed: boolean
  #system: Pick<QueryOptions, 'hosts' | 'resolvConf'>

  constructor(options: ResolverOptions) {
    this.#options = options
    this.#entries = new Map()
    this.#line = []
    this.#asking = 0
    this.#closed = false
    this.#system = { hosts: new Map(), resolvConf: { search: [], ndots: 1 } }
  }

  /** The answers known now, by lower-case name. */
  answers(): Map<string, readonly Resolved[]> {
    const known = new Map<string, readonly Resolved[]>()
    for (const { name, answers } of this.#entries.values()) if (answers !== null) known.set(name, answers)
    return known
  }

  /**
   * Takes on `names` and waits for their first answers, `timeoutMs` at most. What is not known by then is missing in
   * the map and arrives by onChange. Reads hosts file and resolv.conf anew. Names taken on before stay.
   */
  async resolveAll(names: readonly string[], timeoutMs: number): Promise<Map<string, Resolved[]>> {
    const { lookups, later } = this.#options
    const [hosts, resolvConf] = await Promise.all([lookups.hosts(), lookups.resolvConf()])
    this.#system = { hosts, resolvConf }
    const entries = [...new Set(names.map((name) => name.toLowerCase()))].map((name) => this.#want(name))
    const all = Promise.all(entries.map((entry) => this.#firstAnswer(entry)))
    let cancel = () => {}
    const bound = new Promise<void>((resolve) => {
      cancel = later(timeoutMs, resolve)
    })
    await Promise.race([all, bound])
    cancel()
    const known = entries.filter((entry) => entry.answers !== null)
    return new Map(known.map((entry) => [entry.name, [...entry.answers!]]))
  }

  /** Stops refreshing all other names. Their answers are kept for a while, should a configuration want them back. */
  keepOnly(names: readonly string[]): void {
    const wanted = new Set(names.map((name) => name.toLowerCase()))
    for (const entry of this.#entries.values()) {
      if (wanted.has(entry.name)) continue
      entry.wanted = false
      entry.cancel()
    }
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= this.#options.settings.cacheSize) break
      if (!entry.wanted) this.#entries.delete(entry.name)
    }
  }

  close(): void {
    this.#closed = true
    for (const entry of this.#entries.values()) {
      entry.cancel()
      for (const done of entry.waiters.splice(0)) done()
    }
    this.#line.length = 0
  }

  /** A name that is new, or wanted again, is asked for at once; so is one of the hosts file, which may have changed. */
  #want(name: string): Entry {
    const entry = this.#entries.get(name) ?? new Entry(name)
    const isRefreshed = this.#entries.has(name) && entry.wanted && entry.staleUntilMs !== Infinity
    entry.wanted = true
    this.#entries.set(name, entry)
    if (!isRefreshed) this.#enqueue(entry)
    return entry
  }

  #firstAnswer(entry: Entry): Promise<void> {
    if (entry.answers !== null) return Promise.resolve()
    return new Promise((resolve) => {
      entry.waiters.push(resolve)
    })
  }

  #enqueue(entry: Entry): void {
    if (entry.busy || this.#closed) return
    entry.cancel()
    entry.busy = true
    this.#line.push(entry)
    this.#work()
  }

  #work(): void {
    while (this.#asking < QUERIES_MAX) {
      const entry = this.#line.shift()
      if (entry === undefined) return
      this.#asking++
      void this.#ask(entry)
    }
  }

  async #ask(entry: Entry): Promise<void> {
    const { lookups, settings } = this.#options
    const answer = await query({ lookups, order: settings.order, ...this.#system }, entry.name, entry.last)
    this.#asking--
    entry.busy = false
    if (this.#closed) return
    this.#settle(entry, answer)
    this.#work()
  }

  #settle(entry: Entry, answer: Answer): void {
    const { settings, now, later } = this.#options
    const againS = this.#againS(answer)
    if (answer.outcome === 'found') {
      entry.last = answer.type ?? entry.last
      entry.staleUntilMs = answer.ttlS === Infinity ? Infinity : now() + (againS + settings.staleTtlS) * MS
    }
    if (answer.outcome !== 'failed' || now() >= entry.staleUntilMs) this.#publish(entry, answer.resolved)
    if (entry.wanted && againS !== Infinity) {
      const share = answer.outcome === 'found' ? REFRESH_AT : 1
      entry.cancel = later(againS * share * MS, () => this.#enqueue(entry))
    }
    for (const done of entry.waiters.splice(0)) done()
  }

  #againS(answer: Answer): number {
    const { settings } = this.#options
    if (answer.outcome === 'failed') return settings.errorTtlS
    if (answer.outcome === 'none') return settings.notFoundTtlS
    if (answer.ttlS === Infinity) return Infinity
    const ttl = settings.validTtlS > 0 ? settings.validTtlS : answer.ttlS
    return Math.min(ttl === 0 ? NO_TTL_S : ttl, TTL_MAX_S)
  }

  /** Servers rotate their answers; in one fixed order a rotation is no change. */
  #publish(entry: Entry, resolved: readonly Resolved[]): void {
    const lines = resolved.map(
      (one) => [JSON.stringify([one.ip, one.port, one.weight, one.host ?? '']), one] as const,
    )
    const unique = [...new Map(lines).entries()].sort(([a], [b]) => (a < b ? -1 : 1))
    const text = unique.map(([line]) => line).join()
    const isNew = entry.answers === null || entry.text !== text
    entry.text = text
    if (!isNew) return
    entry.answers = unique.map(([, one]) => one)
    this.#options.onChange(entry.name, entry.answers)
  }
}
