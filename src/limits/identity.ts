/**
 * identity — whom a limit counts: consumer, credential, address, service, a header's value or a path.
 *
 * Where there is no such thing the client's address stands in, as in Kong. What is kept of it is a fingerprint, under a
 * seed of the scope and of the kind: the same text as a header's value and as a consumer's id are two keys.
 *
 * HOT     `find` runs once a limited request.
 */
import { Fingerprint } from '../base/fingerprint.ts'
import type { Exchange } from '../contract/exchange.ts'
import type { PluginScope } from '../contract/plugin.ts'
import { getField } from '../http1/fields.ts'
import { KnownPrints } from './known-prints.ts'

export const LIMIT_BY = ['consumer', 'credential', 'ip', 'service', 'header', 'path'] as const
export type LimitBy = (typeof LIMIT_BY)[number]

const CONSUMER = 0
const CREDENTIAL = 1
const IP = 2
const SERVICE = 3
const HEADER = 4
const PATH = 5
const KINDS = 6

/** Whom a `find` found, kept while somebody else is asked. */
export interface Found {
  a: number
  b: number
  text: string
  by: LimitBy
}

export interface IdentityOptions {
  readonly limitBy: LimitBy
  /** For 'header'. */
  readonly headerName: string | null
  /** For 'path'. */
  readonly path: string | null
  readonly scope: PluginScope
  /** Told apart from other uses of the table: the plugin, its algorithm, the limit's name. */
  readonly use: string
  readonly seedA: number
  readonly seedB: number
}

export class Identity {
  /** Whom the last `find` found; for Redis's keys only, never for a log. */
  text: string
  /** One of LIMIT_BY: what it was found by. */
  by: LimitBy
  readonly key: Fingerprint
  readonly #by: number
  readonly #headerName: string
  readonly #path: Buffer
  readonly #pathText: string
  readonly #seeds: Int32Array
  /** By kind; for those whose texts the configuration has. */
  readonly #known: readonly KnownPrints[]

  constructor(options: IdentityOptions) {
    this.text = ''
    this.by = 'ip'
    this.key = new Fingerprint()
    this.#by = LIMIT_BY.indexOf(options.limitBy)
    this.#headerName = (options.headerName ?? '').toLowerCase()
    this.#pathText = options.path ?? ''
    this.#path = Buffer.from(this.#pathText)
    this.#seeds = makeSeeds(options)
    this.#known = LIMIT_BY.map(
      (_, kind) => new KnownPrints(this.#seeds[2 * kind]!, this.#seeds[2 * kind + 1]!),
    )
  }

  /** Sets `key`, `text` and `by`. */
  find(x: Exchange): void {
    const kind = this.#search(x)
    this.by = LIMIT_BY[kind]!
    // Addresses and headers are the clients' own: remembering them would only push out ids.
    if (kind === IP || kind === HEADER)
      this.key.setText(this.#seeds[2 * kind]!, this.#seeds[2 * kind + 1]!, this.text)
    else this.#known[kind]!.find(this.key, this.text)
  }

  keep(found: Found): void {
    found.a = this.key.a
    found.b = this.key.b
    found.text = this.text
    found.by = this.by
  }

  restore(found: Found): void {
    this.key.a = found.a
    this.key.b = found.b
    this.text = found.text
    this.by = found.by
  }

  #search(x: Exchange): number {
    switch (this.#by) {
      case CONSUMER:
        if (x.consumer !== null) return this.#found(CONSUMER, x.consumer.id)
        if (x.credentialId !== '') return this.#found(CREDENTIAL, x.credentialId)
        break
      case CREDENTIAL:
        if (x.credentialId !== '') return this.#found(CREDENTIAL, x.credentialId)
        break
      case SERVICE:
        if (x.route !== null && x.route.service !== null) return this.#found(SERVICE, x.route.service.id)
        break
      case HEADER: {
        const value = getField(x.request, this.#headerName)
        if (value !== null) return this.#found(HEADER, value)
        break
      }
      case PATH:
        if (this.#isPath(x)) return this.#found(PATH, this.#pathText)
    }
    return this.#found(IP, x.clientAddress)
  }

  #found(kind: number, text: string): number {
    this.text = text
    return kind
  }

  #isPath(x: Exchange): boolean {
    const path = this.#path
    if (x.pathEnd - x.pathStart !== path.length) return false
    for (let i = 0; i < path.length; i++) if (x.pathBytes[x.pathStart + i] !== path[i]) return false
    return true
  }
}

/** Two words a kind. Who doesn't know the table's seed knows none of these. */
function makeSeeds({ scope, use, seedA, seedB }: IdentityOptions): Int32Array {
  const seeds = new Int32Array(2 * KINDS)
  const print = new Fingerprint()
  LIMIT_BY.forEach((kind, i) => {
    print.setText(seedA, seedB, `${scope.routeId ?? ''}|${scope.serviceId ?? ''}|${use}|${kind}`)
    seeds[2 * i] = print.a
    seeds[2 * i + 1] = print.b
  })
  return seeds
}
