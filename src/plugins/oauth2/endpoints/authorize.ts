/** authorize — the authorization endpoint: a login page that has the user's consent asks here for a code or a token. */
import type { Credential } from '../../../contract/identity/identities.ts'
import {
  BAD_CLIENT,
  BAD_PROVISION_KEY,
  BAD_REDIRECT,
  BAD_RESPONSE_TYPE,
  type Body,
  bodyOf,
  NO_USER,
  OauthError,
} from '../answers.ts'
import type { Parameters } from '../parameters.ts'
import { isSameSecret, readChallenge, readScope } from '../proofs.ts'
import type { Config } from '../schema.ts'
import type { Tokens } from '../tokens.ts'
import type { Clients } from './clients.ts'

export interface Endpoint {
  readonly config: Config
  readonly clients: Clients
  readonly tokens: Tokens
  /** The id of the plugin's entity. */
  readonly pluginId: string
}

export interface Authorized {
  /** Of the answer's body. */
  readonly body: Body
  readonly status: number
}

/** `serviceId`: what is made is for this service; null: for all. */
export async function authorize(
  { config, clients, tokens, pluginId }: Endpoint,
  parameters: Parameters,
  serviceId: string | null,
): Promise<Authorized | OauthError> {
  const user = userOf(parameters, config)
  if (user instanceof OauthError) return user
  const type = parameters.text('response_type')
  const client = clients.find(parameters.text('client_id') ?? '')
  const scope = readScope(parameters, config)
  const redirect = chooseRedirect(client, parameters)
  // Of several mistakes the last one counts, as in Kong.
  let error: OauthError | null = isAllowed(type, config) ? null : BAD_RESPONSE_TYPE
  if (scope instanceof OauthError) error = scope
  if (redirect.error !== null) error = redirect.error
  if (client === null || error !== null || scope instanceof OauthError)
    return failed(error ?? BAD_CLIENT, redirect.uri, parameters)
  const grant = { credential: client.id, service: serviceId, scope, user }
  const state = stateOf(parameters)
  if (type === 'token') {
    const made = await tokens.issue(grant, false)
    return {
      status: 200,
      body: { redirect_uri: withParameters(redirect.uri, '#', { ...ordered(made), ...state }) },
    }
  }
  const challenge = readChallenge(parameters, client, config.pkce)
  if (challenge instanceof OauthError) return failed(challenge, redirect.uri, parameters)
  const code = await tokens.makeCode({ ...grant, plugin: pluginId, challenge })
  return { status: 200, body: { redirect_uri: withParameters(redirect.uri, '?', { code, ...state }) } }
}

/** Who has logged in, as the page says that knows the provision key. */
export function userOf(parameters: Parameters, config: Config): string | OauthError {
  if (!knowsProvisionKey(parameters, config)) return BAD_PROVISION_KEY
  const user = parameters.text('authenticated_userid')
  return user === null || user.trim() === '' ? NO_USER : user
}

export function knowsProvisionKey(parameters: Parameters, config: Config): boolean {
  const known = config.provision_key
  return known !== null && known !== '' && isSameSecret(parameters.text('provision_key') ?? '', known)
}

function isAllowed(type: string | null, config: Config): boolean {
  if (type === 'code') return config.enable_authorization_code
  return type === 'token' && config.enable_implicit_grant
}

interface Redirect {
  /** '' where there is none to go back to. */
  readonly uri: string
  readonly error: OauthError | null
}

/** One of those that the application has: nobody is sent anywhere else. */
export function chooseRedirect(client: Credential | null, parameters: Parameters): Redirect {
  if (client === null) return { uri: '', error: BAD_CLIENT }
  const known = redirectsOf(client)
  const first = known[0] ?? ''
  if (!parameters.has('redirect_uri')) return { uri: first, error: first === '' ? BAD_REDIRECT : null }
  const asked = parameters.text('redirect_uri') ?? ''
  return known.includes(asked) ? { uri: asked, error: null } : { uri: first, error: BAD_REDIRECT }
}

export function redirectsOf(client: Credential): readonly string[] {
  const uris = client.read('redirect_uris')
  return Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : []
}

function failed(error: OauthError, uri: string, parameters: Parameters): Authorized | OauthError {
  if (uri === '') return error
  const own = { ...bodyOf(error), ...stateOf(parameters) }
  return { status: error.status, body: { redirect_uri: withParameters(uri, '?', own) } }
}

function stateOf(parameters: Parameters): Body {
  const state = parameters.text('state')
  return state === null ? {} : { state }
}

/** Kong's order in a fragment. */
function ordered(made: Body): Body {
  const { access_token = '', expires_in, token_type = '' } = made
  return { access_token, ...(expires_in === undefined ? {} : { expires_in }), token_type }
}

function withParameters(uri: string, mark: '?' | '#', body: Body): string {
  const text = Object.entries(body)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
  const query = uri.indexOf('?')
  if (mark === '#' || query < 0) return `${uri}${mark}${text}`
  // Before those that the application has there, as in Kong.
  const own = uri.slice(query + 1)
  return `${uri.slice(0, query)}?${text}${own === '' ? '' : `&${own}`}`
}
