/**
 * response-transformer — changes what the client is sent: headers, and the members of JSON bodies.
 *
 * Only JSON is held, and only where there are rules for it; everything else streams.
 *
 * LIMITS  JSON of up to BODY_BYTES_MAX, which is worked on where the event loop waits for it.
 */
import { type Exchange, NO_BODY } from '../../contract/exchange.ts'
import { definePlugin, type Handler, type Host, type PluginScope } from '../../contract/plugin.ts'
import { getField } from '../../http1/fields.ts'
import { UNTIL_CLOSE } from '../../http1/framing.ts'
import { bit } from '../../http1/names.ts'
import { isEncoded } from '../../transform/body-kind.ts'
import type { Edits } from '../../transform/edits.ts'
import { HeaderRules, UNTOUCHABLE_IN_ANSWERS } from '../../transform/header-rules.ts'
import { editJson } from '../../transform/json.ts'
import { makeJsonEdits } from './json-rules.ts'
import { type Config, schema } from './schema.ts'

/** Bytes of a JSON answer that has rules; a larger one becomes a 502. */
const BODY_BYTES_MAX = 8 * 1024 * 1024
const JSON_TYPE = 'application/json'

export default definePlugin({
  name: 'response-transformer',
  summary: 'Changes headers and JSON bodies of answers on their way to the client.',
  priority: 800, // as in Kong
  schema,
  build: (config, host, scope) => new ResponseTransformer(config, host, scope),
})

class ResponseTransformer implements Handler {
  readonly responseBodyMax: number
  readonly #host: Host
  readonly #id: string
  readonly #headers: HeaderRules
  /** Of Server and Date, where a rule speaks of them: the gateway's own is then not added. */
  readonly #own: number
  readonly #json: Edits | null
  readonly #hasWarnedOf: Set<string>

  constructor(config: Config, host: Host, scope: PluginScope) {
    this.#host = host
    this.#id = scope.id
    this.#headers = new HeaderRules(
      {
        remove: config.remove.headers,
        rename: config.rename.headers,
        replace: config.replace.headers,
        add: config.add.headers,
        append: config.append.headers,
      },
      { untouchable: UNTOUCHABLE_IN_ANSWERS, hasTemplates: false },
    )
    const { names } = this.#headers
    this.#own = (names.has('server') ? bit('server') : 0) | (names.has('date') ? bit('date') : 0)
    this.#json = makeJsonEdits(config)
    this.responseBodyMax = this.#json === null ? 0 : BODY_BYTES_MAX
    this.#hasWarnedOf = new Set()
    for (const name of this.#headers.passedOver)
      this.#warn(`response-transformer: ${name} is the gateway's to write, and stays as it is`)
  }

  wantsResponseBody(x: Exchange): boolean {
    return this.#json !== null && this.#isReadable(x)
  }

  onResponseBody(x: Exchange, body: Buffer): Uint8Array {
    return this.#json !== null && this.#isReadable(x) ? this.#edit(this.#json, body) : body
  }

  onResponse(x: Exchange): void {
    if (this.#json !== null && (x.bodyless || !x.proxied)) this.#fitOther(x, this.#json)
    this.#headers.apply(x.response)
    x.response.present |= this.#own
  }

  /** An answer of the gateway's own, which is at hand; or one without a body, whose length would be another. */
  #fitOther(x: Exchange, json: Edits): void {
    if (!this.#isReadable(x)) return
    if (x.proxied) x.responseLength = UNTIL_CLOSE
    else if (x.answerBody !== NO_BODY) {
      const { buffer, byteOffset, byteLength } = x.answerBody
      x.answerBody = this.#edit(json, Buffer.from(buffer, byteOffset, byteLength))
      x.responseLength = x.answerBody.length
    }
  }

  #isReadable(x: Exchange): boolean {
    const type = getField(x.response, 'content-type')
    if (type === null || type.split(';', 1)[0]!.trim().toLowerCase() !== JSON_TYPE) return false
    if (!isEncoded(getField(x.response, 'content-encoding'))) return true
    this.#warn('response-transformer: JSON with a Content-Encoding stays as it is')
    return false
  }

  #edit(json: Edits, body: Buffer): Uint8Array {
    if (body.length === 0) return body
    const edited = editJson(body, json)
    if (typeof edited !== 'string') return edited
    if (edited === 'unreadable') this.#warn('response-transformer: what is no JSON object stays as it is')
    return body
  }

  /** Once a configuration: targets could fill the log. */
  #warn(message: string): void {
    if (this.#hasWarnedOf.has(message)) return
    this.#hasWarnedOf.add(message)
    this.#host.log('warn', message, { plugin_id: this.#id })
  }
}
