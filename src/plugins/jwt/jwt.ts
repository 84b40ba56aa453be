/**
 * jwt — lets pass who sends a JSON Web Token that a consumer's key has signed (RFC 7519), and tells the target who.
 *
 * HOT     `onRequest` runs once a request. A token that was verified before costs a look at the places where one may
 *         be, one keyed fingerprint and one comparison. A new one is taken apart and verified, which allocates.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { Credential } from '../../contract/identity/identities.ts'
import { definePlugin, type Handler, type Host, NEXT, type Verdict } from '../../contract/plugin.ts'
import { isMethod } from '../../http1/method.ts'
import { Authentication } from '../../identity/authentication.ts'
import { memberOf, Token } from '../../identity/jose/token.ts'
import { TokenMemory } from '../../identity/jose/token-memory.ts'
import { ClaimRules, endOf } from './claims.ts'
import { Refusals } from './refusals.ts'
import { type Config, schema } from './schema.ts'
import { Signers } from './signers.ts'
import { NOTHING, SEVERAL, TokenSearch } from './token-search.ts'

export default definePlugin({
  name: 'jwt',
  summary: "Lets pass only requests with a JSON Web Token that is signed by a consumer's key.",
  priority: 1450, // before access rules and limits, which judge by who asks
  schema,
  noScope: ['consumer', 'consumer_group'],
  build: (config, host) => new Jwt(config, host),
})

class Jwt implements Handler {
  readonly #rules: Authentication
  readonly #refusals: Refusals
  readonly #search: TokenSearch
  readonly #token: Token
  readonly #verified: TokenMemory<Credential>
  readonly #signers: Signers
  readonly #claims: ClaimRules
  readonly #keyClaim: string
  readonly #skipsPreflight: boolean
  readonly #host: Host

  constructor(config: Config, host: Host) {
    this.#rules = new Authentication({
      anonymous: config.anonymous,
      identifier: 'key',
      challenge: 'Bearer',
      host,
    })
    this.#refusals = new Refusals(this.#rules, config.realm)
    this.#search = new TokenSearch({
      arguments: config.uri_param_names ?? [],
      cookies: config.cookie_names ?? [],
      headers: config.header_names ?? [],
    })
    this.#token = new Token()
    this.#verified = new TokenMemory(host)
    this.#signers = new Signers(host, config.secret_is_base64)
    this.#claims = new ClaimRules(config)
    this.#keyClaim = config.key_claim_name ?? 'iss'
    this.#skipsPreflight = !config.run_on_preflight
    this.#host = host
  }

  onRequest(x: Exchange): Verdict {
    if (this.#skipsPreflight && isMethod(x.request, 'OPTIONS')) return this.#rules.passBy(x)
    if (this.#rules.isDone(x)) return NEXT
    const search = this.#search
    const found = search.find(x)
    if (found === NOTHING) return this.#refusals.noToken(x)
    if (found === SEVERAL) return this.#refusals.invalid(x, 'Multiple tokens provided')
    const nowMs = this.#host.wall()
    const credential = this.#verified.find(search.bytes, search.start, search.end, nowMs)
    if (credential !== null) return this.#rules.accept(x, credential)
    const verdict = this.#verify(x, nowMs)
    this.#token.clear()
    return verdict
  }

  close(): void {
    this.#verified.close()
  }

  #verify(x: Exchange, nowMs: number): Verdict {
    const bytes = this.#search.bytes
    const start = this.#search.start
    const end = this.#search.end
    const token = this.#token
    const problem = token.read(bytes, start, end)
    if (problem !== '') return this.#refusals.invalid(x, 'Bad token; '.concat(problem))
    const key = keyOf(token, this.#keyClaim)
    if (key === undefined) return this.#refuseOf(x, 'No mandatory ', ' in claims')
    if (typeof key !== 'string' || key === '') return this.#refuseOf(x, 'Invalid ', ' in claims')
    const signer = this.#signers.find(key)
    if (signer === null) return this.#refuseOf(x, 'No credentials found for given ', '')
    if (signer.algorithm !== token.algorithm) return this.#refusals.invalid(x, 'Invalid algorithm')
    if (signer.verifier === null) return this.#refusals.invalid(x, 'Invalid key/secret')
    if (!signer.verifier.verify(token.signed, token.signature))
      return this.#refusals.invalid(x, 'Invalid signature')
    const errors = this.#claims.check(token.claims, nowMs)
    if (errors !== null) return this.#refusals.claims(x, errors)
    this.#verified.openPlace(bytes.subarray(start, end), nowMs, endOf(token.claims), signer.credential)
    return this.#rules.accept(x, signer.credential)
  }

  #refuseOf(x: Exchange, before: string, after: string): Verdict {
    return this.#refusals.invalid(x, before.concat("'", this.#keyClaim, "'", after))
  }
}

/** The claim, or else the header parameter. Undefined: neither. */
function keyOf(token: Token, name: string): unknown {
  const claim = memberOf(token.claims, name)
  return claim === undefined ? memberOf(token.header, name) : claim
}
