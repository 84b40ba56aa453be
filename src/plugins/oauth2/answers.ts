/**
 * What oauth2 says: at its endpoints an error, or what was asked for, as JSON that nobody may keep; elsewhere why a
 * request does not pass, in bodies and challenges that are made once.
 */
import { answer, JSON_TYPE } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { AddedField } from '../../http1/added-field.ts'
import { makeConstantField, setField } from '../../http1/fields.ts'
import { makeFieldValue } from '../../identity/identity-fields.ts'

export class OauthError {
  readonly error: string
  readonly description: string
  readonly status: number
  readonly challenge: string

  constructor(error: string, description: string, status = 400, challenge = '') {
    this.error = error
    this.description = description
    this.status = status
    this.challenge = challenge
  }
}

const BASIC = 'Basic realm="OAuth2.0"'

export const NOT_HTTPS = new OauthError('access_denied', 'You must use HTTPS')
export const PROTO_TWICE = new OauthError('access_denied', 'Only one X-Forwarded-Proto header allowed')
export const BAD_PROVISION_KEY = new OauthError('invalid_provision_key', 'Invalid provision_key')
export const NO_USER = new OauthError(
  'invalid_authenticated_userid',
  'Missing authenticated_userid parameter',
)
export const BAD_RESPONSE_TYPE = new OauthError('unsupported_response_type', 'Invalid response_type')
export const BAD_GRANT_TYPE = new OauthError('unsupported_grant_type', 'Invalid grant_type')
export const BAD_CLIENT = new OauthError('invalid_client', 'Invalid client authentication')
export const BAD_BASIC_CLIENT = new OauthError('invalid_client', BAD_CLIENT.description, 401, BASIC)
export const BAD_REDIRECT = new OauthError(
  'invalid_request',
  'Invalid redirect_uri that does not match with any redirect_uri created with the application',
)
export const BAD_CODE = new OauthError('invalid_request', 'Invalid code')
export const BAD_REFRESH_TOKEN = new OauthError('invalid_request', 'Invalid refresh_token')
export const SCOPE_MISMATCH = new OauthError('invalid_scope', 'Scope mismatch')
export const PUBLIC_SECRET = new OauthError(
  'invalid_request',
  'client_secret is disallowed for public clients',
)

export type Body = Readonly<Record<string, string | number>>

/** The body of an error. */
export function bodyOf({ error, description }: OauthError): Body {
  return { error, error_description: description }
}

/** What was made for the client, or why not. `state` goes back as it came. */
export function reply(x: Exchange, given: Body | OauthError, state: string | null): void {
  const isError = given instanceof OauthError
  const body = { ...(isError ? bodyOf(given) : given), ...(state === null ? {} : { state }) }
  sendBody(x, isError ? given.status : 200, body)
  if (isError && given.challenge !== '') setField(x.response, 'WWW-Authenticate', given.challenge)
}

export function sendBody(x: Exchange, status: number, body: Body): void {
  answer(x, status, JSON.stringify(body), JSON_TYPE)
  setField(x.response, 'Cache-Control', 'no-store')
  setField(x.response, 'Pragma', 'no-cache')
}

interface Refusal {
  readonly body: Uint8Array
  readonly challenge: AddedField
}

const MISSING = new OauthError('invalid_request', 'The access token is missing')
const INVALID = new OauthError('invalid_token', 'The access token is invalid or has expired')
const GLOBAL = new OauthError(
  'invalid_token',
  "The access token is global, but the current plugin is configured without 'global_credentials'",
)

export class Refusals {
  readonly missing: Refusal
  readonly invalid: Refusal
  readonly global: Refusal
  /** '' or `realm="r"`. */
  readonly #realm: string

  constructor(realm: string | null) {
    this.#realm = realm === null ? '' : `realm="${realm.replace(/["\\]/g, '\\$&')}"`
    this.missing = { body: bytesOf(MISSING), challenge: challengeOf(this.#realm) }
    this.invalid = { body: bytesOf(INVALID), challenge: this.#challenge(INVALID) }
    this.global = { body: bytesOf(GLOBAL), challenge: this.#challenge(GLOBAL) }
  }

  method(method: string, endpoint: string): { readonly body: Body; readonly challenge: AddedField } {
    const said = `The HTTP method ${method} is invalid for the ${endpoint} endpoint`
    const error = new OauthError('invalid_method', said)
    return { body: bodyOf(error), challenge: this.#challenge(error) }
  }

  #challenge({ error, description }: OauthError): AddedField {
    const own = `error="${error}", error_description="${description}"`
    return challengeOf(this.#realm === '' ? own : `${this.#realm}, ${own}`)
  }
}

function challengeOf(parameters: string): AddedField {
  const value = parameters === '' ? 'Bearer' : `Bearer ${parameters}`
  return makeConstantField('WWW-Authenticate', makeFieldValue(value))
}

function bytesOf(error: OauthError): Uint8Array {
  return Buffer.from(JSON.stringify(bodyOf(error)))
}
