/**
 * oauth2 — an authorization server on the routes it protects (RFC 6749): it gives tokens at two endpoints, and lets pass
 * who sends one.
 *
 * HOT     `onRequest` runs once a request. A token that was found good within KNOWN_MS costs a look at the path and at
 *         the header, one keyed fingerprint and one comparison. Any other one waits for the primary, who has the state.
 */
import { faults } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Credential } from '../../contract/identity/identities.ts'
import {
  DONE,
  definePlugin,
  type Handler,
  type Host,
  NEXT,
  type PluginScope,
  type Verdict,
  WAIT,
} from '../../contract/plugin.ts'
import type { AddedField } from '../../http1/added-field.ts'
import { getFields, makeConstantField, removeField } from '../../http1/fields.ts'
import { isMethod } from '../../http1/method.ts'
import { Authentication } from '../../identity/authentication.ts'
import { makeFieldValue } from '../../identity/identity-fields.ts'
import { TokenMemory } from '../../identity/jose/token-memory.ts'
import { NOT_HTTPS, OauthError, PROTO_TWICE, Refusals, reply, sendBody } from './answers.ts'
import { authorize, type Endpoint } from './authorize.ts'
import { Clients, TooManyChecks } from './clients.ts'
import { issue } from './issue.ts'
import { Parameters } from './parameters.ts'
import type { AccessRecord } from './records.ts'
import { type Config, schema } from './schema.ts'
import { TokenPlace } from './token-place.ts'
import { TOKEN_LENGTH_MAX, Tokens } from './tokens.ts'

/** A token that is revoked is refused by every worker this long afterwards, at the latest. */
const KNOWN_MS = 1000
/** Of a request to an endpoint, or with its token in a form. */
const BODY_BYTES_MAX = 1024 * 1024

const SCOPE = 'X-Authenticated-Scope'
const USER = 'X-Authenticated-UserId'
/** What a client says under these names, or what a target may take for them, is not passed on. */
const CLAIMS = [SCOPE, USER].flatMap((name) => [name.toLowerCase(), name.toLowerCase().replaceAll('-', '_')])

/** Who comes with a token, made when it is found. */
interface Bearer {
  readonly client: Credential
  readonly service: string | null
  readonly fields: readonly AddedField[]
  readonly record: AccessRecord
}

export default definePlugin({
  name: 'oauth2',
  summary: 'Gives access tokens to applications by OAuth 2.0, and lets pass only requests with one.',
  priority: 1400, // before access rules and limits, which judge by who asks
  schema,
  noScope: ['consumer', 'consumer_group'],
  usesState: true,
  build: (config, host, scope) => new Oauth2(config, host, scope),
})

class Oauth2 implements Handler {
  readonly requestBodyMax = BODY_BYTES_MAX
  readonly #config: Config
  readonly #host: Host
  readonly #rules: Authentication
  readonly #refusals: Refusals
  readonly #place: TokenPlace
  readonly #known: TokenMemory<Bearer>
  readonly #endpoint: Endpoint

  constructor(config: Config, host: Host, scope: PluginScope) {
    this.#config = config
    this.#host = host
    this.#refusals = new Refusals(config.realm)
    const { anonymous } = config
    const challenge = this.#refusals.missing.challenge.value
    this.#rules = new Authentication({ anonymous, identifier: 'client_id', challenge, isPlain: true, host })
    const header = (config.auth_header_name ?? 'authorization').toLowerCase()
    this.#place = new TokenPlace(header)
    this.#known = new TokenMemory(host)
    const clients = new Clients(host, header)
    this.#endpoint = { config, clients, tokens: new Tokens(host, config), pluginId: scope.id }
  }

  wantsRequestBody(x: Exchange): boolean {
    if (endpointOf(x) !== '') return true
    return x.requestLength <= BODY_BYTES_MAX && hasParametersInBody(x) && this.#place.needsBody(x)
  }

  onRequest(x: Exchange): Verdict {
    for (let i = 0; i < CLAIMS.length; i++) removeField(x.request, CLAIMS[i]!)
    if (this.#rules.isDone(x)) return NEXT
    const endpoint = endpointOf(x)
    if (endpoint !== '') return this.#serve(x, endpoint)
    const place = this.#place
    if (!place.find(x))
      return this.#rules.refuseAs(x, this.#refusals.missing.body, this.#refusals.missing.challenge)
    const nowMs = this.#host.wall()
    const bearer = this.#known.find(place.bytes, place.start, place.end, nowMs)
    if (bearer !== null) return this.#judge(x, bearer)
    if (place.end - place.start > TOKEN_LENGTH_MAX) return this.#refuse(x)
    return this.#lookUp(x, place.bytes.toString('utf8', place.start, place.end))
  }

  close(): void {
    this.#known.close()
  }

  #lookUp(x: Exchange, token: string): Verdict {
    const work = this.#endpoint.tokens.find(token).then((record) => {
      const bearer = record === null ? null : this.#remember(token, record)
      return bearer === null ? this.#refuse(x) : this.#judge(x, bearer)
    })
    this.#settle(x, work)
    return WAIT
  }

  /** Null: the application is gone from the configuration. */
  #remember(token: string, record: AccessRecord): Bearer | null {
    const client = this.#endpoint.clients.at(record.credential)
    if (client === null) return null
    const fields: AddedField[] = []
    if (record.scope !== null) fields.push(makeConstantField(SCOPE, makeFieldValue(record.scope)))
    if (record.user !== null) fields.push(makeConstantField(USER, makeFieldValue(record.user)))
    const bearer: Bearer = { client, service: record.service, fields, record }
    const nowMs = this.#host.wall()
    const ends = record.ends === 0 ? Number.POSITIVE_INFINITY : record.ends
    this.#known.openPlace(Buffer.from(token), nowMs, Math.min(nowMs + KNOWN_MS, ends), bearer)
    return bearer
  }

  #judge(x: Exchange, bearer: Bearer): Verdict {
    if (bearer.service === null) {
      if (this.#config.global_credentials !== true)
        return this.#rules.refuseAs(x, this.#refusals.global.body, this.#refusals.global.challenge)
    } else if (bearer.service !== serviceOf(x)) return this.#refuse(x)
    if (this.#config.hide_credentials) this.#place.hide(x)
    const verdict = this.#rules.accept(x, bearer.client)
    for (let i = 0; i < bearer.fields.length; i++) x.request.added.push(bearer.fields[i]!)
    return verdict
  }

  #refuse(x: Exchange): Verdict {
    // With `anonymous` the request goes on.
    if (this.#config.hide_credentials) this.#place.hide(x)
    return this.#rules.refuseAs(x, this.#refusals.invalid.body, this.#refusals.invalid.challenge)
  }

  #serve(x: Exchange, endpoint: 'token' | 'authorize'): Verdict {
    if (!isMethod(x.request, 'POST')) {
      const name = endpoint === 'token' ? 'token' : 'authorization'
      const refusal = this.#refusals.method(methodOf(x), name)
      sendBody(x, 405, refusal.body)
      x.response.added.push(refusal.challenge)
      return DONE
    }
    const parameters = new Parameters(x)
    const state = parameters.text('state')
    const insecure = this.#insecure(x)
    if (insecure !== null) {
      reply(x, insecure, state)
      return DONE
    }
    const work =
      endpoint === 'token' ? this.#issue(x, parameters, state) : this.#authorize(x, parameters, state)
    this.#settle(x, work)
    return WAIT
  }

  #insecure(x: Exchange): OauthError | null {
    if (x.client?.scheme === 'https') return null
    if (this.#config.accept_http_if_already_terminated !== true || !x.clientTrusted) return NOT_HTTPS
    if (getFields(x.request, 'x-forwarded-proto').length > 1) return PROTO_TWICE
    return x.forwardedScheme === 'https' ? null : NOT_HTTPS
  }

  async #issue(x: Exchange, parameters: Parameters, state: string | null): Promise<Verdict> {
    reply(x, await issue(x, this.#endpoint, parameters, this.#serviceFor(x)), state)
    return DONE
  }

  async #authorize(x: Exchange, parameters: Parameters, state: string | null): Promise<Verdict> {
    const given = await authorize(this.#endpoint, parameters, this.#serviceFor(x))
    if (given instanceof OauthError) reply(x, given, state)
    else sendBody(x, given.status, given.body)
    return DONE
  }

  /** What is made here is for this service, or for all. */
  #serviceFor(x: Exchange): string | null {
    return this.#config.global_credentials === true ? null : serviceOf(x)
  }

  #settle(x: Exchange, work: Promise<Verdict>): void {
    const flow = x.flow
    work
      .catch((cause: unknown) => this.#fail(x, cause))
      .then((verdict) => {
        if (verdict === NEXT) flow?.resume(x)
        else flow?.finish(x)
      })
  }

  #fail(x: Exchange, cause: unknown): Verdict {
    const why = cause instanceof Error ? cause.message : String(cause)
    x.fault = cause instanceof TooManyChecks ? faults.TASKS_FULL : faults.STATE_UNAVAILABLE
    x.detail = why
    this.#host.log('error', 'oauth2: a request could not be decided', { why })
    return DONE
  }
}

function methodOf({ request }: Exchange): string {
  return request.bytes.latin1Slice(request.methodStart, request.methodEnd)
}

function serviceOf(x: Exchange): string | null {
  return x.route?.service?.id ?? null
}

const TOKEN_PATH = '/oauth2/token'
const AUTHORIZE_PATH = '/oauth2/authorize'
const SLASH = 47

/** By how the path ends; '' for a request that is the target's. */
function endpointOf(x: Exchange): 'token' | 'authorize' | '' {
  const end = x.pathEnd - (x.pathBytes[x.pathEnd - 1] === SLASH ? 1 : 0)
  if (endsWith(x, end, TOKEN_PATH)) return 'token'
  return endsWith(x, end, AUTHORIZE_PATH) ? 'authorize' : ''
}

function endsWith(x: Exchange, end: number, text: string): boolean {
  const start = end - text.length
  if (start < x.pathStart) return false
  for (let i = text.length - 1; i >= 0; i--) if (x.pathBytes[start + i] !== text.charCodeAt(i)) return false
  return true
}

/** Kong looks into the bodies of these. */
function hasParametersInBody(x: Exchange): boolean {
  return isMethod(x.request, 'POST') || isMethod(x.request, 'PUT') || isMethod(x.request, 'PATCH')
}
