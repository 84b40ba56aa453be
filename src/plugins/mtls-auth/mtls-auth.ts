/**
 * mtls-auth — lets pass who has shown a certificate in the TLS handshake that a trusted authority has signed.
 *
 * The handshake has proved that the client holds the key; whom the certificate speaks of is judged here, once a
 * connection and configuration.
 *
 * HOT     `onRequest` runs once a request; all but the first of a connection cost one look-up.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { Credential } from '../../contract/identity/identities.ts'
import {
  definePlugin,
  type Handler,
  type Host,
  NEXT,
  openNotes,
  type Verdict,
} from '../../contract/plugin.ts'
import type { ClientTls } from '../../contract/tls.ts'
import type { AddedField } from '../../http1/added-field.ts'
import { setAuthenticatedGroups } from '../../identity/authenticated-groups.ts'
import { Authentication } from '../../identity/authentication.ts'
import { dropIdentity } from '../../identity/identity-fields.ts'
import { type Trust, type Verified, verifyChain } from './chain.ts'
import {
  dropForwarded,
  type Forwarding,
  fingerprintOf,
  makeForwardFields,
  makeNameFields,
} from './forwarding.ts'
import { Holders } from './holders.ts'
import { type Config, schema } from './schema.ts'
import { makeTrust } from './trust.ts'

export default definePlugin({
  name: 'mtls-auth',
  summary: 'Lets pass only clients with a TLS certificate of a trusted authority.',
  priority: 1600, // before the other ways to authenticate
  schema,
  noScope: ['consumer', 'consumer_group'],
  asksForCertificates: true,
  build: (config, host) => new MtlsAuth(config, host),
})

const NONE_SENT = 'No required TLS certificate was sent'
const NOT_VERIFIED = 'TLS certificate failed verification'
const NOBODYS = 'Unauthorized'

/** A refusal is thought over after this long: a clock that was behind, a certificate that was not valid yet. */
const REFUSAL_MS = 60_000

/** What a connection's certificate comes to. */
interface Outcome {
  /** '' where it is good. */
  readonly refusal: string
  /** For the operator. */
  readonly detail: string
  /** Until then, in ms since 1970. */
  readonly untilMs: number
  /** Null where no consumer is looked for. */
  readonly credential: Credential | null
  readonly credentialId: string
  readonly groups: readonly string[]
  readonly fields: readonly AddedField[]
}

class MtlsAuth implements Handler {
  readonly #rules: Authentication
  readonly #host: Host
  readonly #trust: Trust
  /** Null where no consumer is looked for. */
  readonly #holders: Holders | null
  readonly #groupByName: boolean
  readonly #forwarding: Forwarding
  /** By connection, and gone with it. */
  readonly #outcomes: WeakMap<ClientTls, Outcome>

  constructor(config: Config, host: Host) {
    this.#rules = new Authentication({
      anonymous: config.anonymous,
      identifier: 'id',
      challenge: 'ClientCertificate',
      host,
    })
    this.#host = host
    this.#trust = makeTrust(config, host)
    this.#holders = config.skip_consumer_lookup ? null : new Holders(config, host.identities)
    this.#groupByName = config.authenticated_group_by === 'DN'
    const how = config.forward_certificate
    this.#forwarding = {
      fields: how === 'fields' || how === 'both',
      clientCert: how === 'client-cert' || how === 'both',
    }
    this.#outcomes = new WeakMap()
  }

  onRequest(x: Exchange): Verdict {
    dropForwarded(x.request)
    if (this.#rules.isDone(x)) return NEXT
    const tls = x.client!.tls
    if (tls === null || tls.certificates.length === 0) return this.#rules.refuse(x, NONE_SENT)
    let outcome = this.#outcomes.get(tls)
    if (outcome === undefined || this.#host.wall() >= outcome.untilMs) {
      outcome = this.#makeOutcome(tls)
      this.#outcomes.set(tls, outcome)
    }
    if (outcome.refusal !== '') {
      x.detail = outcome.detail
      return this.#rules.refuse(x, outcome.refusal)
    }
    return this.#accept(x, outcome)
  }

  #accept(x: Exchange, outcome: Outcome): Verdict {
    const credential = outcome.credential
    if (credential !== null) this.#rules.accept(x, credential)
    else {
      dropIdentity(x.request)
      x.credentialId = outcome.credentialId
      setAuthenticatedGroups(x, outcome.groups)
    }
    for (let i = 0; i < outcome.fields.length; i++) x.request.added.push(outcome.fields[i]!)
    // For logs: nobody else has looked at the certificate.
    openNotes(x).set('client_verify', 'SUCCESS')
    return NEXT
  }

  #makeOutcome(tls: ClientTls): Outcome {
    const nowMs = this.#host.wall()
    const verified = verifyChain(tls.certificates, this.#trust, nowMs)
    if (typeof verified === 'string') return makeRefusal(NOT_VERIFIED, verified, nowMs)
    const credential = this.#holders === null ? null : this.#holders.find(verified)
    if (this.#holders !== null && credential === null) {
      const names = verified.leaf.names.join(', ')
      return makeRefusal(NOBODYS, `no consumer has any of the certificate's names: ${names}`, nowMs)
    }
    const { leaf, validToMs } = verified
    const fields = makeForwardFields(leaf, tls.certificates, this.#forwarding)
    if (this.#holders === null) fields.push(...makeNameFields(leaf))
    return {
      refusal: '',
      detail: '',
      untilMs: validToMs,
      credential,
      credentialId: fingerprintOf(leaf),
      groups: this.#makeGroups(verified),
      fields,
    }
  }

  #makeGroups({ leaf }: Verified): string[] {
    const group = this.#groupByName ? leaf.subject.text : leaf.subject.commonName
    return group === '' ? [] : [group]
  }
}

function makeRefusal(refusal: string, detail: string, nowMs: number): Outcome {
  const untilMs = nowMs + REFUSAL_MS
  return { refusal, detail, untilMs, credential: null, credentialId: '', groups: [], fields: [] }
}
