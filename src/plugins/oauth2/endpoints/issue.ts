/** issue — the token endpoint: a client proves who it is, and gets tokens for a code, a user, itself or a refresh token. */
import type { Exchange } from '../../../contract/exchange.ts'
import type { Credential } from '../../../contract/identity/identities.ts'
import {
  BAD_BASIC_CLIENT,
  BAD_CLIENT,
  BAD_CODE,
  BAD_GRANT_TYPE,
  BAD_PROVISION_KEY,
  BAD_REDIRECT,
  BAD_REFRESH_TOKEN,
  type Body,
  OauthError,
  PUBLIC_SECRET,
  SCOPE_MISMATCH,
} from '../answers.ts'
import type { Parameters } from '../parameters.ts'
import { checkVerifier, isPublic, mayRefresh, readScope } from '../proofs.ts'
import type { Config } from '../schema.ts'
import { TOKEN_LENGTH_MAX } from '../tokens.ts'
import { type Endpoint, knowsProvisionKey, redirectsOf, userOf } from './authorize.ts'
import type { Claim } from './clients.ts'

interface Request {
  readonly endpoint: Endpoint
  readonly parameters: Parameters
  readonly client: Credential
  /** What is made is for this service; null: for all. */
  readonly serviceId: string | null
}

type Given = Body | OauthError

export async function issue(
  x: Exchange,
  endpoint: Endpoint,
  parameters: Parameters,
  serviceId: string | null,
): Promise<Given> {
  const type = parameters.text('grant_type')
  const claim = endpoint.clients.claimOf(x, parameters)
  const client = endpoint.clients.find(claim.id)
  const error = await clientError(endpoint, client, claim, parameters)
  if (error !== null) return error
  if (client === null || !isAllowed(type, endpoint.config)) return BAD_GRANT_TYPE
  const request = { endpoint, parameters, client, serviceId }
  if (type === 'authorization_code') return forCode(request)
  if (type === 'refresh_token') return forRefresh(request)
  return type === 'password' ? forPassword(request) : forClient(request)
}

function isAllowed(type: string | null, config: Config): boolean {
  if (type === 'client_credentials') return config.enable_client_credentials
  if (type === 'password') return config.enable_password_grant
  return type === 'authorization_code' || type === 'refresh_token'
}

/** Null: it is who it says. */
async function clientError(
  { clients }: Endpoint,
  client: Credential | null,
  claim: Claim,
  parameters: Parameters,
): Promise<OauthError | null> {
  const refusal = claim.isBasic ? BAD_BASIC_CLIENT : BAD_CLIENT
  if (client === null) return refusal
  if (isPublic(client)) {
    if (claim.secret.trim() !== '') return PUBLIC_SECRET
    // It has no secret, so anybody could ask for a token of its own (RFC 6749 §4.4).
    if (parameters.text('grant_type') === 'client_credentials') return refusal
  } else if (!(await clients.isRight(client, claim.secret))) return refusal
  if (!parameters.has('redirect_uri')) return null
  return redirectsOf(client).includes(parameters.text('redirect_uri') ?? '') ? null : BAD_REDIRECT
}

async function forCode({ endpoint, parameters, client, serviceId }: Request): Promise<Given> {
  const { config, tokens, pluginId } = endpoint
  const code = parameters.text('code')
  if (code === null || code.length > TOKEN_LENGTH_MAX) return BAD_CODE
  const found = await tokens.findCode(code)
  if (found === null) return BAD_CODE
  const { credential, service, plugin, challenge } = found.record
  if (service !== serviceId || plugin !== pluginId || credential !== client.id) return BAD_CODE
  const problem = checkVerifier(parameters, challenge, client, config.pkce)
  if (problem !== null) return problem
  return (await tokens.redeem(found)) ?? BAD_CODE
}

async function forRefresh({ endpoint, parameters, client, serviceId }: Request): Promise<Given> {
  const token = parameters.text('refresh_token')
  const found = token === null ? null : await endpoint.tokens.findRefresh(token)
  if (token === null || found === null) return BAD_REFRESH_TOKEN
  if (serviceId !== null && found.record.service !== serviceId) return BAD_REFRESH_TOKEN
  if (found.record.credential !== client.id) return BAD_CLIENT
  if (!mayRefresh(found.record.scope, parameters, endpoint.config)) return SCOPE_MISMATCH
  return (await endpoint.tokens.renew(token, found)) ?? BAD_REFRESH_TOKEN
}

async function forPassword({ endpoint, parameters, client, serviceId }: Request): Promise<Given> {
  const user = userOf(parameters, endpoint.config)
  if (user instanceof OauthError) return user
  const scope = readScope(parameters, endpoint.config)
  if (scope instanceof OauthError) return scope
  return endpoint.tokens.issue({ credential: client.id, service: serviceId, scope, user }, true)
}

async function forClient({ endpoint, parameters, client, serviceId }: Request): Promise<Given> {
  const { config, tokens } = endpoint
  const hasUser = parameters.has('authenticated_userid')
  // Whom a token is for is for the login page to say alone.
  if (hasUser && !knowsProvisionKey(parameters, config)) return BAD_PROVISION_KEY
  const scope = readScope(parameters, config)
  if (scope instanceof OauthError) return scope
  const user = parameters.text('authenticated_userid')
  return tokens.issue({ credential: client.id, service: serviceId, scope, user }, false)
}
