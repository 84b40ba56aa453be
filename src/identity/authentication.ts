/**
 * authentication — the rules that all authentication plugins share, as Kong's.
 *
 * WHAT    Without `anonymous` each plugin on a route must pass: all of them. With it a plugin asks nothing of a request
 *         that an earlier one has authenticated, and lets one that it does not know pass as the anonymous consumer: any
 *         of them. What was found goes into the exchange and, as header fields, to the target.
 *
 * HOT     Runs once an authenticated request. The fields are made at a credential's first use and are one set of
 *         objects for all requests after it.
 */
import { faults } from '../base/faults.ts'
import { answer, callIt, JSON_TYPE, refuse } from '../contract/answer.ts'
import type { Exchange } from '../contract/exchange.ts'
import type { Credential } from '../contract/identity/identities.ts'
import type { Consumer } from '../contract/plan.ts'
import { DONE, type Host, NEXT, type Verdict } from '../contract/plugin.ts'
import type { AddedField } from '../http1/added-field.ts'
import { makeConstantField } from '../http1/fields.ts'
import { dropIdentity, makeFieldValue, makeIdentityFields } from './identity-fields.ts'

export interface AuthenticationOptions {
  /** A consumer's id or username; null: whoever is not known is refused. */
  readonly anonymous: string | null
  /** The field of a credential that targets are told: 'id', 'key', 'username'. */
  readonly identifier: string
  /** What WWW-Authenticate says. */
  readonly challenge: string
  readonly host: Host
}

export class Authentication {
  readonly #identifier: string
  readonly #challenge: AddedField
  /** The name that is configured; '' without one. */
  readonly #anonymous: string
  readonly #consumer: Consumer | null
  readonly #fields: readonly AddedField[]
  readonly #host: Host

  constructor({ anonymous, identifier, challenge, host }: AuthenticationOptions) {
    this.#identifier = identifier
    this.#challenge = makeConstantField('WWW-Authenticate', makeFieldValue(challenge))
    this.#anonymous = anonymous ?? ''
    this.#consumer = anonymous === null ? null : host.identities.consumer(anonymous)
    this.#fields = this.#consumer === null ? [] : makeIdentityFields(this.#consumer, null)
    this.#host = host
    if (anonymous !== null && this.#consumer === null) host.log('error', this.#missing())
  }

  /** An earlier plugin has authenticated the request, and that is enough. */
  isDone(x: Exchange): boolean {
    return this.#anonymous !== '' && x.credentialId !== ''
  }

  /** The request is let pass unasked. Nobody but a plugin says who it is. */
  passBy(x: Exchange): Verdict {
    if (x.consumer === null && x.credentialId === '') dropIdentity(x.request)
    return NEXT
  }

  isExpired(credential: Credential): boolean {
    return credential.expiresMs !== Number.POSITIVE_INFINITY && credential.expiresMs <= this.#host.wall()
  }

  accept(x: Exchange, credential: Credential): Verdict {
    if (credential.fields === null) credential.fields = makeFields(credential, this.#identifier)
    setIdentity(x, credential.consumer, credential.fields)
    x.credentialId = credential.id
    return NEXT
  }

  /** `text` with a status, and with a challenge where that is 401; or on as the anonymous consumer. */
  refuse(x: Exchange, text: string, status: number = faults.UNAUTHORIZED.status): Verdict {
    if (this.#anonymous === '') {
      if (status === faults.UNAUTHORIZED.status) x.response.added.push(this.#challenge)
      refuse(x, faults.UNAUTHORIZED, status, text)
      return DONE
    }
    return this.#goOn(x)
  }

  /** As `refuse`, with a JSON body and a challenge of the plugin's own, 401 or not; `challenge` null: none. */
  refuseAs(
    x: Exchange,
    body: Uint8Array,
    challenge: AddedField | null,
    status: number = faults.UNAUTHORIZED.status,
  ): Verdict {
    if (this.#anonymous !== '') return this.#goOn(x)
    if (challenge !== null) x.response.added.push(challenge)
    answer(x, status, body, JSON_TYPE)
    if (status === faults.UNAUTHORIZED.status) callIt(x, faults.UNAUTHORIZED)
    else if (status === faults.FORBIDDEN.status) callIt(x, faults.FORBIDDEN)
    return DONE
  }

  #goOn(x: Exchange): Verdict {
    if (this.#consumer === null) {
      refuse(x, faults.PLUGIN_FAILED, faults.PLUGIN_FAILED.status, this.#missing())
      return DONE
    }
    setIdentity(x, this.#consumer, this.#fields)
    x.credentialId = ''
    return NEXT
  }

  #missing(): string {
    return 'anonymous consumer '.concat(this.#anonymous, " is configured but doesn't exist")
  }
}

function makeFields(credential: Credential, identifier: string): AddedField[] {
  const value = identifier === 'id' ? credential.id : credential.read(identifier)
  return makeIdentityFields(credential.consumer, typeof value === 'string' ? value : '')
}

function setIdentity(x: Exchange, consumer: Consumer, fields: readonly AddedField[]): void {
  dropIdentity(x.request)
  for (let i = 0; i < fields.length; i++) x.request.added.push(fields[i]!)
  x.consumer = consumer
}
