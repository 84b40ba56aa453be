/**
 * cors — tells browsers which pages of other origins may ask, and read what they are answered (Fetch Standard §3.3).
 *
 * A preflight is answered here, before anybody is asked for a key: browsers send none with it. What follows it gets
 * fields with every answer, also with those of the gateway's own: a page could not read the refusal otherwise.
 *
 * HOT     `onResponse` runs once a request. Fields that do not change are one set of objects for all answers.
 */
import { answer } from '../../contract/answer.ts'
import { type Exchange, NO_BODY } from '../../contract/exchange.ts'
import {
  DONE,
  definePlugin,
  type Handler,
  type Host,
  NEXT,
  openNotes,
  type Verdict,
} from '../../contract/plugin.ts'
import { type Infer, s } from '../../contract/schema.ts'
import type { AddedField } from '../../http1/added-field.ts'
import { addField, findRow, getField, makeConstantField, removeField } from '../../http1/fields.ts'
import { isMethod } from '../../http1/method.ts'
import { fieldElement, originRule } from './origin-rule.ts'
import { Origins } from './origins.ts'
import { addVary } from './vary.ts'

const METHODS = ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'] as const

const schema = s.record({
  origins: s.array(s.string({ custom: originRule }), {
    says: 'Who may ask: `*`, origins (`https://app.example.com`), hosts, or regular expressions (RE2) of either. Absent: everybody.',
  }),
  headers: s.array(s.string({ custom: fieldElement }), {
    says: 'What Access-Control-Allow-Headers says to a preflight. Absent: all that it asks for.',
  }),
  exposed_headers: s.array(s.string({ custom: fieldElement }), {
    says: 'The headers of answers that pages may read: Access-Control-Expose-Headers.',
  }),
  methods: s.array(s.string({ one_of: METHODS }), {
    default: [...METHODS],
    says: 'What Access-Control-Allow-Methods says to a preflight.',
  }),
  max_age: s.number({ says: 'Seconds for which a browser may keep the answer to a preflight.' }),
  credentials: s.boolean({
    required: true,
    default: false,
    says: 'Lets pages send cookies and authentication: Access-Control-Allow-Credentials.',
  }),
  private_network: s.boolean({
    required: true,
    default: false,
    says: 'Lets public pages ask, where the gateway is in a private network: Access-Control-Allow-Private-Network.',
  }),
  preflight_continue: s.boolean({
    required: true,
    default: false,
    says: 'Leaves preflights to the target, and their answers as they are.',
  }),
  allow_origin_absent: s.boolean({
    required: true,
    default: true,
    says: 'Adds the fields also to answers of requests without Origin.',
  }),
})

type Config = Infer<typeof schema>

export default definePlugin({
  name: 'cors',
  summary: 'Lets web pages of other origins use an API, and answers the preflights of their browsers.',
  priority: 2000, // before authentication: browsers send no key with a preflight
  schema,
  build: (config, host) => new Cors(config, host),
})

/** Of an exchange whose preflight is answered, or left to the target: nothing is added to its answer. */
const NOTE = 'cors'

const ANYBODY = makeConstantField('Access-Control-Allow-Origin', '*')
const CREDENTIALS = makeConstantField('Access-Control-Allow-Credentials', 'true')
const PRIVATE_NETWORK = makeConstantField('Access-Control-Allow-Private-Network', 'true')

class Cors implements Handler {
  /** Null: everybody may ask. */
  readonly #origins: Origins | null
  /** The one origin that is always named, whoever asks. */
  readonly #only: AddedField | null
  readonly #methods: AddedField
  readonly #headers: AddedField | null
  readonly #exposed: AddedField | null
  readonly #maxAge: AddedField | null
  readonly #credentials: boolean
  readonly #privateNetwork: boolean
  readonly #continues: boolean
  readonly #needsOrigin: boolean

  constructor(config: Config, host: Host) {
    const origins = config.origins ?? []
    const isOpen = origins.length === 0 || (origins.length === 1 && origins[0] === '*')
    this.#origins = isOpen ? null : new Origins(origins, host)
    this.#only = this.#origins === null ? null : this.#origins.only
    this.#methods = makeConstantField('Access-Control-Allow-Methods', config.methods.join(','))
    this.#headers = makeList('Access-Control-Allow-Headers', config.headers)
    this.#exposed = makeList('Access-Control-Expose-Headers', config.exposed_headers)
    this.#maxAge = config.max_age === null ? null : makeList('Access-Control-Max-Age', [`${config.max_age}`])
    this.#credentials = config.credentials
    this.#privateNetwork = config.private_network
    this.#continues = config.preflight_continue
    this.#needsOrigin = !config.allow_origin_absent
  }

  onRequest(x: Exchange): Verdict {
    if (!isPreflight(x)) return NEXT
    openNotes(x).set(NOTE, true)
    if (this.#continues) return NEXT
    this.#allowOrigin(x)
    this.#tellPreflight(x)
    answer(x, 200, NO_BODY, null)
    return DONE
  }

  onResponse(x: Exchange): void {
    if (x.notes?.has(NOTE)) return
    if (this.#needsOrigin && getField(x.request, 'origin') === null) return
    this.#allowOrigin(x)
    if (this.#exposed === null) return
    removeField(x.response, 'access-control-expose-headers')
    x.response.added.push(this.#exposed)
  }

  /** Who may read the answer, and whether credentials may have been sent for it; whatever the target says of that. */
  #allowOrigin(x: Exchange): void {
    const added = x.response.added
    removeField(x.response, 'access-control-allow-origin')
    if (this.#origins === null) return this.#allowAll(x)
    addVary(x.response)
    const field = this.#only === null ? this.#origins.find(x.request) : this.#only
    if (field !== null) added.push(field)
    if (!this.#credentials) return
    removeField(x.response, 'access-control-allow-credentials')
    added.push(CREDENTIALS)
  }

  #allowAll(x: Exchange): void {
    const origin = this.#credentials ? getField(x.request, 'origin') : null
    if (origin === null) {
      x.response.added.push(ANYBODY)
      return
    }
    // With credentials browsers do not take "*" for an answer.
    addVary(x.response)
    removeField(x.response, 'access-control-allow-credentials')
    addField(x.response, 'Access-Control-Allow-Origin', origin)
    x.response.added.push(CREDENTIALS)
  }

  #tellPreflight(x: Exchange): void {
    const added = x.response.added
    added.push(this.#methods)
    if (this.#headers !== null) added.push(this.#headers)
    else {
      const asked = getField(x.request, 'access-control-request-headers')
      if (asked !== null) addField(x.response, 'Access-Control-Allow-Headers', asked)
    }
    if (this.#maxAge !== null) added.push(this.#maxAge)
    if (this.#privateNetwork && getField(x.request, 'access-control-request-private-network') === 'true')
      added.push(PRIVATE_NETWORK)
  }
}

function isPreflight(x: Exchange): boolean {
  if (!isMethod(x.request, 'OPTIONS')) return false
  return findRow(x.request, 'origin', 0) >= 0 && findRow(x.request, 'access-control-request-method', 0) >= 0
}

function makeList(name: string, values: readonly string[] | null): AddedField | null {
  return values === null || values.length === 0 ? null : makeConstantField(name, values.join(','))
}
