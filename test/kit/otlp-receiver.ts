/** otlp-receiver — takes traces and log records over OTLP/HTTP, and says what is not as the protocol has it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { PATIENCE_MS } from './byte-reader.ts'
import { type Decoded, decodeLogs, decodeTraces } from './otlp-decode.ts'

export interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  /** '' for none. */
  readonly parentSpanId: string
  readonly name: string
  readonly kind: number
  readonly startNano: bigint
  readonly endNano: bigint
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  /** 2: an error. */
  readonly status: number
  readonly statusText: string
  readonly flags: number
}

export interface OtlpLog {
  readonly traceId: string
  readonly spanId: string
  readonly severity: string
  readonly body: string
  readonly attributes: Readonly<Record<string, string | number | boolean>>
}

/** What the receiver answers. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

const TAKEN: Answer = { status: 200 }
const REMOTE = 0x200
const KNOWS_REMOTE = 0x100

export class OtlpReceiver {
  /** Null: never answers. */
  behave: () => Answer | null = () => TAKEN
  readonly spans: OtlpSpan[] = []
  readonly logs: OtlpLog[] = []
  readonly resources: Record<string, unknown>[] = []
  readonly requests: http.IncomingHttpHeaders[] = []
  /** What was not as it has to be. */
  readonly faults: string[] = []
  readonly #server: http.Server
  #onChange: () => void = () => {}

  constructor() {
    this.#server = http.createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('error', () => {})
      request.on('end', () => this.#serve(request, response, Buffer.concat(chunks)))
    })
  }

  get port(): number {
    const address = this.#server.address() as AddressInfo | null // it listens on a port
    return address?.port ?? 0
  }

  async listen(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  forget(): void {
    for (const list of [this.spans, this.logs, this.resources, this.requests, this.faults]) list.length = 0
    this.behave = () => TAKEN
  }

  /** Waits until `find` finds something; fails with what was not as it has to be. */
  async until<T>(what: string, find: () => T | undefined | false): Promise<T> {
    let timer: NodeJS.Timeout | null = null
    try {
      return await new Promise<T>((resolve, reject) => {
        const look = (): void => {
          const found = find()
          if (found !== undefined && found !== false) resolve(found)
        }
        timer = setTimeout(() => {
          const spans = this.spans.map((span) => span.name).join(' ')
          reject(new Error(`${what} did not come; here: ${spans}; faults: ${this.faults.join('; ')}`))
        }, PATIENCE_MS)
        this.#onChange = look
        look()
      })
    } finally {
      if (timer !== null) clearTimeout(timer)
      this.#onChange = () => {}
      assert.deepEqual(this.faults, [])
    }
  }

  /** All spans of the first trace that has one named `kong` about this path, once it has come. */
  async traceOf(path: string): Promise<Map<string, OtlpSpan[]>> {
    const root = await this.until(`the trace of ${path}`, () =>
      this.spans.find((span) => span.name === 'kong' && String(span.attributes['http.url']).endsWith(path)),
    )
    const spans = this.spans.filter((span) => span.traceId === root.traceId)
    checkTree(spans)
    return groupByName(spans)
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse, body: Buffer): void {
    this.requests.push(request.headers)
    const answer = this.behave()
    if (answer !== null && answer.status === 200) this.#take(request, body)
    if (answer !== null) response.writeHead(answer.status, answer.headers).end(answer.body ?? '')
    this.#onChange()
  }

  #take(request: http.IncomingMessage, body: Buffer): void {
    try {
      assert.equal(request.method, 'POST')
      if (request.url === '/v1/traces') this.#takeSpans(readBody(request, body, decodeTraces))
      else if (request.url === '/v1/logs') this.#takeLogs(readBody(request, body, decodeLogs))
      else assert.fail(`nothing is at ${request.url}`)
    } catch (error) {
      this.faults.push(String(error))
    }
  }

  #takeSpans(decoded: Decoded): void {
    for (const resource of listOf(decoded, 'resourceSpans')) {
      this.resources.push(attributesOf(objectOf(resource, 'resource')))
      for (const scope of listOf(resource, 'scopeSpans')) {
        assert.equal(objectOf(scope, 'scope')['name'], 'sluice')
        for (const span of listOf(scope, 'spans')) this.spans.push(checkedSpan(span))
      }
    }
  }

  #takeLogs(decoded: Decoded): void {
    for (const resource of listOf(decoded, 'resourceLogs'))
      for (const scope of listOf(resource, 'scopeLogs'))
        for (const log of listOf(scope, 'logRecords')) this.logs.push(checkedLog(log))
  }
}

function readBody(request: http.IncomingMessage, body: Buffer, decode: (bytes: Buffer) => Decoded): Decoded {
  const type = request.headers['content-type']
  assert.equal(Number(request.headers['content-length']), body.length)
  if (type === 'application/x-protobuf') return decode(body)
  assert.equal(type, 'application/json')
  return JSON.parse(body.toString('utf8')) as Decoded // checked field by field
}

function checkedSpan(span: Decoded): OtlpSpan {
  const made: OtlpSpan = {
    traceId: idOf(span, 'traceId', 32),
    spanId: idOf(span, 'spanId', 16),
    parentSpanId: span['parentSpanId'] === undefined ? '' : idOf(span, 'parentSpanId', 16),
    name: String(span['name']),
    kind: Number(span['kind']),
    startNano: nanoOf(span, 'startTimeUnixNano'),
    endNano: nanoOf(span, 'endTimeUnixNano'),
    attributes: attributesOf(span),
    status: Number(objectOf(span, 'status')['code'] ?? 0),
    statusText: String(objectOf(span, 'status')['message'] ?? ''),
    flags: Number(span['flags']),
  }
  assert.ok(made.startNano <= made.endNano, `${made.name} ends before it starts`)
  assert.equal(made.flags & 1, 1, 'it is sampled')
  assert.equal(made.flags & KNOWS_REMOTE, KNOWS_REMOTE)
  assert.match(
    made.name,
    /^kong(?:$|\.(?:router|balancer|(?:rewrite|access|header_filter)\.plugin\.[a-z0-9-]+)$)/,
  )
  const kind = made.name === 'kong' ? 2 : made.name === 'kong.balancer' ? 3 : 1
  assert.equal(made.kind, kind, `the kind of ${made.name}`)
  return made
}

function checkedLog(log: Decoded): OtlpLog {
  assert.equal(nanoOf(log, 'timeUnixNano'), nanoOf(log, 'observedTimeUnixNano'))
  const severity = String(log['severityText'])
  assert.equal(log['severityNumber'], { INFO: 9, WARN: 13, ERROR: 17 }[severity])
  return {
    traceId: log['traceId'] === undefined ? '' : idOf(log, 'traceId', 32),
    spanId: log['spanId'] === undefined ? '' : idOf(log, 'spanId', 16),
    severity,
    body: String(objectOf(log, 'body')['stringValue']),
    attributes: attributesOf(log),
  }
}

/** One root, whose parent is nobody's here; every other span hangs under it and lies within it. */
export function checkTree(spans: readonly OtlpSpan[]): void {
  assert.equal(new Set(spans.map((span) => span.spanId)).size, spans.length, 'ids of spans are unique')
  const roots = spans.filter((span) => span.name === 'kong')
  assert.equal(roots.length, 1, 'one span of the whole')
  const root = roots[0]!
  assert.equal((root.flags & REMOTE) !== 0, root.parentSpanId !== '', 'a parent of the whole is remote')
  for (const span of spans) {
    if (span === root) continue
    assert.equal(span.parentSpanId, root.spanId, `${span.name} hangs under the whole`)
    assert.equal(span.flags & REMOTE, 0, `the parent of ${span.name} is here`)
    assert.ok(span.startNano >= root.startNano, `${span.name} starts within the whole`)
    assert.ok(span.endNano <= root.endNano, `${span.name} ends within the whole`)
  }
}

function attributesOf(owner: Decoded): Record<string, string | number | boolean> {
  const found: Record<string, string | number | boolean> = {}
  for (const attribute of listOf(owner, 'attributes')) {
    const key = String(attribute['key'])
    assert.ok(!(key in found), `${key} stands twice`)
    const entries = Object.entries(objectOf(attribute, 'value'))
    assert.equal(entries.length, 1, `${key} has one value`)
    found[key] = valueOfKind(key, ...entries[0]!)
  }
  return found
}

function valueOfKind(key: string, kind: string, value: unknown): string | number | boolean {
  if (kind === 'stringValue' && typeof value === 'string') return value
  if (kind === 'boolValue' && typeof value === 'boolean') return value
  if (kind === 'doubleValue' && typeof value === 'number') return value
  assert.equal(kind, 'intValue', key)
  assert.ok(typeof value === 'string' && /^-?\d+$/.test(value), `${key}: a 64-bit integer is text`)
  return Number(value)
}

function idOf(owner: Decoded, name: string, length: number): string {
  const id = owner[name]
  assert.ok(typeof id === 'string' && new RegExp(`^[0-9a-f]{${length}}$`).test(id), `${name}: ${String(id)}`)
  assert.doesNotMatch(id, /^0+$/)
  return id
}

const EARLIEST = 1_600_000_000_000_000_000n
const LATEST = 5_000_000_000_000_000_000n

function nanoOf(owner: Decoded, name: string): bigint {
  const text = owner[name]
  assert.ok(typeof text === 'string' && /^\d+$/.test(text), `${name}: a 64-bit integer is text`)
  const value = BigInt(text)
  assert.ok(value > EARLIEST && value < LATEST, `${name}: nanoseconds since 1970`)
  return value
}

function listOf(owner: Decoded, name: string): Decoded[] {
  const list = owner[name] ?? []
  assert.ok(Array.isArray(list), name)
  return list
}

function objectOf(owner: Decoded, name: string): Decoded {
  const value = owner[name] ?? {}
  assert.ok(typeof value === 'object', name)
  return value as Decoded // what stands in it is checked where it is read
}

function groupByName(spans: readonly OtlpSpan[]): Map<string, OtlpSpan[]> {
  const groups = new Map<string, OtlpSpan[]>()
  for (const span of spans) groups.set(span.name, [...(groups.get(span.name) ?? []), span])
  return groups
}
