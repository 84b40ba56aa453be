/**
 * key-auth — lets pass who sends a key that a consumer has, and tells the target who that is.
 *
 * HOT     `onRequest` runs once a request. A key in a header costs one look over the fields, one keyed fingerprint and
 *         one comparison; nothing is allocated.
 */
import type { Exchange } from '../../contract/exchange.ts'
import type { CredentialIndex } from '../../contract/identity/identities.ts'
import { definePlugin, type Handler, type Host, NEXT, type Verdict } from '../../contract/plugin.ts'
import { type Infer, s } from '../../contract/schema.ts'
import { isMethod } from '../../http1/method.ts'
import { Authentication } from '../../identity/authentication.ts'
import { type Found, NOTHING, SEVERAL } from './found.ts'
import { KeyName } from './key-name.ts'
import { RequestBody } from './request-body.ts'

const HEADER_NAME: readonly [string, string] = [
  '^[A-Za-z0-9_-]+$',
  "bad header name, allowed characters are A-Z, a-z, 0-9, '_', and '-'",
]
/** Bytes of body that are looked through for a key; a larger body is refused with 413. */
const BODY_BYTES_MAX = 1024 * 1024

const schema = s.record({
  key_names: s.array(s.string({ match: HEADER_NAME }), {
    required: true,
    default: ['apikey'],
    says: 'Names that a key may be sent under, tried in order. Case counts in a query or a body, not in a header.',
  }),
  hide_credentials: s.boolean({
    required: true,
    default: false,
    says: 'Takes the key out of the request before it goes to the target.',
  }),
  anonymous: s.string({
    says: 'Id or username of the consumer as whom a request without a valid key goes on, in place of a refusal.',
  }),
  key_in_header: s.boolean({ required: true, default: true, says: 'Looks for the key in a header.' }),
  key_in_query: s.boolean({ required: true, default: true, says: 'Looks for the key in the query.' }),
  key_in_body: s.boolean({
    required: true,
    default: false,
    says: 'Looks for the key in a form, JSON or multipart body of at most 1 MiB; larger ones are refused with 413.',
  }),
  run_on_preflight: s.boolean({
    required: true,
    default: true,
    says: 'Whether OPTIONS requests need a key too.',
  }),
  realm: s.string({ says: 'What WWW-Authenticate names as the realm.' }),
})

type Config = Infer<typeof schema>

export default definePlugin({
  name: 'key-auth',
  summary: 'Lets pass only requests with a key that a consumer has.',
  priority: 1250, // before access rules and limits, which judge by who asks
  schema,
  noScope: ['consumer', 'consumer_group'],
  build: (config, host) => new KeyAuth(config, host),
})

class KeyAuth implements Handler {
  readonly requestBodyMax: number
  readonly #names: readonly KeyName[]
  readonly #keys: CredentialIndex
  readonly #rules: Authentication
  /** Null where the body is not looked at. */
  readonly #body: RequestBody | null
  readonly #hides: boolean
  readonly #skipsPreflight: boolean

  constructor(config: Config, host: Host) {
    this.requestBodyMax = config.key_in_body ? BODY_BYTES_MAX : 0
    this.#keys = host.identities.index('keyauth_credentials', 'key')
    this.#body = config.key_in_body ? new RequestBody() : null
    const places = {
      inHeader: config.key_in_header,
      inQuery: config.key_in_query,
      body: this.#body,
      lengthMax: this.#keys.lengthMax,
    }
    this.#names = config.key_names.map((name) => new KeyName(name, places))
    this.#rules = new Authentication({
      anonymous: config.anonymous,
      identifier: 'id',
      challenge: makeChallenge(config.realm),
      host,
    })
    this.#hides = config.hide_credentials
    this.#skipsPreflight = !config.run_on_preflight
  }

  onRequest(x: Exchange): Verdict {
    if (this.#skipsPreflight && isMethod(x.request, 'OPTIONS')) return this.#rules.passBy(x)
    if (this.#rules.isDone(x)) return NEXT
    const body = this.#body
    if (body === null) return this.#decide(x)
    // Before too: what threw has not closed it.
    body.close()
    const verdict = this.#decide(x)
    body.close()
    return verdict
  }

  #decide(x: Exchange): Verdict {
    for (let i = 0; i < this.#names.length; i++) {
      const name = this.#names[i]!
      const found: Found = name.find(x)
      if (found !== NOTHING) return this.#check(x, name, found)
    }
    return this.#rules.refuse(x, 'No API key found in request')
  }

  #check(x: Exchange, name: KeyName, found: Found): Verdict {
    if (found === SEVERAL) {
      // With `anonymous` the request goes on.
      if (this.#hides) name.hide(x)
      return this.#rules.refuse(x, 'Duplicate API key found')
    }
    const isEmpty = name.start === name.end
    const credential = this.#keys.find(name.bytes, name.start, name.end)
    // Not before the look-up: the key is read where it lies.
    if (this.#hides) name.hide(x)
    if (isEmpty) return this.#rules.refuse(x, 'No API key found in request')
    if (credential === null || this.#rules.isExpired(credential)) return this.#rules.refuse(x, 'Unauthorized')
    return this.#rules.accept(x, credential)
  }
}

/** The realm as a quoted string (RFC 9110 §5.6.4). */
function makeChallenge(realm: string | null): string {
  return realm === null ? 'Key' : `Key realm="${realm.replace(/["\\]/g, '\\$&')}"`
}
