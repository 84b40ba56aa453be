/** proofs — what a client shows against what is known of it: secrets, scopes, and that a code is its own (RFC 7636). */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Credential } from '../../contract/identity/identities.ts'
import { BAD_CODE, OauthError } from './answers.ts'
import type { Parameters } from './parameters.ts'
import type { Config } from './schema.ts'

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Takes as long whatever the two are. */
export function isSameSecret(given: string, known: string): boolean {
  return timingSafeEqual(sha256(given), sha256(known))
}

export function isPublic(client: Credential): boolean {
  return client.read('client_type') === 'public'
}

const NO_SCOPE = new OauthError('invalid_scope', 'You must specify a scope')

/** The scopes that are asked for, by spaces; null for none. */
export function readScope(parameters: Parameters, config: Config): string | null | OauthError {
  if (!parameters.has('scope')) {
    return config.mandatory_scope ? NO_SCOPE : null
  }
  if (config.scopes === null) return null
  const text = parameters.text('scope')
  if (text === null) return new OauthError('invalid_scope', 'scope must be a string')
  const asked = wordsOf(text)
  const unknown = asked.find((word) => config.scopes?.includes(word) !== true)
  if (unknown !== undefined) return new OauthError('invalid_scope', `"${unknown}" is an invalid scope`)
  if (asked.length === 0) return config.mandatory_scope ? NO_SCOPE : null
  return asked.join(' ')
}

/** Whether a token of this scope may be made anew, for as much as is asked for. */
export function mayRefresh(scope: string | null, parameters: Parameters, config: Config): boolean {
  const held = wordsOf(scope ?? '')
  if (config.scopes !== null && !held.every((word) => config.scopes?.includes(word) === true)) return false
  if (config.scopes === null || !parameters.has('scope')) return true
  const asked = parameters.text('scope')
  return asked !== null && wordsOf(asked).every((word) => held.includes(word))
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

/** The challenge that a code is to be bound to; null for none. */
export function readChallenge(
  parameters: Parameters,
  client: Credential,
  pkce: Config['pkce'],
): string | null | OauthError {
  const challenge = parameters.text('code_challenge')
  if (challenge === null) {
    if (parameters.has('code_challenge_method'))
      return invalid('code_challenge is required when code_method is present')
    // Kong's words, whoever the client is.
    return needsPkce(client, pkce) ? invalid('code_challenge is required for public clients') : null
  }
  // Without a method it is S256, as in Kong.
  if (parameters.has('code_challenge_method') && parameters.text('code_challenge_method') !== 'S256')
    return invalid('code_challenge_method is not supported, must be S256')
  return challenge
}

function needsPkce(client: Credential, pkce: Config['pkce']): boolean {
  return isPublic(client) ? pkce !== 'none' : pkce === 'strict'
}

const VERIFIER_MIN = 43
const VERIFIER_MAX = 128

/** Null: the verifier is the challenge's, or there is neither and need not be. */
export function checkVerifier(
  parameters: Parameters,
  challenge: string | null,
  client: Credential,
  pkce: Config['pkce'],
): OauthError | null {
  const verifier = parameters.value('code_verifier')
  if (verifier === undefined || verifier === null) {
    // A code may be of the time before `pkce` was made stricter.
    const isNeeded = challenge !== null || needsPkce(client, pkce)
    return isNeeded ? invalid('code_verifier is required for PKCE authorization requests') : null
  }
  if (typeof verifier !== 'string') return invalid('code_verifier is not a string')
  if (verifier.length < VERIFIER_MIN || verifier.length > VERIFIER_MAX)
    return invalid('code_verifier must be between 43 and 128 characters')
  const made = sha256(verifier).toString('base64url')
  // Who has a verifier has sent a challenge: somebody has taken it out on its way (RFC 9700 §4.8.2).
  return challenge !== null && isSameSecret(made, asBase64Url(challenge))
    ? null
    : new OauthError('invalid_grant', BAD_CODE.description)
}

/** Of either alphabet, padded or not, as Kong takes it. */
function asBase64Url(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

function invalid(description: string): OauthError {
  return new OauthError('invalid_request', description)
}
