/**
 * oauth2 — an authorization server on the routes it protects (RFC 6749): it gives tokens at two endpoints, and lets
 * pass who sends one.
 *
 * HOT     `onRequest` runs once a request. A token that was found good a moment ago costs a look at the path and at the
 *         header, one keyed fingerprint and one comparison. Any other one waits for the primary, who has the state.
 */
import type { Exchange } from '../../contract/exchange.ts'
import {
  definePlugin,
  type Handler,
  type Host,
  NEXT,
  type PluginScope,
  type Verdict,
} from '../../contract/plugin.ts'
import { removeField } from '../../http1/fields.ts'
import { isMethod } from '../../http1/method.ts'
import { Authentication } from '../../identity/authentication.ts'
import { Refusals } from './answers.ts'
import { type Bearer, Bearers, type Judge, SCOPE, USER } from './bearers.ts'
import { Clients } from './endpoints/clients.ts'
import { type EndpointName, Endpoints } from './endpoints/endpoints.ts'
import { type Config, schema } from './schema.ts'
import { TokenPlace } from './token-place.ts'
import { TOKEN_LENGTH_MAX, Tokens } from './tokens.ts'

/** Of a request to an endpoint, or with its token in a form. */
const BODY_BYTES_MAX = 1024 * 1024

/** What a client says under these names, or what a target may take for them, is not passed on. */
const CLAIMS = [SCOPE, USER].flatMap((name) => [name.toLowerCase(), name.toLowerCase().replaceAll('-', '_')])

export default definePlugin({
  name: 'oauth2',
  summary: 'Gives access tokens to applications by OAuth 2.0, and lets pass only requests with one.',
  priority: 1400, // before access rules and limits, which judge by who asks
  schema,
  noScope: ['consumer', 'consumer_group'],
  usesState: true,
  build: (config, host, scope) => new Oauth2(config, host, scope),
})

class Oauth2 implements Handler, Judge {
  readonly requestBodyMax = BODY_BYTES_MAX
  readonly #isGlobal: boolean
  readonly #hides: boolean
  readonly #rules: Authentication
  readonly #refusals: Refusals
  readonly #place: TokenPlace
  readonly #bearers: Bearers
  readonly #endpoints: Endpoints

  constructor(config: Config, host: Host, scope: PluginScope) {
    this.#isGlobal = config.global_credentials === true
    this.#hides = config.hide_credentials
    this.#refusals = new Refusals(config.realm)
    const { anonymous } = config
    const challenge = this.#refusals.missing.challenge.value
    this.#rules = new Authentication({ anonymous, identifier: 'client_id', challenge, host })
    const header = (config.auth_header_name ?? 'authorization').toLowerCase()
    this.#place = new TokenPlace(header)
    const clients = new Clients(host, header)
    const tokens = new Tokens(host, config)
    this.#bearers = new Bearers(host, clients, tokens)
    this.#endpoints = new Endpoints({ config, clients, tokens, pluginId: scope.id }, host, this.#refusals)
  }

  wantsRequestBody(x: Exchange): boolean {
    if (endpointOf(x) !== '') return true
    return x.requestLength <= BODY_BYTES_MAX && hasParametersInBody(x) && this.#place.needsBody(x)
  }

  onRequest(x: Exchange): Verdict {
    for (let i = 0; i < CLAIMS.length; i++) removeField(x.request, CLAIMS[i]!)
    if (this.#rules.isDone(x)) return NEXT
    const endpoint = endpointOf(x)
    if (endpoint !== '') return this.#endpoints.serve(x, endpoint)
    const place = this.#place
    if (!place.find(x)) {
      const missing = this.#refusals.missing
      return this.#rules.refuseAs(x, missing.body, missing.challenge)
    }
    const bearer = this.#bearers.find(place.bytes, place.start, place.end)
    if (bearer !== null) return this.judge(x, bearer)
    if (place.end - place.start > TOKEN_LENGTH_MAX) return this.refuse(x)
    return this.#bearers.lookUp(x, place.bytes.toString('utf8', place.start, place.end), this)
  }

  close(): void {
    this.#bearers.close()
  }

  judge(x: Exchange, bearer: Bearer): Verdict {
    if (bearer.service === null) {
      const global = this.#refusals.global
      if (!this.#isGlobal) return this.#rules.refuseAs(x, global.body, global.challenge)
    } else if (bearer.service !== serviceOf(x)) return this.refuse(x)
    if (this.#hides) this.#place.hide(x)
    const verdict = this.#rules.accept(x, bearer.client)
    for (let i = 0; i < bearer.fields.length; i++) x.request.added.push(bearer.fields[i]!)
    return verdict
  }

  refuse(x: Exchange): Verdict {
    // With `anonymous` the request goes on.
    if (this.#hides) this.#place.hide(x)
    return this.#rules.refuseAs(x, this.#refusals.invalid.body, this.#refusals.invalid.challenge)
  }
}

function serviceOf(x: Exchange): string {
  const route = x.route
  return route === null || route.service === null ? '' : route.service.id
}

const TOKEN_PATH = '/oauth2/token'
const AUTHORIZE_PATH = '/oauth2/authorize'
const SLASH = 47

/** '' for a request that is the target's. */
function endpointOf(x: Exchange): EndpointName | '' {
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
