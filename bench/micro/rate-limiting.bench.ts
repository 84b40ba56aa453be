/**
 * What rate-limiting adds to a request: its request step, its response step and the bytes of its fields.
 *
 *     node dist/bench/micro/rate-limiting.bench.js
 *
 * The exchange is reset as between requests, and the head of the target's answer has eight fields; what that costs
 * without the plugin is taken off. Bytes are the growth of the heap between two collections forced before and after, so
 * they count what a request leaves behind for the collector.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Outbox } from '../../src/base/outbox.ts'
import { validate } from '../../src/config/validate.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import type { Consumer } from '../../src/contract/plan.ts'
import type { Handler } from '../../src/contract/plugin.ts'
import type { Value } from '../../src/contract/schema.ts'
import { addField } from '../../src/http1/fields.ts'
import rateLimiting from '../../src/plugins/rate-limiting/rate-limiting.ts'
import { exchangeOf } from '../../test/kit/balancer-rig.ts'
import { makeHost, makeShared } from '../../test/kit/plugin-host.ts'

const REQUESTS = 40_000
const ROUNDS = 15
const KEYS = 4096
const ANSWER = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nDate: Mon, 01 Mar 2027 00:00:00 GMT\r\n' +
    'Server: target\r\nX-Powered-By: it\r\nCache-Control: no-store\r\nVary: Accept\r\nETag: "1"\r\n\r\n',
)

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const shared = makeShared({ sharedLimitsBytes: 4 * KEYS * 64 })
let nowMs = 1_000_000
const host = makeHost({ shared, now: () => nowMs, wall: () => 1_800_000_000_000 + nowMs })

type Step = (x: Exchange) => void
const bare: Step = () => {}

const rows: readonly [name: string, config: object][] = [
  ['one period', { hour: 100_000 }],
  ['three periods', { second: 100_000, minute: 100_000, hour: 100_000 }],
  ['no headers', { hour: 100_000, hide_client_headers: true }],
  ['one period, refused', { hour: 1 }],
  ['draft headers', { hour: 100_000, headers: 'draft' }],
  ['sliding-window', { hour: 100_000, algorithm: 'sliding-window' }],
  ['token-bucket', { hour: 100_000, algorithm: 'token-bucket' }],
]

console.log('                       by          ns/request  bytes/request')
const base = measure(bare)
for (const [name, config] of rows)
  for (const by of ['ip', 'consumer']) {
    const { ns, bytes } = measure(stepsOf(config, by))
    const figures = [(ns - base.ns).toFixed(0).padStart(10), (bytes - base.bytes).toFixed(0).padStart(13)]
    console.log(`${name.padEnd(22)} ${by.padEnd(10)} ${figures.join(' ')}`)
  }
const { ns, bytes } = measure(fiveTexts)
console.log(
  `five fields as text                ${(ns - base.ns).toFixed(0).padStart(10)} ${(bytes - base.bytes).toFixed(0).padStart(13)}`,
)

function stepsOf(config: object, by: string): Step {
  const { value } = validate(rateLimiting.schema, { ...config, limit_by: by } as Value)
  const scope = { id: 'p', instanceName: null, routeId: 'r', serviceId: null, consumerId: null }
  // It passed its own schema.
  const handler: Handler = rateLimiting.build(value as never, host, scope)
  return (x) => {
    handler.onRequest!(x)
    x.proxied = true
    handler.onResponse!(x)
  }
}

/** What the same fields cost without the bytes made beforehand. */
function fiveTexts(x: Exchange): void {
  addField(x.response, 'X-RateLimit-Limit-Hour', '1000000000')
  addField(x.response, 'X-RateLimit-Remaining-Hour', String(nowMs))
  addField(x.response, 'RateLimit-Limit', '1000000000')
  addField(x.response, 'RateLimit-Remaining', String(nowMs))
  addField(x.response, 'RateLimit-Reset', '1800')
}

function measure(step: Step): { ns: number; bytes: number } {
  const x = exchangeOf('GET / HTTP/1.1\nHost: a\nAccept: */*\n')
  const out = new Outbox()
  const addresses = Array.from({ length: KEYS }, (_, i) => `10.${i >> 8}.${i & 255}.7`)
  const consumers = addresses.map((_, i): Consumer => consumerOf(i))
  let best = Infinity
  let bytes = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    collect()
    const before = process.memoryUsage().heapUsed
    const start = performance.now()
    for (let i = 0; i < REQUESTS; i++) {
      if ((i & 63) === 0) nowMs += 0.5
      x.response.reset()
      x.response.feed(ANSWER, 0, ANSWER.length)
      x.clientAddress = addresses[i & (KEYS - 1)]!
      x.consumer = consumers[i & (KEYS - 1)]!
      step(x)
      x.response.putFields(out, 0, 0)
      out.used = 0
    }
    const took = performance.now() - start
    bytes = Math.min(bytes, process.memoryUsage().heapUsed - before)
    best = Math.min(best, took)
  }
  return { ns: (best / REQUESTS) * 1e6, bytes: Math.max(0, bytes) / REQUESTS }
}

function consumerOf(i: number): Consumer {
  const id = `c0ffee00-0000-4000-8000-${i.toString(16).padStart(12, '0')}`
  return { id, username: null, customId: null, tags: [], groups: [], overrides: null }
}
