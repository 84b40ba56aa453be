/**
 * introspection — what the issuer says of tokens that say nothing themselves (RFC 7662).
 *
 * Requests with the same token wait for one answer. What is not active is remembered for a short while too, so that who
 * sends the same bad token over and over does not have the issuer asked each time.
 */
import type { Host } from '../../contract/plugin.ts'
import type { Members } from '../../identity/jose/strict-json.ts'
import { TokenMemory } from '../../identity/jose/token-memory.ts'
import type { Issuer } from './issuer.ts'
import type { Config } from './schema.ts'

/** Tokens that are being asked about at a time; of more nobody can be told anything. */
const ASKED_MAX = 128
/** Requests that wait for one of them. */
const WAITING_MAX = 1000
const INACTIVE_MS = 10_000

/** The claims of a token that counts; false: it does not; null: the issuer could not be asked. */
export type Told = Members | false | null

export class Introspection {
  readonly #issuer: Issuer
  readonly #host: Host
  readonly #authorization: string
  readonly #asked = new Map<string, ((told: Told) => void)[]>()
  readonly #inactive: TokenMemory<true>
  #waiting = 0

  constructor(config: Config, issuer: Issuer, host: Host) {
    this.#issuer = issuer
    this.#host = host
    // RFC 6749 §2.3.1: both are form-encoded before they are joined.
    const pair = [config.client_id, config.client_secret].map((text) => formEncoded(text ?? '')).join(':')
    this.#authorization = `Basic ${Buffer.from(pair).toString('base64')}`
    this.#inactive = new TokenMemory(host)
  }

  isInactive(token: Uint8Array): boolean {
    return this.#inactive.find(token, 0, token.length, this.#host.wall()) !== null
  }

  /** Calls back later, once. False: too much is being asked already. */
  ask(token: string, callback: (told: Told) => void): boolean {
    const waiting = this.#asked.get(token)
    if (this.#waiting >= WAITING_MAX || (waiting === undefined && this.#asked.size >= ASKED_MAX)) return false
    this.#waiting++
    if (waiting !== undefined) waiting.push(callback)
    else {
      this.#asked.set(token, [callback])
      this.#fetch(token)
        .catch((cause: unknown) => this.#tell(cause))
        .then((told) => this.#answer(token, told))
    }
    return true
  }

  close(): void {
    this.#inactive.close()
  }

  async #fetch(token: string): Promise<Members | false> {
    const url = await this.#issuer.introspectionEndpoint()
    const form = `token=${formEncoded(token)}&token_type_hint=access_token`
    const told = await this.#issuer.ask(url, form, this.#authorization)
    // RFC 7662 §2.2: a boolean, and nothing that is merely true.
    if (told['active'] === true) return told
    const nowMs = this.#host.wall()
    this.#inactive.openPlace(Buffer.from(token, 'latin1'), nowMs, nowMs + INACTIVE_MS, true)
    return false
  }

  #answer(token: string, told: Told): void {
    const waiting = this.#asked.get(token) ?? []
    this.#asked.delete(token)
    this.#waiting -= waiting.length
    for (const callback of waiting) callback(told)
  }

  #tell(cause: unknown): null {
    const why = cause instanceof Error ? cause.message : String(cause)
    this.#host.log('error', `openid-bearer: a token could not be asked about, 503: ${why}`)
    return null
  }
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}
