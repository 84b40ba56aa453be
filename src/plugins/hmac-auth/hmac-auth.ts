/**
 * hmac-auth — lets pass who has signed the request with a consumer's secret, and tells the target who that is.
 *
 * HOT     `onRequest` runs once a request. What it costs is the HMAC, which node:crypto makes of a text; the text and
 *         the parts of the field are allocated.
 */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import type { Exchange } from '../../contract/exchange.ts'
import type { Credential, CredentialIndex } from '../../contract/identity/identities.ts'
import { definePlugin, type Handler, type Host, NEXT, type Verdict } from '../../contract/plugin.ts'
import { type Infer, s } from '../../contract/schema.ts'
import { getField, removeField } from '../../http1/fields.ts'
import { Authentication } from '../../identity/authentication.ts'
import { parseHttpDate } from './http-date.ts'
import { type Parameters, parseParameters } from './parameters.ts'
import { makeSigningString, normalTarget, sentTarget, signsTarget } from './signing-string.ts'

const ALGORITHMS = ['hmac-sha1', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const
/** Bytes of body that are held to be compared with its digest; a larger body is refused with 413. */
const BODY_BYTES_MAX = 1024 * 1024

const schema = s.record({
  hide_credentials: s.boolean({
    required: true,
    default: false,
    says: 'Takes the signature out of the request before it goes to the target.',
  }),
  clock_skew: s.number({
    default: 300,
    gt: 0,
    says: 'Seconds by which the date of a request may differ from the clock of this machine.',
  }),
  anonymous: s.string({
    says: 'Id or username of the consumer as whom a request without a right signature goes on, in place of a refusal.',
  }),
  validate_request_body: s.boolean({
    required: true,
    default: false,
    says: 'Holds bodies of at most 1 MiB and compares them with the header Digest; larger ones are refused with 413.',
  }),
  enforce_headers: s.array(s.string(), {
    default: [],
    says: 'What a client has to sign at least. Case counts: write them as clients list them.',
  }),
  algorithms: s.array(s.string({ one_of: ALGORITHMS }), {
    default: [...ALGORITHMS],
    says: 'What a client may sign with.',
  }),
  realm: s.string({ says: 'What WWW-Authenticate names as the realm.' }),
})

type Config = Infer<typeof schema>

const NO_DATE =
  'HMAC signature cannot be verified, a valid date or x-date header is required for HMAC Authentication'
const NOT_VALID = 'HMAC signature cannot be verified'
const NOT_SAME = 'HMAC signature does not match'
const NO_BYTES = Buffer.alloc(0)

export default definePlugin({
  name: 'hmac-auth',
  summary: 'Lets pass only requests that are signed with the secret of a consumer.',
  priority: 1030, // before access rules and limits, which judge by who asks
  schema,
  noScope: ['consumer', 'consumer_group'],
  build: (config, host) => new HmacAuth(config, host),
})

class HmacAuth implements Handler {
  readonly requestBodyMax: number
  readonly #names: CredentialIndex
  /** Made when a credential is first used. */
  readonly #secrets: WeakMap<Credential, KeyObject>
  readonly #rules: Authentication
  readonly #host: Host
  readonly #hides: boolean
  readonly #skewS: number
  readonly #enforced: readonly string[]
  readonly #algorithms: readonly string[]

  constructor(config: Config, host: Host) {
    this.requestBodyMax = config.validate_request_body ? BODY_BYTES_MAX : 0
    this.#names = host.identities.index('hmacauth_credentials', 'username')
    this.#secrets = new WeakMap()
    this.#rules = new Authentication({
      anonymous: config.anonymous,
      identifier: 'username',
      challenge: makeChallenge(config.realm),
      host,
    })
    this.#host = host
    this.#hides = config.hide_credentials
    this.#skewS = config.clock_skew
    this.#enforced = config.enforce_headers
    this.#algorithms = config.algorithms
  }

  onRequest(x: Exchange): Verdict {
    if (this.#rules.isDone(x)) return NEXT
    const sent = getField(x.request, 'authorization')
    const toProxy = getField(x.request, 'proxy-authorization')
    if (sent === null && toProxy === null) return this.#rules.refuse(x, 'Unauthorized')
    if (!this.#isTimely(x, 'x-date') && !this.#isTimely(x, 'date')) return this.#rules.refuse(x, NO_DATE)
    const own = toProxy === null ? null : parseParameters(toProxy)
    // Read before: what signs the field itself is checked as it came.
    const said = own ?? (sent === null ? null : parseParameters(sent))
    const credential = said !== null && this.#isAllowed(said) ? this.#find(said.username) : null
    const isSigned = credential !== null && this.#isSigned(x, said!, credential)
    if (this.#hides) removeField(x.request, own === null ? 'authorization' : 'proxy-authorization')
    if (credential === null) return this.#rules.refuse(x, NOT_VALID)
    const isWhole = isSigned && (this.requestBodyMax === 0 || isDigestRight(x))
    return isWhole ? this.#rules.accept(x, credential) : this.#rules.refuse(x, NOT_SAME)
  }

  #isTimely(x: Exchange, field: string): boolean {
    const date = getField(x.request, field)
    if (date === null) return false
    const nowS = Math.floor(this.#host.wall() / 1000)
    // False for NaN, which is no date.
    return Math.abs(nowS - parseHttpDate(date, nowS)) <= this.#skewS
  }

  #isAllowed(said: Parameters): boolean {
    for (const name of this.#enforced) if (!said.headers.includes(name)) return false
    return this.#algorithms.includes(said.algorithm)
  }

  #find(username: string): Credential | null {
    const bytes = Buffer.from(username, 'latin1')
    return this.#names.find(bytes, 0, bytes.length)
  }

  /** The target as it was sent, or as Kong shows it to its plugin: clients of both are right. */
  #isSigned(x: Exchange, said: Parameters, credential: Credential): boolean {
    const sent = sentTarget(x)
    if (this.#isOver(makeSigningString(x, said.headers, sent), said, credential)) return true
    if (!signsTarget(said.headers)) return false
    const normal = normalTarget(x)
    return normal !== sent && this.#isOver(makeSigningString(x, said.headers, normal), said, credential)
  }

  #isOver(text: string, said: Parameters, credential: Credential): boolean {
    if (text === '') return false
    // Behind "hmac-" stands what OpenSSL calls it.
    const hmac = createHmac(said.algorithm.slice('hmac-'.length), this.#secretOf(credential))
    return isSameBase64(hmac.update(text, 'latin1').digest('base64'), said.signature)
  }

  #secretOf(credential: Credential): KeyObject {
    let key = this.#secrets.get(credential)
    if (key === undefined) {
      key = createSecretKey(Buffer.from(String(credential.read('secret'))))
      this.#secrets.set(credential, key)
    }
    return key
  }
}

/** A body of no bytes needs no digest. */
function isDigestRight(x: Exchange): boolean {
  const body = x.requestBody ?? NO_BYTES
  const sent = getField(x.request, 'digest')
  if (sent === null) return body.length === 0
  return sent === 'SHA-256='.concat(hash('sha256', body, 'base64'))
}

/** In a time that only lengths can change. The padding may be left out. */
function isSameBase64(known: string, given: string): boolean {
  const padding = known.endsWith('==') ? 2 : known.endsWith('=') ? 1 : 0
  if (given.length !== known.length && given.length !== known.length - padding) return false
  let different = 0
  for (let i = 0; i < given.length; i++) different |= given.charCodeAt(i) ^ known.charCodeAt(i)
  return different === 0
}

/** The realm as a quoted string (RFC 9110 §5.6.4). */
function makeChallenge(realm: string | null): string {
  return realm === null ? 'hmac' : `hmac realm="${realm.replace(/["\\]/g, '\\$&')}"`
}
