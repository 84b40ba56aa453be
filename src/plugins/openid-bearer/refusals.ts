/** refusals — what clients are told: 401 and 403 with a challenge (RFC 6750 §3), and 503 where nobody can tell. */
import { answer, JSON_TYPE, messageBody } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, type Verdict } from '../../contract/plugin.ts'
import type { AddedField } from '../../http1/added-field.ts'
import { makeConstantField, setField } from '../../http1/fields.ts'
import type { Authentication } from '../../identity/authentication.ts'
import { makeFieldValue } from '../../identity/identity-fields.ts'
import { bearerChallenge } from '../../identity/jose/challenge.ts'
import type { Config } from './schema.ts'

const NO_TOKEN = messageBody('Unauthorized')
const NO_SCOPE = messageBody('The token lacks a scope')
const NO_CONSUMER = messageBody('No consumer for the token')
const AWAY = messageBody('The token could not be checked: its issuer can not be reached')
const RETRY_SECONDS = '1'

export class Refusals {
  readonly #rules: Authentication
  readonly #realm: string | null
  readonly #plain: AddedField
  readonly #scope: AddedField

  constructor(rules: Authentication, { realm, scopes }: Config) {
    this.#rules = rules
    this.#realm = realm
    this.#plain = makeField(bearerChallenge(realm, []))
    this.#scope = makeField(
      bearerChallenge(realm, [
        ['error', 'insufficient_scope'],
        ['scope', scopes.join(' ')],
      ]),
    )
  }

  noToken(x: Exchange): Verdict {
    return this.#rules.refuseAs(x, NO_TOKEN, this.#plain)
  }

  /** `problem` is of the token alone, and so the client may know it. */
  invalid(x: Exchange, problem: string): Verdict {
    const parameters = [
      ['error', 'invalid_token'],
      ['error_description', problem],
    ] as const
    const challenge = makeField(bearerChallenge(this.#realm, parameters))
    return this.#rules.refuseAs(x, messageBody(`Bad token; ${problem}`), challenge)
  }

  noScope(x: Exchange): Verdict {
    return this.#rules.refuseAs(x, NO_SCOPE, this.#scope, 403)
  }

  noConsumer(x: Exchange): Verdict {
    return this.#rules.refuseAs(x, NO_CONSUMER, null, 403)
  }

  /** With `anonymous` too: nobody is made a guest because the issuer is away. */
  away(x: Exchange): Verdict {
    x.detail = 'the token could not be checked: the issuer can not be reached'
    setField(x.response, 'Retry-After', RETRY_SECONDS)
    answer(x, 503, AWAY, JSON_TYPE)
    return DONE
  }
}

function makeField(challenge: string): AddedField {
  return makeConstantField('WWW-Authenticate', makeFieldValue(challenge))
}
