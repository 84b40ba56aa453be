/** refusals — what clients are told: Kong's words in Kong's plain form, with a challenge (RFC 6750 §3). */
import { messageBody } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Verdict } from '../../contract/plugin.ts'
import type { AddedField } from '../../http1/added-field.ts'
import { makeConstantField } from '../../http1/fields.ts'
import type { Authentication } from '../../identity/authentication.ts'
import { makeFieldValue } from '../../identity/identity-fields.ts'
import { bearerChallenge } from '../../identity/jose/challenge.ts'
import type { ClaimErrors } from './claims.ts'

const NO_TOKEN = messageBody('Unauthorized')

export class Refusals {
  readonly #rules: Authentication
  /** For who sends no token. */
  readonly #plain: AddedField
  /** For who sends one that is not good. */
  readonly #invalid: AddedField

  constructor(rules: Authentication, realm: string | null) {
    this.#rules = rules
    this.#plain = makeField(bearerChallenge(realm, []))
    this.#invalid = makeField(bearerChallenge(realm, [['error', 'invalid_token']]))
  }

  noToken(x: Exchange): Verdict {
    return this.#rules.refuseAs(x, NO_TOKEN, this.#plain)
  }

  invalid(x: Exchange, message: string): Verdict {
    return this.#rules.refuseAs(x, messageBody(message), this.#invalid)
  }

  claims(x: Exchange, errors: ClaimErrors): Verdict {
    return this.#rules.refuseAs(x, Buffer.from(JSON.stringify(errors)), this.#invalid)
  }
}

function makeField(challenge: string): AddedField {
  return makeConstantField('WWW-Authenticate', makeFieldValue(challenge))
}
