/** jwt-judge — whether a JWT is signed by one of an issuer's keys and is for us (RFC 7515, RFC 7519, RFC 8725). */
import type { KeySet } from '../../identity/jose/key-set.ts'
import type { Members } from '../../identity/jose/strict-json.ts'
import { memberOf, type Token } from '../../identity/jose/token.ts'
import { isAlgorithm, type Verifier } from '../../identity/jose/verifier.ts'
import type { ClaimRules } from './claim-rules.ts'
import type { Config } from './schema.ts'

/** There are no keys to judge by. */
export const NO_KEYS = 0
/** It names a key that is not among them. */
export const UNKNOWN_KEY = 1

export class JwtJudge {
  readonly #algorithms: ReadonlySet<string>
  readonly #rules: ClaimRules
  readonly #token: Token

  constructor(config: Config, rules: ClaimRules, token: Token) {
    this.#algorithms = new Set(config.algorithms)
    this.#rules = rules
    this.#token = token
  }

  /** The claims of one that is good, or what is wrong with it. */
  judge(
    bytes: Uint8Array,
    keys: KeySet | null,
    nowMs: number,
  ): Members | string | typeof NO_KEYS | typeof UNKNOWN_KEY {
    const token = this.#token
    const problem = token.read(bytes, 0, bytes.length)
    if (problem !== '') return problem
    if (!this.#algorithms.has(token.algorithm)) return 'invalid alg'
    if (keys === null) return NO_KEYS
    const verifier = this.#verifierOf(keys)
    if (verifier === null) return UNKNOWN_KEY
    if (!verifier.verify(token.signed, token.signature)) return 'invalid signature'
    const claims = token.claims
    const wrong = this.#rules.problemOf(claims, nowMs)
    token.clear()
    return wrong === '' ? claims : wrong
  }

  #verifierOf(keys: KeySet): Verifier | null {
    const { algorithm, header } = this.#token
    const kid = memberOf(header, 'kid')
    if (!isAlgorithm(algorithm) || (kid !== undefined && typeof kid !== 'string')) return null
    return keys.find(kid ?? null, algorithm)
  }
}
