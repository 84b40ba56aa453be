/**
 * request-size-limiting — refuses requests whose bodies are too large.
 *
 * A body that says how long it is is refused before any of it is read; one that does not is counted as it comes.
 *
 * HOT     `onRequest` runs once a request. No allocation.
 */
import { faults } from '../../base/faults.ts'
import { refuse } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, definePlugin, type Handler, NEXT, type Verdict } from '../../contract/plugin.ts'
import { type Infer, s } from '../../contract/schema.ts'
import { findRow } from '../../http1/fields.ts'

const UNIT_BYTES = { megabytes: 1048576, kilobytes: 1024, bytes: 1 } as const

const schema = s.record({
  allowed_payload_size: s.integer({ default: 128, says: 'The largest body, in units of `size_unit`.' }),
  size_unit: s.string({
    required: true,
    default: 'megabytes',
    one_of: ['megabytes', 'kilobytes', 'bytes'],
    says: 'The unit: 1048576, 1024 or 1 bytes.',
  }),
  require_content_length: s.boolean({
    required: true,
    default: false,
    says: 'Refuses requests with neither Content-Length nor chunks, also those without a body.',
  }),
})

type Config = Infer<typeof schema>

export default definePlugin({
  name: 'request-size-limiting',
  summary: 'Refuses requests whose bodies are larger than a limit.',
  priority: 951, // after authentication
  schema,
  build: (config) => new RequestSizeLimiting(config),
})

class RequestSizeLimiting implements Handler {
  readonly #bytesMax: number
  readonly #requiresLength: boolean

  constructor(config: Config) {
    this.#bytesMax = config.allowed_payload_size * UNIT_BYTES[config.size_unit]
    this.#requiresLength = config.require_content_length
  }

  onRequest(x: Exchange): Verdict {
    // What is chunked has no length; what was gathered for a plugin has been counted.
    if (x.requestLength > this.#bytesMax || x.requestBytes > this.#bytesMax)
      return refuseLarge(x, this.#bytesMax)
    if (x.requestLength < 0) x.requestBytesMax = this.#bytesMax
    else if (this.#requiresLength && x.requestLength === 0 && findRow(x.request, 'content-length', 0) < 0) {
      x.fault = faults.LENGTH_REQUIRED
      return DONE
    }
    return NEXT
  }
}

const EXPECTATION_FAILED = 417

function refuseLarge(x: Exchange, bytesMax: number): Verdict {
  // Else the log would have what the client was told.
  x.detail = detailOf(Math.max(x.requestLength, x.requestBytes), bytesMax)
  const fault = faults.REQUEST_SIZE_EXCEEDED
  refuse(x, fault, x.expectsContinue ? EXPECTATION_FAILED : fault.status, fault.text)
  return DONE
}

function detailOf(bytes: number, bytesMax: number): string {
  return 'request-size-limiting: a body of '.concat(
    String(bytes),
    ' bytes; the route allows ',
    String(bytesMax),
  )
}
