/** What opentelemetry takes as its configuration, what it makes of it, and whose traces it ships. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Handler, Host } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { getField } from '../../http1/fields.ts'
import opentelemetry from './opentelemetry.ts'
import type { Config } from './schema.ts'
import type { ShipSettings } from './ship-settings.ts'

const ENDPOINT = 'http://127.0.0.1:4318/v1/traces'
const SCOPE = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }

interface Opened {
  readonly name: string
  readonly settings: ShipSettings
  puts: number
  closed: number
}

interface Made {
  readonly handler: Handler
  readonly sinks: Opened[]
  readonly said: string[]
}

function check(config: Value): string[] {
  const { findings } = validate(opentelemetry.schema, config)
  return findings.map((finding) => `${finding.path.join('.')}: ${finding.message}`)
}

function make(config: { [key: string]: Value }, own: Partial<Host> = {}): Made {
  const { value, findings } = validate(opentelemetry.schema, config)
  assert.deepEqual(findings, [])
  const sinks: Opened[] = []
  const said: string[] = []
  const host = makeHost({
    random: randomBytes,
    logs: {
      open(_from, name, settings) {
        const opened: Opened = { name, settings: settings as ShipSettings, puts: 0, closed: 0 }
        sinks.push(opened)
        return { put: () => opened.puts++, close: () => opened.closed++ }
      },
    },
    log: (_level, message) => said.push(message),
    ...own,
  })
  return { handler: opentelemetry.build(value as Config, host, SCOPE), sinks, said }
}

function run(handler: Handler, lines = ''): Exchange {
  const x = exchangeOf(`GET / HTTP/1.1\nHost: a\n${lines}`)
  x.requestId.write(randomBytes(16).toString('hex'), 'latin1')
  handler.onStart?.(x)
  handler.onRequest?.(x)
  handler.onResponse?.(x)
  handler.onLog?.(x)
  return x
}

test('a configuration needs somewhere to send to', () => {
  const [said] = check({})
  assert.equal(
    said,
    "@entity: at least one of these fields must be non-empty: 'config.traces_endpoint', 'config.logs_endpoint'",
  )
  for (const name of ['traces_endpoint', 'logs_endpoint', 'endpoint'])
    assert.deepEqual(check({ [name]: ENDPOINT }), [])
})

test('what cannot work is refused in Kong’s words', () => {
  const refuses = (field: string, value: Value): string =>
    check({ traces_endpoint: ENDPOINT, [field]: value }).join(' | ')
  assert.equal(refuses('sampling_rate', 1.1), 'sampling_rate: value should be between 0 and 1')
  assert.equal(refuses('traces_endpoint', 'collector:4318'), 'traces_endpoint: expected an http or https url')
  assert.equal(refuses('connect_timeout', -1), 'connect_timeout: value should be between 0 and 2147483646')
  assert.match(refuses('headers', { Host: 'a' }), /cannot contain 'Host' header/)
  assert.match(refuses('headers', { 'Content-Type': 'a' }), /cannot contain 'Content-Type' header/)
  assert.match(refuses('header_type', 'other'), /expected one of/)
  assert.match(refuses('traces_encoding', 'grpc'), /expected one of/)
  assert.match(refuses('queue', { max_batch_size: 0 }), /between 1 and 1000000/)
})

test('what is not told is as in Kong', () => {
  const { sinks } = make({ traces_endpoint: ENDPOINT })
  assert.deepEqual(
    sinks.map(({ name }) => name),
    ['ship-traces'],
  )
  const { settings } = sinks[0]!
  assert.deepEqual(
    [settings.connectTimeoutMs, settings.sendTimeoutMs, settings.readTimeoutMs, settings.encoding],
    [1000, 5000, 5000, 'protobuf'],
  )
  assert.deepEqual([settings.queue.maxBatchSize, settings.queue.maxCoalescingDelayMs], [200, 1000])
})

test('older fields work, and are said to be older', () => {
  const { sinks, said } = make({ endpoint: ENDPOINT, batch_span_count: 5, batch_flush_delay: 2 })
  assert.equal(sinks[0]!.settings.url, ENDPOINT)
  const { queue } = sinks[0]!.settings
  assert.deepEqual([queue.maxBatchSize, queue.maxCoalescingDelayMs], [5, 2000])
  assert.equal(said.length, 3)
  assert.ok(said.every((line) => line.includes('is deprecated, please use config.')))
})

test('without a rate of its own it takes that of the environment', () => {
  const kept = (config: object, samplingRate: number): number => {
    const tracing = { samplingRate, instrumentations: ['all'] }
    const { handler, sinks } = make({ traces_endpoint: ENDPOINT, ...config }, { tracing })
    for (let i = 0; i < 20; i++) run(handler)
    return sinks[0]!.puts
  }
  assert.equal(kept({}, 1), 20)
  assert.equal(kept({}, 0), 0)
  assert.equal(kept({ sampling_rate: 1 }, 0), 20)
  assert.equal(kept({ sampling_rate: 0 }, 1), 0)
})

test('with instrumentations off the target is told, and nothing is traced', () => {
  const tracing = { samplingRate: 1, instrumentations: [] }
  const { handler, sinks } = make(
    { traces_endpoint: ENDPOINT, logs_endpoint: ENDPOINT, http_response_header_for_traceid: 'X-Trace' },
    { tracing },
  )
  assert.equal(handler.onStart, undefined)
  const x = run(handler)
  assert.equal(x.trace, null)
  assert.match(getField(x.request, 'traceparent') ?? '', /-00$/)
  assert.equal(getField(x.response, 'x-trace'), x.requestId.latin1Slice(0, 32))
  assert.deepEqual(
    sinks.map(({ name, puts }) => [name, puts]),
    [['ship-logs', 1]],
  )
})

test('a log record goes out for each request, a trace for each that is sampled', () => {
  const { handler, sinks } = make({ traces_endpoint: ENDPOINT, logs_endpoint: ENDPOINT, sampling_rate: 0 })
  run(handler)
  run(handler, 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n')
  assert.deepEqual(Object.fromEntries(sinks.map(({ name, puts }) => [name, puts])), {
    'ship-logs': 2,
    'ship-traces': 1,
  })
  handler.close?.()
  assert.deepEqual(
    sinks.map(({ closed }) => closed),
    [1, 1],
  )
})
