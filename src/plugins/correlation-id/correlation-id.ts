/**
 * correlation-id — gives every request an id that the target, the client and the logs can all name.
 *
 * A client that already sends one keeps it, so that an id survives a row of gateways.
 */
import type { Exchange } from '../../contract/exchange.ts'
import { definePlugin, type Handler, NEXT, type Verdict } from '../../contract/plugin.ts'
import { type Infer, s, type Value } from '../../contract/schema.ts'
import type { AddedField } from '../../http1/added-field.ts'
import { FieldName, getField, removeField } from '../../http1/fields.ts'
import { UNTOUCHABLE_IN_REQUESTS } from '../../transform/header-rules.ts'
import { type IdMaker, makeIdMaker } from './id-maker.ts'

/** RFC 9110 §5.1: a field's name is a token. */
const FIELD_NAME: readonly [string, string] = ["^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", 'not a valid header name']

/** Beside the gateway's own Content-Length an id in Transfer-Encoding would be two readings of one request. */
function notOfTheGateway(name: Value): string | null {
  return UNTOUCHABLE_IN_REQUESTS.has(String(name).toLowerCase()) ? "it is the gateway's to write" : null
}

const schema = s.record({
  header_name: s.string({
    default: 'Kong-Request-ID',
    match: FIELD_NAME,
    custom: notOfTheGateway,
    says: 'The header that carries the id.',
  }),
  generator: s.string({
    required: true,
    default: 'uuid#counter',
    one_of: ['uuid', 'uuid#counter', 'tracker'],
    says: 'How an id is made: a UUID each, one UUID of the worker and a counter, or where and when it came in.',
  }),
  echo_downstream: s.boolean({
    required: true,
    default: false,
    says: 'Sends the id back to the client too, also with answers of the gateway itself.',
  }),
})

export default definePlugin({
  name: 'correlation-id',
  summary: 'Gives each request an id and passes it to the target, and to the client if asked.',
  priority: 100_001, // before every plugin that logs, traces or refuses, so that all of them know the id
  schema,
  build: (config, host) => {
    const ids = makeIdMaker(config.generator, config.header_name, host)
    return config.echo_downstream ? new EchoingCorrelationId(config, ids) : new CorrelationId(config, ids)
  },
})

class CorrelationId implements Handler {
  protected readonly field: FieldName
  readonly #ids: IdMaker

  constructor(config: Infer<typeof schema>, ids: IdMaker) {
    this.field = new FieldName(config.header_name)
    this.#ids = ids
  }

  onRequest(x: Exchange): Verdict {
    this.give(x)
    return NEXT
  }

  /** Notes the id that the client has sent, or a new one that goes on to the target. */
  protected give(x: Exchange): AddedField {
    const sent = getField(x.request, this.field.lower)
    const field = sent === null || sent === '' ? this.#ids.next(x) : this.field.make(sent)
    if (sent === '') removeField(x.request, this.field.lower)
    if (sent === null || sent === '') x.request.added.push(field)
    x.correlation = field
    return field
  }
}

class EchoingCorrelationId extends CorrelationId {
  onResponse(x: Exchange): void {
    removeField(x.response, this.field.lower)
    // An exchange that was answered before its request steps ran has its id made now.
    x.response.added.push(x.correlation ?? this.give(x))
  }
}
