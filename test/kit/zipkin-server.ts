/** zipkin-server — takes spans as a Zipkin does, and holds each to the rules of its API v2. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { Span } from '../../src/plugins/zipkin/span.ts'
import { until } from './command.ts'

const ID = /^[0-9a-f]{16}$/
const TRACE_ID = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/
/** Microseconds: later than 2020, earlier than 2100. */
const FROM = 1_577_836_800_000_000
const TO = 4_102_444_800_000_000

export class ZipkinServer {
  readonly spans: Span[] = []
  /** Why requests were refused. */
  readonly problems: string[] = []
  requests = 0
  /** What it answers; 0: nothing, the connection is cut. */
  status = 202
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        this.requests++
        if (this.status === 0) return request.socket.resetAndDestroy()
        if (this.status === 202) this.#take(request.headers['content-type'], Buffer.concat(parts).toString())
        response.writeHead(this.status).end()
      })
    })
  }

  get url(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/api/v2/spans`
  }

  #take(type: string | undefined, text: string): void {
    try {
      assert.equal(type, 'application/json')
      const spans = JSON.parse(text) as Span[] // checked one by one below
      assert.ok(Array.isArray(spans) && spans.length > 0)
      for (const span of spans) checkSpan(span)
      this.spans.push(...spans)
    } catch (error) {
      this.problems.push(`${error}: ${text}`)
    }
  }

  /** The spans of one trace, once there are so many. */
  async trace(traceId: string, count: number): Promise<Span[]> {
    const found = () => this.spans.filter((span) => span.traceId === traceId)
    await until(`${count} spans of ${traceId}`, () => this.problems.length > 0 || found().length >= count)
    assert.deepEqual(this.problems, [])
    return found()
  }

  listen(): Promise<this> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve(this)))
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

function checkSpan(span: Span): void {
  const known =
    'traceId id parentId kind name timestamp duration localEndpoint remoteEndpoint tags annotations'
  for (const name of Object.keys(span))
    assert.ok(known.split(' ').includes(name), `no field of a span: ${name}`)
  assert.match(span.traceId, TRACE_ID)
  assert.match(span.id, ID)
  if (span.parentId !== undefined) assert.match(span.parentId, ID)
  assert.notEqual(span.parentId, span.id)
  assert.ok(span.kind === 'SERVER' || span.kind === 'CLIENT')
  assert.ok(isTime(span.timestamp), `timestamp ${span.timestamp}`)
  assert.ok(Number.isInteger(span.duration) && span.duration > 0, `duration ${span.duration}`)
  assert.equal(typeof span.localEndpoint.serviceName, 'string')
  const { ipv4, ipv6, port } = span.remoteEndpoint ?? {}
  if (ipv4 !== undefined) assert.match(ipv4, /^\d+\.\d+\.\d+\.\d+$/)
  if (ipv6 !== undefined) assert.match(ipv6, /:/)
  if (port !== undefined) assert.ok(Number.isInteger(port) && port > 0 && port < 65_536)
  for (const [name, value] of Object.entries(span.tags)) assert.equal(typeof value, 'string', name)
  for (const { timestamp, value } of span.annotations ?? []) assert.ok(isTime(timestamp), value)
}

function isTime(value: number): boolean {
  return Number.isInteger(value) && value > FROM && value < TO
}

export function openZipkin(): Promise<ZipkinServer> {
  return new ZipkinServer().listen()
}
