/** What is told of an exchange that was traced. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { finishedExchange, recordOf, withTrace } from '../../../test/kit/record-rig.ts'
import type { LogRecord } from '../../contract/machine/log-sinks.ts'
import { logEntryOf } from './log-entry.ts'
import type { Span } from './span.ts'
import type { SpanNames } from './span-names.ts'
import { spansOf } from './spans.ts'

const NAMES: SpanNames = { routePath: '/orders', route: 'orders', service: 'shop', consumer: '' }
const STEPS = ['rewrite.plugin.a', 'router', 'access.plugin.a', 'access.plugin.b', 'header_filter.plugin.a']

function record(more: Partial<LogRecord> = {}): LogRecord {
  const made = recordOf(withTrace(finishedExchange()), [])
  const steps = STEPS.map((name, i) => ({ name, startMs: i, endMs: i + 0.5 }))
  // All fields, also those that are getters.
  return { ...plain(made), trace: { ...made.trace!, steps }, ...more }
}

function plain(made: LogRecord): LogRecord {
  const fields: Record<string, unknown> = {}
  for (const name in made) fields[name] = made[name as keyof LogRecord] // its own names
  return fields as unknown as LogRecord // all of them
}

function spans(from: LogRecord, instrumentations = ['all']): Span[] {
  return spansOf(from, from.trace!, NAMES, { instrumentations })
}

test('each instrumentation has its spans, and the whole is always there', () => {
  const names = (...which: string[]): string[] => spans(record(), which).map((span) => span.name)
  assert.deepEqual(names('request'), ['kong'])
  assert.deepEqual(names('router'), ['kong', 'kong.router'])
  assert.deepEqual(names('plugin_access'), ['kong', 'kong.access.plugin.a', 'kong.access.plugin.b'])
  assert.deepEqual(names('plugin_rewrite', 'plugin_header_filter'), [
    'kong',
    'kong.rewrite.plugin.a',
    'kong.header_filter.plugin.a',
  ])
  assert.ok(names('balancer').includes('kong.balancer'))
  assert.equal(names('all').length, 1 + STEPS.length + record().tries.length)
})

test('the spans of a trace have ids of their own, and the last try the one that the target was told', () => {
  const from = record()
  const steps = Array.from({ length: 200 }, (_, i) => ({ name: 'router', startMs: i, endMs: i }))
  const made = spans({ ...from, trace: { ...from.trace!, steps } })
  assert.equal(new Set(made.map((span) => span.spanId)).size, made.length)
  assert.ok(made.every((span) => /^[0-9a-f]{16}$/.test(span.spanId)))
  assert.equal(made.findLast((span) => span.name === 'kong.balancer')?.spanId, from.trace!.tryId)
})

test('a step that was given up ends with the whole', () => {
  const from = record()
  const steps = [{ name: 'access.plugin.a', startMs: 1, endMs: -1 }]
  const made = spans({ ...from, trace: { ...from.trace!, steps } })
  assert.equal(made[1]!.endMs, made[0]!.endMs)
})

test('an answer from 500 on is an error of the whole, one of 4xx is not', () => {
  for (const [status, isError] of [
    [404, false],
    [499, false],
    [500, true],
    [503, true],
  ] as const)
    assert.equal(spans(record({ status }))[0]!.isError, isError, String(status))
})

test('what came of a request is a log record that can be read, by its status', () => {
  const severities = [200, 404, 500].map((status) => logEntryOf(record({ status }), NAMES).severity)
  assert.deepEqual(severities, ['INFO', 'WARN', 'ERROR'])
  const entry = logEntryOf(record({ trace: null, fault: 'RATE_LIMITED' }), NAMES)
  assert.deepEqual([entry.traceId, entry.spanId], ['', ''])
  assert.match(entry.body, / ms RATE_LIMITED$/)
})
