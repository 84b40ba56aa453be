/** bearers — who comes with which access token: those that were just found good, and the state for the others. */
import type { Exchange } from '../../contract/exchange.ts'
import type { Credential } from '../../contract/identity/identities.ts'
import type { Host, Verdict } from '../../contract/plugin.ts'
import type { AddedField } from '../../http1/added-field.ts'
import { makeConstantField } from '../../http1/fields.ts'
import { makeFieldValue } from '../../identity/identity-fields.ts'
import { TokenMemory } from '../../identity/jose/token-memory.ts'
import type { Clients } from './endpoints/clients.ts'
import type { AccessRecord } from './records.ts'
import { settle } from './settle.ts'
import type { Tokens } from './tokens.ts'

/** A token that is revoked is refused by every worker this long afterwards, at the latest. */
const KNOWN_MS = 1000

export const SCOPE = 'X-Authenticated-Scope'
export const USER = 'X-Authenticated-UserId'

export interface Bearer {
  readonly client: Credential
  /** The id of the service that the token is for; null: of all. */
  readonly service: string | null
  /** What the target is told beside who the client is. */
  readonly fields: readonly AddedField[]
}

export interface Judge {
  judge(x: Exchange, bearer: Bearer): Verdict
  refuse(x: Exchange): Verdict
}

export class Bearers {
  readonly #host: Host
  readonly #clients: Clients
  readonly #tokens: Tokens
  readonly #known: TokenMemory<Bearer>

  constructor(host: Host, clients: Clients, tokens: Tokens) {
    this.#host = host
    this.#clients = clients
    this.#tokens = tokens
    this.#known = new TokenMemory(host)
  }

  /** One that was found good just now; null: the state has to be asked. No allocation. */
  find(bytes: Uint8Array, start: number, end: number): Bearer | null {
    return this.#known.find(bytes, start, end, this.#host.wall())
  }

  /** Asks the state, and then the judge. */
  lookUp(x: Exchange, token: string, judge: Judge): Verdict {
    const work = this.#tokens.find(token).then((record) => {
      const bearer = record === null ? null : this.#remember(token, record)
      return bearer === null ? judge.refuse(x) : judge.judge(x, bearer)
    })
    return settle(x, this.#host, work)
  }

  close(): void {
    this.#known.close()
  }

  /** Null: the application is gone from the configuration. */
  #remember(token: string, record: AccessRecord): Bearer | null {
    const client = this.#clients.at(record.credential)
    if (client === null) return null
    const fields: AddedField[] = []
    if (record.scope !== null) fields.push(makeConstantField(SCOPE, makeFieldValue(record.scope)))
    if (record.user !== null) fields.push(makeConstantField(USER, makeFieldValue(record.user)))
    const bearer: Bearer = { client, service: record.service, fields }
    const nowMs = this.#host.wall()
    const ends = record.ends === 0 ? Number.POSITIVE_INFINITY : record.ends
    this.#known.openPlace(Buffer.from(token), nowMs, Math.min(nowMs + KNOWN_MS, ends), bearer)
    return bearer
  }
}
