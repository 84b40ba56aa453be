/** endpoints — requests that are not the target's but oauth2's own: known by how their path ends. */
import type { Exchange } from '../../../contract/exchange.ts'
import { DONE, type Host, type Verdict } from '../../../contract/plugin.ts'
import { getFields } from '../../../http1/fields.ts'
import { isMethod } from '../../../http1/method.ts'
import { NOT_HTTPS, OauthError, PROTO_TWICE, type Refusals, reply, sendBody } from '../answers.ts'
import { Parameters } from '../parameters.ts'
import { settle } from '../settle.ts'
import { authorize, type Endpoint } from './authorize.ts'
import { issue } from './issue.ts'

export type EndpointName = 'token' | 'authorize'

export class Endpoints {
  readonly #endpoint: Endpoint
  readonly #host: Host
  readonly #refusals: Refusals

  constructor(endpoint: Endpoint, host: Host, refusals: Refusals) {
    this.#endpoint = endpoint
    this.#host = host
    this.#refusals = refusals
  }

  serve(x: Exchange, name: EndpointName): Verdict {
    if (!isMethod(x.request, 'POST')) return this.#refuseMethod(x, name)
    const parameters = new Parameters(x)
    const insecure = this.#insecure(x)
    if (insecure !== null) {
      reply(x, insecure, parameters.text('state'))
      return DONE
    }
    const work = name === 'token' ? this.#issue(x, parameters) : this.#authorize(x, parameters)
    return settle(x, this.#host, work)
  }

  #refuseMethod(x: Exchange, name: EndpointName): Verdict {
    const { bytes, methodStart, methodEnd } = x.request
    const method = bytes.latin1Slice(methodStart, methodEnd)
    const refusal = this.#refusals.method(method, name === 'token' ? 'token' : 'authorization')
    sendBody(x, 405, refusal.body)
    x.response.added.push(refusal.challenge)
    return DONE
  }

  /** Null: what goes over this connection is encrypted, here or by a proxy that is trusted. */
  #insecure(x: Exchange): OauthError | null {
    if (x.client?.scheme === 'https') return null
    if (this.#endpoint.config.accept_http_if_already_terminated !== true || !x.clientTrusted) return NOT_HTTPS
    if (getFields(x.request, 'x-forwarded-proto').length > 1) return PROTO_TWICE
    return x.forwardedScheme === 'https' ? null : NOT_HTTPS
  }

  async #issue(x: Exchange, parameters: Parameters): Promise<Verdict> {
    const given = await issue(x, this.#endpoint, parameters, this.#serviceFor(x))
    reply(x, given, parameters.text('state'))
    return DONE
  }

  async #authorize(x: Exchange, parameters: Parameters): Promise<Verdict> {
    const given = await authorize(this.#endpoint, parameters, this.#serviceFor(x))
    if (given instanceof OauthError) reply(x, given, parameters.text('state'))
    else sendBody(x, given.status, given.body)
    return DONE
  }

  /** What is made here is for this service, or for all. */
  #serviceFor(x: Exchange): string | null {
    if (this.#endpoint.config.global_credentials === true) return null
    return x.route?.service?.id ?? null
  }
}
