/** What the environment may say of traces. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEnvironment } from './env-read.ts'

const MACHINE = { cores: 2, filesMax: 0, runtimeDir: '/run/sluice' }

function read(given: Record<string, string>): ReturnType<typeof readEnvironment> {
  return readEnvironment(given, MACHINE)
}

test('all spans are on, and one request of a hundred is sampled, unless somebody says otherwise', () => {
  const { environment } = read({})
  assert.deepEqual(environment.tracingInstrumentations, ['all'])
  assert.equal(environment.tracingSamplingRate, 0.01)
})

test('Kong’s names count, and are no longer said to be without effect', () => {
  const { environment, problems } = read({
    KONG_TRACING_INSTRUMENTATIONS: 'request,balancer,dns_query',
    KONG_TRACING_SAMPLING_RATE: '0.5',
  })
  assert.deepEqual(problems, [])
  assert.deepEqual(environment.tracingInstrumentations, ['request', 'balancer', 'dns_query'])
  assert.equal(environment.tracingSamplingRate, 0.5)
  assert.deepEqual(read({ KONG_TRACING_INSTRUMENTATIONS: 'off' }).environment.tracingInstrumentations, [])
})

test('a share is a number from 0 to 1', () => {
  for (const [text, value] of [
    ['0', 0],
    ['1', 1],
    ['1.0', 1],
    ['.25', 0.25],
  ] as const)
    assert.equal(read({ SLUICE_TRACING_SAMPLING_RATE: text }).environment.tracingSamplingRate, value)
  for (const text of ['1.1', '-1', '1e-2', '50%', 'half'])
    assert.deepEqual(
      read({ SLUICE_TRACING_SAMPLING_RATE: text }).problems.map(({ message }) => message),
      [`'${text}' is not a number from 0 to 1`],
    )
})
