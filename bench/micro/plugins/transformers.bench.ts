/**
 * transformers — what request-transformer and response-transformer add to a request.
 *
 *     node dist/bench/micro/plugins/transformers.bench.js
 *
 * The exchange is reset and its heads read anew as between requests; what that costs is the first case of each group,
 * so what a plugin adds is told by "over first".
 */
import { validate } from '../../../src/config/validate.ts'
import type { Exchange } from '../../../src/contract/exchange.ts'
import { type AnyPlugin, type Handler, NEXT } from '../../../src/contract/plugin.ts'
import type { Value } from '../../../src/contract/schema.ts'
import requestTransformer from '../../../src/plugins/request-transformer/request-transformer.ts'
import responseTransformer from '../../../src/plugins/response-transformer/response-transformer.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

const REQUEST = Buffer.from(
  'GET /orders?user=jo&page=2 HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n' +
    'Accept-Encoding: gzip\r\nCookie: a=b\r\nX-Trace: 0123456789abcdef\r\nContent-Type: application/json\r\n\r\n',
)
const ANSWER = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 300\r\nServer: nginx\r\n' +
    'X-Powered-By: PHP/8\r\nCache-Control: no-store\r\nSet-Cookie: a=b\r\n\r\n',
)
const MEMBERS = 20

export const bench: Bench = {
  name: 'transformers',
  says: 'what the transformers add to a request',
  groups: [
    { name: 'requests', open: openRequests },
    { name: 'answers', open: openAnswers },
    { name: 'JSON bodies', open: openBodies },
  ],
}

function openRequests(): Case[] {
  return [
    requestCase('without it', null),
    requestCase('3 headers added', { add: { headers: ['X-A:1', 'X-B:2', 'X-C:3'] } }),
    requestCase('a header removed, replaced, added and appended', {
      remove: { headers: ['cookie'] },
      replace: { headers: ['user-agent:gateway'] },
      add: { headers: ['X-A:1'] },
      append: { headers: ['accept:text/html'] },
    }),
    requestCase('a header of a template', { add: { headers: ['X-A:$(headers["x-trace"] or "none")-v2'] } }),
    requestCase('the query edited', { remove: { querystring: ['page'] }, add: { querystring: ['size:10'] } }),
  ]
}

function openAnswers(): Case[] {
  const rules = { remove: { headers: ['x-powered-by'] }, add: { headers: ['X-A:1', 'X-B:2'] } }
  return [answerCase('without it', null), answerCase('a header removed, 2 added', rules)]
}

/** A member taken out and one added, of small and larger objects. */
function openBodies(): Case[] {
  const handler = build(responseTransformer, { remove: { json: ['member5'] }, add: { json: ['x:1'] } })
  return [
    bodyCase('1 KiB', handler, 1024),
    bodyCase('64 KiB', handler, 64 * 1024),
    bodyCase('1 MiB', handler, 1024 * 1024),
  ]
}

/** Each plugin's definition has a config type of its own, which its own schema makes. */
function build(plugin: object, config: object): Handler {
  const { schema, build: make } = plugin as AnyPlugin
  const { value, findings } = validate(schema, config as Value)
  if (findings.length > 0) throw new Error(`a bench with a bad configuration: ${findings[0]?.message}`)
  const scope = { id: 'p', instanceName: null, routeId: 'r', serviceId: null, consumerId: null }
  return make(value as never, makeHost(), scope)
}

function requestCase(name: string, config: object | null): Case {
  const x = exchangeOf()
  const handler = config === null ? null : build(requestTransformer, config)
  return { name, run: (times) => runRequests(x, handler, times) }
}

function runRequests(x: Exchange, handler: Handler | null, times: number): number {
  let passed = 0
  for (let i = 0; i < times; i++) {
    x.reset()
    x.request.feed(REQUEST, 0, REQUEST.length)
    if (handler === null || handler.onRequest!(x) === NEXT) passed++
  }
  if (passed !== times) throw new Error(`${passed} of ${times} requests passed`)
  return passed
}

function answerCase(name: string, config: object | null): Case {
  const x = exchangeOf()
  const handler = config === null ? null : build(responseTransformer, config)
  return { name, run: (times) => runAnswers(x, handler, times) }
}

function runAnswers(x: Exchange, handler: Handler | null, times: number): number {
  let fields = 0
  for (let i = 0; i < times; i++) {
    x.reset()
    x.response.feed(ANSWER, 0, ANSWER.length)
    x.proxied = true
    if (handler !== null) handler.onResponse!(x)
    fields += x.response.count
  }
  return fields
}

function bodyCase(name: string, handler: Handler, size: number): Case {
  const members = Array.from({ length: MEMBERS }, (_, i) => `"member${i}":${listOf(size / MEMBERS)}`)
  const body = Buffer.from(`{${members.join(',')}}`)
  const x = exchangeOf()
  x.response.feed(ANSWER, 0, ANSWER.length)
  return { name, run: (times) => runBodies(x, handler, body, times) }
}

/** About so many characters of JSON as it is met with: short texts and numbers. */
function listOf(size: number): string {
  const entry = '{"id":12345,"name":"a short text","price":9.95}'
  return `[${Array.from({ length: Math.max(1, Math.floor(size / entry.length)) }, () => entry).join(',')}]`
}

function runBodies(x: Exchange, handler: Handler, body: Buffer, times: number): number {
  let length = 0
  for (let i = 0; i < times; i++) length += handler.onResponseBody!(x, body).length
  return length
}

await runAlone(bench, import.meta.url)
