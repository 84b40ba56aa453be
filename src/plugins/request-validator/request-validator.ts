/**
 * request-validator — lets pass only requests whose body and parameters conform to JSON Schemas.
 *
 * Schemas are compiled when the configuration is loaded. A body of more than INLINE_BYTES_MAX is read and checked by
 * another thread, so that it holds up nobody else; the request waits meanwhile.
 */
import { faults } from '../../base/faults.ts'
import { answer, exitJson, JSON_TYPE as JSON_ANSWER, messageBody, refuse } from '../../contract/answer.ts'
import { type Exchange, NO_BODY } from '../../contract/exchange.ts'
import type { Task } from '../../contract/machine/offload.ts'
import {
  DONE,
  definePlugin,
  type Handler,
  type Host,
  NEXT,
  type Verdict,
  WAIT,
} from '../../contract/plugin.ts'
import { type Infer, s, type Value } from '../../contract/schema.ts'
import { getFields, setField } from '../../http1/fields.ts'
import { type BodyToCheck, judgeBody } from './check-body.ts'
import { type Check, compileSchema, type Version } from './compile-schema.ts'
import { ContentTypes, isUtf8, JSON_TYPE, readContentType } from './content-types.ts'
import { Parameter, readArguments } from './parameter.ts'
import { STYLES } from './styles.ts'

/** A larger body is refused with 413. */
const BODY_BYTES_MAX = 1024 * 1024
/** A larger body is checked by another thread. */
const INLINE_BYTES_MAX = 64 * 1024
const PARAMETERS_MAX = 200
/** Seconds to wait where that thread has too much to do. */
const RETRY_AFTER = '1'

const TYPE_REFUSED = messageBody('specified Content-Type is not allowed')
const BODY_PROBLEM = "request body doesn't conform to schema"
const PARAMETER_PROBLEM = "request param doesn't conform to schema"
const BODY_REFUSED = messageBody(BODY_PROBLEM)
const PARAMETER_REFUSED = messageBody(PARAMETER_PROBLEM)

const parameter = s.record(
  {
    in: s.string({ one_of: ['query', 'header', 'path'], required: true, says: 'Where the parameter is.' }),
    name: s.string({
      required: true,
      says: 'Its name; in a path, the name of a capture of the route: `~/users/(?<id>[^/]+)$`.',
    }),
    required: s.boolean({ required: true, default: false, says: 'Whether it has to be there.' }),
    style: s.string({
      one_of: ['label', 'form', 'matrix', 'simple', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
      says: 'How OpenAPI writes the value.',
    }),
    explode: s.boolean({ says: 'Whether each item of an array or object is written on its own.' }),
    schema: s.string({ says: "The value's JSON Schema, as JSON text with a top-level `type`." }),
  },
  {
    entity_checks: [
      { name: 'mutually_required', fields: ['style', 'explode', 'schema'], check: checkTogether },
      { name: 'custom_entity_check', fields: ['in', 'style'], check: checkStyle },
    ],
  },
)

const schema = s.record(
  {
    body_schema: s.string({
      says: 'What the body has to be, as JSON text in the language that `version` names.',
    }),
    allowed_content_types: s.set(
      s.string({ match: ['^[^\\s;]+/[^\\s;]+', "invalid value: must be in the form 'type/subtype'"] }),
      {
        default: ['application/json'],
        says: 'The Content-Types a request may have. Bodies of `application/json` are checked, those of others pass.',
      },
    ),
    content_type_parameter_validation: s.boolean({
      default: true,
      says: 'Whether the first parameter of the Content-Type (`charset=utf-8`) has to be as allowed too.',
    }),
    version: s.string({
      one_of: ['kong', 'draft4', 'draft6', 'draft7', 'draft201909', 'draft202012'],
      required: true,
      default: 'kong',
      says: "The language of the schemas: JSON Schema's, or Kong's own. Schemas of parameters are then of draft 4.",
    }),
    parameter_schema: s.array(parameter, {
      len_max: PARAMETERS_MAX,
      says: 'What the parameters have to be.',
    }),
    verbose_response: s.boolean({
      required: true,
      default: false,
      says: 'Tells the client what does not conform. It may show parts of the schema.',
    }),
  },
  {
    entity_checks: [
      { name: 'at_least_one_of', check: checkPresent },
      { name: 'schemas', check: checkSchemas },
    ],
  },
)

type Config = Infer<typeof schema>
type Fields = { [name: string]: Value }

export default definePlugin({
  name: 'request-validator',
  summary: 'Lets pass only requests whose body and parameters conform to JSON Schemas.',
  priority: 999, // behind who asks, before limits and what changes requests
  schema,
  build: (config, host) => new RequestValidator(config, host),
})

class RequestValidator implements Handler {
  readonly requestBodyMax: number
  readonly #parameters: readonly Parameter[]
  readonly #readsQuery: boolean
  readonly #types: ContentTypes
  readonly #check: Check | null
  readonly #task: Task<BodyToCheck, string>
  readonly #schema: string
  readonly #version: Version
  readonly #isVerbose: boolean

  constructor(config: Config, host: Host) {
    const { version, body_schema: bodySchema } = config
    this.requestBodyMax = bodySchema === null ? 0 : BODY_BYTES_MAX
    this.#parameters = (config.parameter_schema ?? []).map((each) => new Parameter(each, version))
    this.#readsQuery = this.#parameters.some(({ place }) => place === 'query')
    this.#types = new ContentTypes(config.allowed_content_types, config.content_type_parameter_validation)
    this.#check = bodySchema === null ? null : compileSchema(bodySchema, version)
    this.#task = host.offload.task(import.meta.url, 'check-body')
    this.#schema = bodySchema ?? ''
    this.#version = version
    this.#isVerbose = config.verbose_response
  }

  onRequest(x: Exchange): Verdict {
    if (this.#parameters.length !== 0 && !this.#judgeParameters(x)) return DONE
    return this.#check === null ? NEXT : this.#judgeBody(x, this.#check)
  }

  /** False: the refusal is in x. */
  #judgeParameters(x: Exchange): boolean {
    const query = this.#readsQuery ? readArguments(x) : []
    for (const each of this.#parameters) {
      const problem = each.judge(x, query)
      if (problem === '') continue
      if (this.#isVerbose) exitJson(x, 400, `${each.title} validation failed, [error] ${problem}`)
      else answer(x, 400, PARAMETER_REFUSED, JSON_ANSWER)
      return false
    }
    return true
  }

  #judgeBody(x: Exchange, check: Check): Verdict {
    const fields = getFields(x.request, 'content-type')
    // Without one the target may well take the body for JSON.
    const type = readContentType(fields[0] ?? JSON_TYPE)
    if (fields.length > 1 || !this.#types.allows(type)) {
      answer(x, 415, TYPE_REFUSED, JSON_ANSWER)
      return DONE
    }
    if (type.type !== JSON_TYPE) return NEXT
    if (!isUtf8(type)) return this.#refuseBody(x, 'its charset is not UTF-8')
    const body = x.requestBody ?? NO_BODY
    if (body.length > INLINE_BYTES_MAX) return this.#checkLater(x, body)
    const problem = judgeBody(body, check)
    return problem === '' ? NEXT : this.#refuseBody(x, problem)
  }

  #checkLater(x: Exchange, body: Uint8Array): Verdict {
    const input = { schema: this.#schema, version: this.#version, body }
    const isTaken = this.#task.run(input, (problem, failure) => this.#checked(x, problem, failure))
    if (isTaken) return WAIT
    setField(x.response, 'Retry-After', RETRY_AFTER)
    refuse(x, faults.TASKS_FULL, faults.TASKS_FULL.status, faults.TASKS_FULL.text)
    return DONE
  }

  /** By the other thread. It may be late: the client has gone, and then nothing comes of it. */
  #checked(x: Exchange, problem: string | null, failure: string): void {
    if (problem === '') return x.flow?.resume(x)
    if (problem !== null) this.#refuseBody(x, problem)
    else {
      x.fault = faults.PLUGIN_FAILED
      x.detail = `the body could not be checked: ${failure}`
    }
    x.flow?.finish(x)
  }

  #refuseBody(x: Exchange, problem: string): Verdict {
    if (this.#isVerbose) exitJson(x, 400, `${BODY_PROBLEM}: ${problem}`)
    else answer(x, 400, BODY_REFUSED, JSON_ANSWER)
    return DONE
  }
}

const TOGETHER = ['style', 'explode', 'schema']

function checkTogether(record: Fields): string | null {
  const given = TOGETHER.filter((name) => record[name] !== null && record[name] !== undefined)
  if (given.length === 0 || given.length === TOGETHER.length) return null
  return "all or none of these fields must be set: 'style', 'explode', 'schema'"
}

function checkStyle(record: Fields): string | null {
  const { in: place, style } = record
  if (typeof style !== 'string') return null
  const allowed = STYLES[place as keyof typeof STYLES] // one_of has seen to it
  return allowed.includes(style) ? null : `style '${style}' not supported '${String(place)}' parameter`
}

function checkPresent(record: Fields): string | null {
  const { body_schema: body, parameter_schema: parameters } = record
  const isEmpty = (value: Value | undefined) => value == null || (Array.isArray(value) && value.length === 0)
  if (!isEmpty(body) || !isEmpty(parameters)) return null
  return "at least one of these fields must be non-empty: 'body_schema', 'parameter_schema'"
}

/** Only what could not be built is said here, with the field it is about. */
function checkSchemas(record: Fields): string | null {
  const config = record as unknown as Config // its fields have passed
  let at = 'body_schema'
  try {
    if (config.body_schema !== null) compileSchema(config.body_schema, config.version)
    for (const [i, each] of (config.parameter_schema ?? []).entries()) {
      at = `parameter_schema[${i + 1}].schema (${each.in} '${each.name}')`
      new Parameter(each, config.version)
    }
    return null
  } catch (cause) {
    return `${at}: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}
