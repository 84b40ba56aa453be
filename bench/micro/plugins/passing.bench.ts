/**
 * passing — what the plugins add to a request that goes on as it came: cors, canary, fault-injection and mirror.
 *
 *     node dist/bench/micro/plugins/passing.bench.js
 *
 * The exchange is reset, and both its heads are read anew, as between requests; what that costs is the first case, so
 * what a plugin adds is told by "over first".
 */
import { validate } from '../../../src/config/validate.ts'
import type { Exchange } from '../../../src/contract/exchange.ts'
import type { Route, Service } from '../../../src/contract/plan.ts'
import { type AnyPlugin, type Handler, NEXT } from '../../../src/contract/plugin.ts'
import type { Value } from '../../../src/contract/schema.ts'
import canary from '../../../src/plugins/canary/canary.ts'
import cors from '../../../src/plugins/cors/cors.ts'
import faultInjection from '../../../src/plugins/fault-injection/fault-injection.ts'
import mirror from '../../../src/plugins/mirror/mirror.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { FakeBalancer, makeRoute, makeService } from '../../../test/kit/flow-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

const REQUEST = Buffer.from(
  'GET /orders HTTP/1.1\r\nHost: api.example.com\r\nOrigin: https://app.example.com\r\nAccept: */*\r\n' +
    'Accept-Encoding: gzip\r\nCookie: a=b\r\nX-Trace: 0123456789abcdef\r\nReferer: https://app.example.com/\r\n\r\n',
)
const RESPONSE = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nVary: Accept-Encoding\r\n\r\n',
)
const APP = 'https://app.example.com'
const ELSEWHERE = { upstream_host: 'next' }

export const bench: Bench = {
  name: 'passing',
  says: 'what the plugins add to a request that goes on as it came',
  groups: [
    { name: 'cors', open: openCors },
    { name: 'other ways', open: openWays },
  ],
}

function openCors(): Case[] {
  const patterns = Array.from({ length: 20 }, (_, i) => `^https://[a-z]+\\.site-${i}\\.com$`)
  return [
    makeCase('without it', []),
    makeCase('everybody', [build(cors, {})]),
    makeCase('everybody, with credentials', [build(cors, { credentials: true })]),
    makeCase('one origin', [build(cors, { origins: [APP] })]),
    makeCase('20 patterns and an origin', [build(cors, { origins: [...patterns, APP] })]),
  ]
}

function openWays(): Case[] {
  return [
    makeCase('without them', []),
    makeCase('canary, by number', [build(canary, { ...ELSEWHERE, percentage: 5, hash: 'none' })]),
    makeCase('canary, by address', [build(canary, { ...ELSEWHERE, percentage: 5, hash: 'ip' })]),
    makeCase('fault-injection, of no request', [
      build(faultInjection, { abort: { http_status: 503, percentage: 0 } }),
    ]),
    makeCase('mirror, of no request', [build(mirror, { ...ELSEWHERE, percentage: 0 })]),
  ]
}

const SERVICE: Service = makeService(new FakeBalancer([]))
const ROUTE: Route = makeRoute(SERVICE)

/** Each plugin's definition has a config type of its own, which its own schema makes. */
function build(plugin: object, config: object): Handler {
  const { schema, build: make } = plugin as AnyPlugin
  const { value, findings } = validate(schema, config as Value)
  if (findings.length > 0) throw new Error(`a bench with a bad configuration: ${findings[0]?.message}`)
  const scope = { id: 'p', instanceName: null, routeId: 'r', serviceId: null, consumerId: null }
  const detours = () => new Map([[SERVICE.id, new FakeBalancer([])]])
  return make(value as never, makeHost({ detours }), scope)
}

function makeCase(name: string, handlers: readonly Handler[]): Case {
  const x = exchangeOf('GET / HTTP/1.1\nHost: a\n')
  return { name, run: (times) => run(x, handlers, times) }
}

function run(x: Exchange, handlers: readonly Handler[], times: number): number {
  let passed = 0
  for (let i = 0; i < times; i++) {
    x.reset()
    x.request.feed(REQUEST, 0, REQUEST.length)
    x.route = ROUTE
    x.clientAddress = '192.0.2.7'
    let verdict: number = NEXT
    for (let step = 0; step < handlers.length; step++) verdict |= handlers[step]!.onRequest!(x)
    x.response.feed(RESPONSE, 0, RESPONSE.length)
    for (let step = 0; step < handlers.length; step++) handlers[step]!.onResponse?.(x)
    for (let step = 0; step < handlers.length; step++) handlers[step]!.onLog?.(x)
    if (verdict === NEXT) passed++
  }
  if (passed !== times) throw new Error(`${passed} of ${times} requests passed`)
  return passed
}

await runAlone(bench, import.meta.url)
