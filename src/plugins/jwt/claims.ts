/** claims — when a token begins and ends, and how long it may last (RFC 7519 §4.1), by the rules of a configuration. */
import type { Members } from '../../identity/jose/strict-json.ts'
import { memberOf } from '../../identity/jose/token.ts'
import type { Config } from './schema.ts'

/** By claim, as the client is told. */
export type ClaimErrors = { [claim: string]: string }

export class ClaimRules {
  readonly #toVerify: readonly ('exp' | 'nbf')[]
  /** Seconds; 0: any. */
  readonly #maximum: number

  constructor(config: Config) {
    this.#toVerify = config.claims_to_verify ?? []
    this.#maximum = config.maximum_expiration ?? 0
  }

  /** Null where all of them hold. Seconds are whole, as in Kong. */
  check(claims: Members, nowMs: number): ClaimErrors | null {
    const now = Math.floor(nowMs / 1000)
    const errors: ClaimErrors = {}
    for (const name of this.#toVerify) {
      const problem = problemOf(name, memberOf(claims, name), now)
      if (problem !== null) errors[name] = problem
    }
    if (Object.keys(errors).length > 0) return errors
    return this.#maximum > 0 ? this.#tooLong(memberOf(claims, 'exp'), now) : null
  }

  #tooLong(exp: unknown, now: number): ClaimErrors | null {
    if (exp !== undefined && typeof exp !== 'number') return { exp: 'must be a number' }
    return exp === undefined || exp - now > this.#maximum
      ? { exp: 'exceeds maximum allowed expiration' }
      : null
  }
}

function problemOf(name: 'exp' | 'nbf', value: unknown, now: number): string | null {
  if (typeof value !== 'number') return 'must be a number'
  if (name === 'exp') return value <= now ? 'token expired' : null
  return value > now ? 'token not valid yet' : null
}

/** Until when what was found of a token may be believed, in ms since 1970; 0: not at all. */
export function endOf(claims: Members): number {
  const exp = memberOf(claims, 'exp')
  if (exp === undefined) return Number.POSITIVE_INFINITY
  return typeof exp === 'number' ? Math.ceil(exp) * 1000 : 0
}
