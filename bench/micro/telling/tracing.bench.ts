/**
 * tracing — what opentelemetry adds to a request before it is answered: the decision, the ids for the target.
 *
 *     node dist/bench/micro/telling/tracing.bench.js
 *
 * The exchange is reset and its head of ten fields read anew as between requests, and given an id; what that costs is
 * the first case, so what the plugin adds is told by "over first". "the decision" is onStart alone, which is all that
 * requests of other routes pay where the plugin is bound to one. What a traced request costs beyond (its steps, its
 * record) is in the bench `chain`, and in `log`.
 */
import { randomBytes } from 'node:crypto'
import { validate } from '../../../src/config/validate.ts'
import type { Handler } from '../../../src/contract/plugin.ts'
import type { Value } from '../../../src/contract/schema.ts'
import { RequestIds } from '../../../src/flow/listener/request-ids.ts'
import opentelemetry from '../../../src/plugins/opentelemetry/opentelemetry.ts'
import type { Config } from '../../../src/plugins/opentelemetry/schema.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

const FIELDS = [
  'Host: api.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
  'Accept: */*',
  'Accept-Encoding: gzip',
  'Accept-Language: en',
  'Cookie: a=b',
  'Cache-Control: no-cache',
  'Referer: https://example.com/',
  'X-Request-Start: 1700000000',
]
const PLAIN = makeHead('X-Tenant: 0123456789abcdef')
const UNSAMPLED = makeHead('traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00')

export const bench: Bench = {
  name: 'tracing',
  says: 'what opentelemetry adds to a request before it is answered',
  groups: [
    { name: 'nobody asks', open: () => openCases(PLAIN) },
    { name: 'who asks has not sampled', open: () => openCases(UNSAMPLED).slice(0, 3) },
  ],
}

function openCases(head: Buffer): Case[] {
  return [
    makeCase('without it', head, null, false),
    makeCase('the decision', head, 0.01, false),
    makeCase('1 of 100 sampled', head, 0.01, true),
    makeCase('none sampled', head, 0, true),
    makeCase('all sampled', head, 1, true),
  ]
}

function makeHead(last: string): Buffer {
  return Buffer.from(`GET /orders HTTP/1.1\r\n${[...FIELDS, last].join('\r\n')}\r\n\r\n`)
}

function makeCase(name: string, head: Buffer, rate: number | null, tells: boolean): Case {
  const x = exchangeOf()
  const ids = new RequestIds(randomBytes(16))
  const handler = rate === null ? null : build(rate)
  const run = (times: number): number => {
    let traced = 0
    for (let i = 0; i < times; i++) {
      x.reset()
      x.request.feed(head, 0, head.length)
      ids.next(x.requestId)
      if (handler === null) continue
      handler.onStart!(x)
      if (tells) handler.onRequest!(x)
      if (x.trace !== null) traced++
    }
    return traced + times
  }
  return { name, run }
}

function build(rate: number): Handler {
  const given: Value = { traces_endpoint: 'http://127.0.0.1:4318/v1/traces', sampling_rate: rate }
  const { value } = validate(opentelemetry.schema, given)
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  return opentelemetry.build(value as Config, makeHost({ random: randomBytes }), scope)
}

await runAlone(bench, import.meta.url)
