/**
 * request-transformer — changes what the target is sent: method, path, headers, query and body.
 *
 * Values may be templates. They are all worked out before anything is changed, so they see the request as it came.
 *
 * LIMITS  Bodies of up to BODY_BYTES_MAX are held; those above LOOP_BYTES_MAX are worked on in another thread.
 */
import { faults } from '../../base/faults.ts'
import { refuse } from '../../contract/answer.ts'
import { type Exchange, NO_UPGRADE } from '../../contract/exchange.ts'
import type { Task } from '../../contract/machine/offload.ts'
import {
  DONE,
  definePlugin,
  type Handler,
  type Host,
  NEXT,
  type PluginScope,
  type Verdict,
  WAIT,
} from '../../contract/plugin.ts'
import { getField } from '../../http1/fields.ts'
import { TemplateError } from '../../templates/lua-value.ts'
import { bodyKind, isEncoded } from '../../transform/body-kind.ts'
import { ConfiguredValue } from '../../transform/configured-value.ts'
import { HeaderRules, UNTOUCHABLE_IN_REQUESTS } from '../../transform/header-rules.ts'
import { splitPair } from '../../transform/pair.ts'
import { RequestNames } from '../../transform/request-names.ts'
import { BodyRules } from './body-rules.ts'
import { type BodyWork, editBody } from './edit-body.ts'
import { editQuery, FORM_BYTES_MAX, setTarget } from './request-target.ts'
import { type Config, schema } from './schema.ts'

/** Bytes of a body that has rules; a larger one is refused with 413. */
const BODY_BYTES_MAX = 8 * 1024 * 1024
/** Up to here a body costs the event loop less than a thread would. */
const LOOP_BYTES_MAX = 64 * 1024
const NO_BYTES = Buffer.alloc(0)
const HOST_NAME = /^[A-Za-z0-9._~%:[\]-]+$/

export default definePlugin({
  name: 'request-transformer',
  summary: 'Changes method, path, headers, query and body of requests on their way to the target.',
  priority: 801, // behind limits and access rules, which see what the client sent
  schema,
  build: (config, host, scope) => new RequestTransformer(config, host, scope),
})

class RequestTransformer implements Handler {
  readonly requestBodyMax: number
  readonly #host: Host
  readonly #id: string
  readonly #method: string
  /** Whether a form joins the query. */
  readonly #joinsForm: boolean
  readonly #uri: ConfiguredValue | null
  readonly #hostValue: ConfiguredValue | null
  readonly #headers: HeaderRules
  readonly #body: BodyRules
  readonly #query: BodyRules
  readonly #changesHeadersOnly: boolean
  readonly #templates: readonly ConfiguredValue[]
  readonly #names: RequestNames
  readonly #task: Task<BodyWork, Uint8Array | null>
  #hasWarned: boolean

  constructor(config: Config, host: Host, scope: PluginScope) {
    this.#host = host
    this.#id = scope.id
    this.#method = config.http_method ?? ''
    this.#joinsForm = ['GET', 'HEAD', 'TRACE'].includes(this.#method)
    const uri = config.replace.uri
    this.#uri = uri === null || uri === '' ? null : new ConfiguredValue(uri, true)
    this.#headers = new HeaderRules(listsOf(config, 'headers'), {
      untouchable: UNTOUCHABLE_IN_REQUESTS,
      hasTemplates: true,
    })
    this.#hostValue = hostOf(config)
    this.#body = new BodyRules(listsOf(config, 'body'))
    this.#query = new BodyRules(listsOf(config, 'querystring'))
    const own = [this.#uri, this.#hostValue].filter((value) => value !== null && !value.isConstant)
    this.#templates = [
      ...own.filter((value) => value !== null),
      ...this.#headers.templates,
      ...this.#body.templates,
      ...this.#query.templates,
    ]
    this.requestBodyMax = this.#body.isEmpty && !this.#joinsForm ? 0 : BODY_BYTES_MAX
    this.#changesHeadersOnly =
      this.requestBodyMax === 0 && this.#method === '' && this.#uri === null && this.#query.isEmpty
    this.#names = new RequestNames()
    this.#task = host.offload.task(import.meta.url, 'edit-body')
    this.#hasWarned = false
    this.#tellOfProblems()
  }

  #tellOfProblems(): void {
    for (const name of this.#headers.passedOver) {
      if (name === 'host' && this.#hostValue !== null) continue
      this.#host.log('warn', `request-transformer: ${name} is the gateway's to write, and stays as it is`, {
        plugin_id: this.#id,
      })
    }
    for (const { source, problem } of this.#templates)
      if (problem !== '') this.#logTemplate('every request will fail', source, problem)
  }

  #logTemplate(what: string, template: string, problem: string, request?: string): void {
    const fields = { plugin_id: this.#id, template, ...(request === undefined ? {} : { request }) }
    this.#host.log('error', `request-transformer: ${what}: ${problem}`, fields)
  }

  /** Whatever the type is turned into: where headers change it, the body is looked at once they have. */
  wantsRequestBody(x: Exchange): boolean {
    if (this.#headers.names.has('content-type') || this.#headers.names.has('content-encoding')) return true
    const kind = bodyKind(getField(x.request, 'content-type'))
    return kind !== null && (kind === 'form' || !this.#body.isEmpty)
  }

  onRequest(x: Exchange): Verdict {
    if (this.#templates.length > 0 && !this.#render(x)) return DONE
    if (this.#hostValue !== null && !this.#setHost(x, this.#hostValue)) return DONE
    if (this.#changesHeadersOnly) {
      this.#headers.apply(x.request)
      return NEXT
    }
    // What comes before the headers sees them as they were, as in Kong.
    const form = this.#joinsForm ? formOf(x) : ''
    if (form.length > FORM_BYTES_MAX) {
      x.fault = faults.REQUEST_BODY_TOO_LARGE
      return DONE
    }
    if (this.#method !== '') x.upstreamMethod = this.#method
    setTarget(x, this.#uri, editQuery(x, form, this.#query))
    this.#headers.apply(x.request)
    return this.#body.isEmpty ? NEXT : this.#editBody(x)
  }

  #render(x: Exchange): boolean {
    this.#names.open(x)
    let source = ''
    try {
      for (const value of this.#templates) {
        source = value.source
        value.render(this.#names)
      }
      return true
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      this.#fail(x, source, error.message)
      return false
    } finally {
      this.#names.close()
    }
  }

  #fail(x: Exchange, template: string, problem: string): Verdict {
    x.fault = faults.PLUGIN_FAILED
    x.detail = `request-transformer: ${problem}`
    const request = x.requestId.latin1Slice(0, x.requestId.length)
    this.#logTemplate('a template has failed', template, problem, request)
    return DONE
  }

  #setHost(x: Exchange, value: ConfiguredValue): boolean {
    if (HOST_NAME.test(value.text)) {
      x.upstreamHost = value.text
      return true
    }
    this.#fail(x, value.source, 'it comes to what is no host')
    return false
  }

  #editBody(x: Exchange): Verdict {
    const bytes = x.requestBody ?? (x.requestLength === 0 && this.#mayHaveBody(x) ? NO_BYTES : null)
    const contentType = getField(x.request, 'content-type') ?? ''
    const kind = bodyKind(contentType)
    // Null: it streams, for it was of another type when it was to be gathered.
    if (bytes === null || kind === null || this.#isUnreadable(x)) return NEXT
    const work = { bytes, kind, contentType, edits: this.#body.edits }
    if (bytes.length > LOOP_BYTES_MAX) return this.#offload(x, work)
    try {
      takeBody(x, editBody(work))
      return NEXT
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      return this.#fail(x, '', error.message)
    }
  }

  #mayHaveBody(x: Exchange): boolean {
    return this.#body.adds && x.upgrade === NO_UPGRADE
  }

  #isUnreadable(x: Exchange): boolean {
    const encoding = getField(x.request, 'content-encoding')
    if (!isEncoded(encoding)) return false
    // Once a configuration: clients could fill the log.
    if (!this.#hasWarned)
      this.#host.log('warn', 'request-transformer: bodies with a Content-Encoding stay as they are', {
        plugin_id: this.#id,
        encoding,
      })
    this.#hasWarned = true
    return true
  }

  #offload(x: Exchange, work: BodyWork): Verdict {
    const isTaken = this.#task.run(work, (edited, problem) => {
      if (problem === '') {
        takeBody(x, edited)
        return x.flow?.resume(x)
      }
      this.#fail(x, '', problem)
      return x.flow?.finish(x)
    })
    if (isTaken) return WAIT
    refuse(x, faults.TASKS_FULL, faults.TASKS_FULL.status, faults.TASKS_FULL.text)
    return DONE
  }
}

function takeBody(x: Exchange, edited: Uint8Array | null): void {
  if (edited !== null) x.requestBody = Buffer.from(edited.buffer, edited.byteOffset, edited.byteLength)
}

function formOf(x: Exchange): string {
  if (x.requestBody === null || bodyKind(getField(x.request, 'content-type')) !== 'form') return ''
  return x.requestBody.toString('latin1')
}

function listsOf(config: Config, place: 'headers' | 'body' | 'querystring') {
  return {
    remove: config.remove[place],
    rename: config.rename[place],
    replace: config.replace[place],
    add: config.add[place],
    append: config.append[place],
  }
}

/** The last one that replaces Host, which nothing else may change. */
function hostOf(config: Config): ConfiguredValue | null {
  const entry = config.replace.headers.findLast((pair) => splitPair(pair)[0].toLowerCase() === 'host')
  return entry === undefined ? null : new ConfiguredValue(splitPair(entry)[1], true)
}
