/**
 * maintenance — answers 503 in place of a service that is being worked on; reading may go on, and who shows the pass
 * gets through.
 *
 * An example of a plugin of your own: a typed configuration, what is made once, a step that decides, one that edits the
 * answer, and one that counts.
 */
import { timingSafeEqual } from 'node:crypto'
import { answer } from '../../../src/contract/answer.ts'
import type { Exchange } from '../../../src/contract/exchange.ts'
// biome-ignore format: one line is what a reader copies
import { DONE, definePlugin, type Handler, type Host, NEXT, type Verdict } from '../../../src/contract/plugin.ts'
import { type Infer, s } from '../../../src/contract/schema.ts'
import { getField, removeField, setField } from '../../../src/http1/fields.ts'
import { isMethod } from '../../../src/http1/method.ts'

const PASS_HEADER = 'x-maintenance-pass'

const schema = s.record({
  message: s.string({ default: 'We are back soon.', len_max: 500, says: 'What clients are told.' }),
  retry_after: s.integer({ default: 60, between: [1, 86400], says: 'Seconds after which they may ask again.' }),
  read_only: s.boolean({ default: false, says: 'Lets GET, HEAD and OPTIONS through.' }),
  pass: s.string({
    len_min: 16,
    referenceable: true,
    encrypted: true,
    says: 'Who sends it in X-Maintenance-Pass gets through. Absent: nobody does.',
  }),
})

export default definePlugin({
  name: 'maintenance',
  summary: 'Answers 503 in place of a service that is being worked on.',
  priority: 2400, // before anybody is asked who they are
  schema,
  build: (config, host) => new Maintenance(config, host),
})

class Maintenance implements Handler {
  // Made once: a request costs no more than it must.
  readonly #body: Buffer
  readonly #retryAfter: string
  readonly #isReadOnly: boolean
  readonly #pass: Buffer | null
  readonly #host: Host
  #refused = 0

  constructor(config: Infer<typeof schema>, host: Host) {
    this.#body = Buffer.from(JSON.stringify({ message: config.message }))
    this.#retryAfter = String(config.retry_after)
    this.#isReadOnly = config.read_only
    this.#pass = config.pass === null ? null : Buffer.from(config.pass)
    this.#host = host
  }

  onRequest(x: Exchange): Verdict {
    const isLet = this.#hasPass(x) || (this.#isReadOnly && isReading(x))
    // The service has no use for it, and its log is no place for it.
    removeField(x.request, PASS_HEADER)
    if (isLet) return NEXT
    this.#refused++
    answer(x, 503, this.#body, 'application/json; charset=utf-8')
    setField(x.response, 'Retry-After', this.#retryAfter)
    return DONE
  }

  onResponse(x: Exchange): void {
    setField(x.response, 'X-Maintenance', 'on')
  }

  /** Once, when the configuration is replaced: the work is over. */
  close(): void {
    this.#host.log('info', 'maintenance is over', { refused: this.#refused })
  }

  #hasPass(x: Exchange): boolean {
    const given = getField(x.request, PASS_HEADER)
    if (given === null || this.#pass === null) return false
    const bytes = Buffer.from(given, 'latin1')
    // In constant time: a comparison that stops early tells how much was right.
    return bytes.length === this.#pass.length && timingSafeEqual(bytes, this.#pass)
  }
}

function isReading(x: Exchange): boolean {
  return isMethod(x.request, 'GET') || isMethod(x.request, 'HEAD') || isMethod(x.request, 'OPTIONS')
}
