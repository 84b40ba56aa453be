/**
 * redirect — sends the client to another place, with the path and query that it asked for or without.
 *
 * It comes behind authentication and limits: who may not ask is not told where it went.
 */
import { Outbox } from '../../base/outbox.ts'
import { answer } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, definePlugin, type Handler, type Verdict } from '../../contract/plugin.ts'
import { type Infer, s, type Value } from '../../contract/schema.ts'
import type { AddedField } from '../../http1/added-field.ts'
import { addField, makeConstantField, removeField } from '../../http1/fields.ts'
import { escapePath } from '../../http1/uri.ts'

const schema = s.record({
  status_code: s.integer({
    required: true,
    default: 301,
    between: [100, 599],
    says: 'The status of the answer: 301 and 308 for ever, 302 and 307 for now; 307 and 308 keep method and body.',
  }),
  location: s.string({ required: true, custom: urlRule, says: 'The URL to go to.' }),
  keep_incoming_path: s.boolean({
    default: false,
    says: 'Puts the path and query of the request in place of those of `location`.',
  }),
})

type Config = Infer<typeof schema>

export default definePlugin({
  name: 'redirect',
  summary: 'Answers with a redirection to another URL.',
  priority: 779, // behind authentication and limits, as Kong's
  schema,
  build: (config) => (config.keep_incoming_path ? new MovedOrigin(config) : new MovedPlace(config)),
})

const BODY = Buffer.from('redirecting')

class MovedPlace implements Handler {
  readonly #status: number
  readonly #location: AddedField

  constructor(config: Config) {
    this.#status = config.status_code
    this.#location = makeConstantField('Location', wireForm(config.location))
  }

  onRequest(x: Exchange): Verdict {
    removeField(x.response, 'location')
    x.response.added.push(this.#location)
    answer(x, this.#status, BODY, null)
    return DONE
  }
}

class MovedOrigin implements Handler {
  readonly #status: number
  /** Scheme and authority. */
  readonly #origin: string
  readonly #out: Outbox

  constructor(config: Config) {
    this.#status = config.status_code
    this.#origin = wireForm(URL_PARTS.exec(config.location)![1]!)
    this.#out = new Outbox()
  }

  onRequest(x: Exchange): Verdict {
    removeField(x.response, 'location')
    addField(x.response, 'Location', this.#origin + this.#pathOf(x) + queryOf(x))
    answer(x, this.#status, BODY, null)
    return DONE
  }

  /** The normal form: without what could climb, and with everything escaped that may not stand in a field. */
  #pathOf(x: Exchange): string {
    const out = this.#out
    escapePath(x.pathBytes, x.pathStart, x.pathEnd, out)
    const path = out.bytes.latin1Slice(0, out.used)
    out.release()
    return path === '' ? '/' : path
  }
}

function queryOf(x: Exchange): string {
  const head = x.request
  const query = head.bytes.latin1Slice(head.pathEnd, head.targetEnd)
  return query.startsWith('?') && query.length > 1 ? query : ''
}

/** UTF-8, as a field's value holds bytes. */
function wireForm(text: string): string {
  return Buffer.from(text).toString('latin1')
}

const URL_PARTS = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]+)/

/** Says what is wrong, in Kong's words. */
function urlRule(value: Value): string | null {
  const url = String(value)
  // A line end would let what follows it pass for a field.
  if (/[\x00-\x1f\x7f]/.test(url)) return 'could not parse url. it has control characters'
  const authority = /^(?:[A-Za-z][A-Za-z0-9+.-]*:)?\/\/(?:[^@/?#]*@)?([^:/?#]+)/.exec(url)
  if (authority === null) return 'missing host in url'
  return URL_PARTS.test(url) ? null : 'missing scheme in url'
}
