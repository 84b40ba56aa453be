/**
 * rate-limiting — what the plugin adds to a request: its request and response steps and the bytes of its fields.
 *
 *     node dist/bench/micro/rate-limiting.bench.js
 *
 * The exchange is reset as between requests, and the head of the target's answer has eight fields; what that costs is
 * the first case, so what the plugin adds is told by "over first". Its heap bytes are to be taken off, too.
 */
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
import type { Bench, Case } from './frame/bench.ts'
import { runAlone } from './frame/run.ts'

/** A power of two. */
const KEYS = 4096
const CAP = 100_000_000
const ANSWER = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nDate: Mon, 01 Mar 2027 00:00:00 GMT\r\n' +
    'Server: target\r\nX-Powered-By: it\r\nCache-Control: no-store\r\nVary: Accept\r\nETag: "1"\r\n\r\n',
)

const rows: readonly (readonly [name: string, config: object])[] = [
  ['one period', { hour: CAP }],
  ['three periods', { second: CAP, minute: CAP, hour: CAP }],
  ['no headers', { hour: CAP, hide_client_headers: true }],
  ['one period, refused', { hour: 1 }],
  ['draft headers', { hour: CAP, headers: 'draft' }],
  ['sliding-window', { hour: CAP, algorithm: 'sliding-window' }],
  ['token-bucket', { hour: CAP, algorithm: 'token-bucket' }],
]

export const bench: Bench = {
  name: 'rate-limiting',
  says: 'what the plugin adds to a request and its answer',
  groups: ['ip', 'consumer'].map((by) => ({ name: `by ${by}`, open: () => open(by) })),
}

type Step = (x: Exchange) => void

/** The requests of one case: the limits of two would fill one table. */
class Requests {
  readonly host = makeHost({
    shared: makeShared({ sharedLimitsBytes: 4 * KEYS * 64 }),
    now: () => this.#nowMs,
    wall: () => 1_800_000_000_000 + this.#nowMs,
  })
  readonly #addresses = Array.from({ length: KEYS }, (_, i) => `10.${i >> 8}.${i & 255}.7`)
  readonly #consumers = this.#addresses.map((_, i) => consumerOf(i))
  readonly #x = exchangeOf('GET / HTTP/1.1\nHost: a\nAccept: */*\n')
  readonly #out = new Outbox()
  #nowMs = 1_000_000

  get nowMs(): number {
    return this.#nowMs
  }

  run(step: Step, times: number): number {
    const x = this.#x
    const out = this.#out
    let bytes = 0
    for (let i = 0; i < times; i++) {
      if ((i & 63) === 0) this.#nowMs += 0.5
      x.response.reset()
      x.response.feed(ANSWER, 0, ANSWER.length)
      x.clientAddress = this.#addresses[i & (KEYS - 1)]!
      x.consumer = this.#consumers[i & (KEYS - 1)]!
      step(x)
      x.response.putFields(out, 0, 0)
      bytes += out.used
      out.used = 0
    }
    return bytes
  }
}

function open(by: string): Case[] {
  return [
    makeCase('without it', () => () => {}),
    ...rows.map(([name, config]) =>
      makeCase(name, (requests) => stepsOf(requests, { ...config, limit_by: by })),
    ),
    makeCase('five fields as text', (requests) => (x) => addTexts(x, requests.nowMs)),
  ]
}

function makeCase(name: string, make: (requests: Requests) => Step): Case {
  const requests = new Requests()
  const step = make(requests)
  return { name, run: (times) => requests.run(step, times) }
}

function stepsOf(requests: Requests, config: object): Step {
  const { value } = validate(rateLimiting.schema, config as Value)
  const scope = { id: 'p', instanceName: null, routeId: 'r', serviceId: null, consumerId: null }
  // It passed its own schema.
  const handler: Handler = rateLimiting.build(value as never, requests.host, scope)
  return (x) => {
    handler.onRequest!(x)
    x.proxied = true
    handler.onResponse!(x)
  }
}

/** What the same fields cost without the bytes made beforehand. */
function addTexts(x: Exchange, nowMs: number): void {
  addField(x.response, 'X-RateLimit-Limit-Hour', '1000000000')
  addField(x.response, 'X-RateLimit-Remaining-Hour', String(nowMs))
  addField(x.response, 'RateLimit-Limit', '1000000000')
  addField(x.response, 'RateLimit-Remaining', String(nowMs))
  addField(x.response, 'RateLimit-Reset', '1800')
}

function consumerOf(i: number): Consumer {
  const id = `c0ffee00-0000-4000-8000-${i.toString(16).padStart(12, '0')}`
  return { id, username: null, customId: null, tags: [], groups: [], overrides: null }
}

await runAlone(bench, import.meta.url)
