/**
 * issuer — what is known of one issuer: where its things are, and its keys, which are fetched off a request's way.
 *
 * WHAT    Keys are fetched when they are first needed, when they have grown old, and, at most once in a while, when a
 *         token names one that is not there. While the issuer is away the last good ones stay; without any there is no
 *         telling a good token from a bad one, and whoever asks is told so.
 *
 *         An issuer is shared by all configurations that say the same of it, so that its keys outlive a reload.
 */
import type { Machine } from '../../contract/plugin.ts'
import { KeySet } from '../../identity/jose/key-set.ts'
import type { Members } from '../../identity/jose/strict-json.ts'
import { type Ask, makeAsk } from './ask-issuer.ts'
import type { Config } from './schema.ts'

/** After a failure, before it is asked again. */
const RETRY_MS = 1000
/** Requests that wait for one fetch; more are told that it is away. */
const WAITING_MAX = 1000

const WELL_KNOWN = '/.well-known/openid-configuration'

export type IssuerConfig = Pick<
  Config,
  | 'issuer'
  | 'jwks_uri'
  | 'introspection_endpoint'
  | 'timeout'
  | 'ssl_verify'
  | 'jwks_refresh'
  | 'jwks_cooldown'
>

export class Issuer {
  /** Null: none have been fetched yet. */
  keys: KeySet | null = null
  /** The last fetch has failed: of a key that is not known nobody can say whether it is new. */
  isAway = false
  /** A request is under way. */
  #isAsked = false
  #waiting: (() => void)[] = []
  #fetchedMs = Number.NEGATIVE_INFINITY
  #triedMs = Number.NEGATIVE_INFINITY
  #document: Members | null = null
  readonly #config: IssuerConfig
  readonly #machine: Machine
  readonly #ask: Ask

  constructor(config: IssuerConfig, machine: Machine) {
    this.#config = config
    this.#machine = machine
    this.#ask = makeAsk(machine)
  }

  /** Has old keys fetched anew; nobody waits for them. */
  refresh(): void {
    const now = this.#machine.now()
    const isOld = now - this.#fetchedMs >= this.#config.jwks_refresh * 1000
    if (this.keys !== null && isOld && now - this.#triedMs >= RETRY_MS) this.#fetch()
  }

  /** Calls back, later, once keys have been fetched or not. False: there is nothing to wait for now. */
  wait(callback: () => void): boolean {
    const pauseMs = this.keys === null ? RETRY_MS : this.#config.jwks_cooldown * 1000
    const isDue = this.#machine.now() - this.#triedMs >= pauseMs
    if ((!this.#isAsked && !isDue) || this.#waiting.length >= WAITING_MAX) return false
    this.#waiting.push(callback)
    this.#fetch()
    return true
  }

  /** Where it is asked about a token. Rejects with the reason where that can't be found out. */
  async introspectionEndpoint(): Promise<string> {
    const configured = this.#config.introspection_endpoint
    return configured ?? (await this.#placeOf('introspection_endpoint'))
  }

  async ask(url: string, form: string, authorization: string): Promise<Members> {
    return await this.#ask({ ...this.#question(url), form, authorization })
  }

  #fetch(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    this.#triedMs = this.#machine.now()
    this.#fetchKeys()
      .catch((cause: unknown) => this.#tell(cause))
      .finally(() => {
        this.#isAsked = false
        const waiting = this.#waiting
        this.#waiting = []
        for (const callback of waiting) callback()
      })
  }

  async #fetchKeys(): Promise<void> {
    const url = this.#config.jwks_uri ?? (await this.#placeOf('jwks_uri'))
    const keys = readKeys(url, await this.#ask(this.#question(url)))
    this.keys = keys
    this.isAway = false
    this.#fetchedMs = this.#machine.now()
  }

  /** What the discovery document says (OpenID Connect Discovery 1.0 §4). */
  async #placeOf(name: string): Promise<string> {
    const url = this.#config.issuer.replace(/\/$/, '') + WELL_KNOWN
    const document = this.#document ?? (await this.#ask(this.#question(url)))
    // §4.3: else another issuer's keys could be slipped in.
    if (document['issuer'] !== this.#config.issuer)
      throw new Error(`${url}: it is of another issuer: ${JSON.stringify(document['issuer'])}`)
    const place = document[name]
    if (typeof place !== 'string' || !/^https?:/.test(place) || !URL.canParse(place))
      throw new Error(`${url}: it has no URL under ${name}`)
    this.#document = document
    return place
  }

  #question(url: string): {
    url: string
    form: null
    authorization: null
    limitMs: number
    verifiesTls: boolean
  } {
    const { timeout, ssl_verify: verifiesTls } = this.#config
    return { url, form: null, authorization: null, limitMs: timeout, verifiesTls }
  }

  #tell(cause: unknown): void {
    this.isAway = true
    // Where things are may have changed too.
    this.#document = null
    const why = cause instanceof Error ? cause.message : String(cause)
    const so = this.keys === null ? 'tokens are refused with 503' : 'the last good ones stay'
    this.#machine.log('error', `openid-bearer: no keys from ${this.#config.issuer}, ${so}: ${why}`)
  }
}

function readKeys(url: string, document: Members): KeySet {
  const keys = new KeySet(document)
  if (keys.count === 0) throw new Error(`${url}: it has no key that we can use`)
  return keys
}

interface Shared {
  readonly issuer: Issuer
  holders: number
}

const shared = new Map<string, Shared>()

/** The one for these settings. To be given back. */
export function openIssuer(config: IssuerConfig, machine: Machine): { issuer: Issuer; giveBack: () => void } {
  const settings: IssuerConfig = {
    issuer: config.issuer,
    jwks_uri: config.jwks_uri,
    introspection_endpoint: config.introspection_endpoint,
    timeout: config.timeout,
    ssl_verify: config.ssl_verify,
    jwks_refresh: config.jwks_refresh,
    jwks_cooldown: config.jwks_cooldown,
  }
  const name = JSON.stringify(settings)
  const held = shared.get(name) ?? { issuer: new Issuer(settings, machine), holders: 0 }
  shared.set(name, held)
  held.holders++
  const giveBack = (): void => {
    held.holders--
    if (held.holders === 0) shared.delete(name)
  }
  return { issuer: held.issuer, giveBack }
}
