/**
 * request-termination — answers in place of the target: maintenance, a retired path, a refused consumer, an echo.
 *
 * It runs last of all, so identity, limits and access rules have had their say before it answers.
 */
import { answer, JSON_TYPE, messageBody } from '../../contract/answer.ts'
import { type Exchange, NO_BODY } from '../../contract/exchange.ts'
import { DONE, definePlugin, type Handler, type Host, NEXT, type Verdict } from '../../contract/plugin.ts'
import { type Infer, s } from '../../contract/schema.ts'
import { echoOf } from './echo.ts'
import { Trigger } from './trigger.ts'

const HEADER_NAME: readonly [string, string] = [
  '^[A-Za-z0-9_-]+$',
  "bad header name, allowed characters are A-Z, a-z, 0-9, '_', and '-'",
]

const schema = s.record(
  {
    status_code: s.integer({
      required: true,
      default: 503,
      between: [100, 599],
      says: 'The status of the answer.',
    }),
    message: s.string({
      says: 'Sent as {"message":"…"}. Absent: the usual words for the status, where it has some.',
    }),
    content_type: s.string({ says: 'The Content-Type of `body`.' }),
    body: s.string({ says: 'The body, sent as it is.' }),
    echo: s.boolean({
      required: true,
      default: false,
      says: 'Answers with what the gateway saw of the request, to debug a client.',
    }),
    trigger: s.string({
      match: HEADER_NAME,
      says: 'Answers only requests that have a header or a query argument of this name.',
    }),
  },
  {
    entity_checks: [
      {
        name: 'message or body',
        check: ({ message, content_type, body }) =>
          isSet(message) && (isSet(content_type) || isSet(body))
            ? 'message cannot be used with content_type or body'
            : null,
      },
      {
        name: 'content_type with body',
        check: ({ content_type, body }) =>
          isSet(content_type) && !isSet(body) ? 'content_type requires a body' : null,
      },
      {
        name: 'echo alone',
        check: ({ echo, content_type, body }) =>
          echo === true && (isSet(content_type) || isSet(body))
            ? 'echo cannot be used with content_type and body'
            : null,
      },
    ],
  },
)

type Config = Infer<typeof schema>

export default definePlugin({
  name: 'request-termination',
  summary: 'Answers with a fixed status and message and never asks the target.',
  priority: 2, // last: who may ask, and how often, is decided before
  schema,
  build: (config, host) => (config.echo ? new EchoTermination(config, host) : new FixedTermination(config)),
})

/** The words Kong uses where none are configured; any other status then has an empty body. */
const USUAL_WORDS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  404: 'Not found',
  405: 'Method not allowed',
  500: 'An unexpected error occurred',
  502: 'Bad Gateway',
  503: 'Service unavailable',
}

/** Bytes of request body an echo shows. A larger body is refused with 413, as the gateway would have to hold it. */
const ECHO_BODY_MAX = 1024 * 1024

class FixedTermination implements Handler {
  readonly #trigger: Trigger | null
  readonly #status: number
  readonly #body: Uint8Array
  readonly #contentType: string | null

  constructor(config: Config) {
    const message = messageOf(config)
    this.#trigger = triggerOf(config)
    this.#status = config.status_code
    if (isSet(config.body)) {
      this.#body = Buffer.from(config.body)
      this.#contentType = config.content_type
    } else {
      this.#body = message === null ? NO_BODY : messageBody(message)
      this.#contentType = message === null ? null : JSON_TYPE
    }
  }

  onRequest(x: Exchange): Verdict {
    if (this.#trigger !== null && !this.#trigger.isPulled(x.request)) return NEXT
    answer(x, this.#status, this.#body, this.#contentType)
    return DONE
  }
}

class EchoTermination implements Handler {
  /** With a trigger most requests go on to the target, and their bodies must not be held or bounded here. */
  readonly requestBodyMax: number
  readonly #trigger: Trigger | null
  readonly #status: number
  readonly #message: string | null
  readonly #host: Host

  constructor(config: Config, host: Host) {
    this.#trigger = triggerOf(config)
    this.requestBodyMax = this.#trigger === null ? ECHO_BODY_MAX : 0
    this.#status = config.status_code
    this.#message = messageOf(config)
    this.#host = host
  }

  onRequest(x: Exchange): Verdict {
    if (this.#trigger !== null && !this.#trigger.isPulled(x.request)) return NEXT
    answer(x, this.#status, JSON.stringify(echoOf(x, this.#message, this.#host)), JSON_TYPE)
    return DONE
  }
}

function isSet<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined
}

function messageOf(config: Config): string | null {
  return config.message ?? USUAL_WORDS[config.status_code] ?? null
}

function triggerOf(config: Config): Trigger | null {
  return config.trigger === null ? null : new Trigger(config.trigger)
}
