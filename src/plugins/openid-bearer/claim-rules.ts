/** claim-rules — which tokens are for us: by whom, for whom, from when until when, and for what (RFC 7519, RFC 9068). */
import type { Members } from '../../identity/jose/strict-json.ts'
import { memberOf } from '../../identity/jose/token.ts'
import type { Config } from './schema.ts'

export class ClaimRules {
  readonly #issuer: string
  readonly #audience: readonly string[]
  readonly #scopes: readonly string[]
  readonly #leewayMs: number

  constructor(config: Config) {
    this.#issuer = config.issuer
    this.#audience = config.audience
    this.#scopes = config.scopes
    this.#leewayMs = config.leeway * 1000
  }

  /** What is wrong with the claims of a token that has been verified; '' for none. */
  problemOf(claims: Members, nowMs: number): string {
    if (memberOf(claims, 'iss') !== this.#issuer) return 'it is of another issuer'
    if (typeof memberOf(claims, 'exp') !== 'number') return 'it does not say when it ends'
    return this.#problemOfBoth(claims, nowMs)
  }

  /** The same of what an issuer that was asked has said: most is optional then (RFC 7662 §2.2). */
  problemOfTold(claims: Members, nowMs: number): string {
    const issuer = memberOf(claims, 'iss')
    if (issuer !== undefined && issuer !== this.#issuer) return 'it is of another issuer'
    return this.#problemOfBoth(claims, nowMs)
  }

  /** From then on the token counts no more. */
  endOf(claims: Members): number {
    const exp = memberOf(claims, 'exp')
    return typeof exp === 'number' ? exp * 1000 + this.#leewayMs : Number.POSITIVE_INFINITY
  }

  hasScopes(claims: Members): boolean {
    if (this.#scopes.length === 0) return true
    const scopes = new Set([...textsOf(memberOf(claims, 'scope')), ...textsOf(memberOf(claims, 'scp'))])
    return this.#scopes.every((scope) => scopes.has(scope))
  }

  #problemOfBoth(claims: Members, nowMs: number): string {
    const [exp, nbf] = [memberOf(claims, 'exp'), memberOf(claims, 'nbf')]
    if (exp !== undefined && (typeof exp !== 'number' || this.endOf(claims) <= nowMs)) return 'it has expired'
    if (nbf !== undefined && (typeof nbf !== 'number' || nbf * 1000 - this.#leewayMs > nowMs))
      return 'it is not valid yet'
    return this.#isForUs(memberOf(claims, 'aud')) ? '' : 'it is for another audience'
  }

  #isForUs(audience: unknown): boolean {
    if (this.#audience.length === 0) return true
    const all = Array.isArray(audience) ? audience : [audience]
    return all.some((each) => typeof each === 'string' && this.#audience.includes(each))
  }
}

/** The texts of a claim: of a list, or of words in one text. */
export function textsOf(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((text) => text !== '')
  return Array.isArray(claim) ? claim.filter((each): each is string => typeof each === 'string') : []
}
