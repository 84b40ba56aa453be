/** What h2load is asked, and what is read out of what it says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { h2loadCommand, readH2load } from './h2load.ts'
import type { ClosedLoad } from './load-result.ts'

const LOAD: ClosedLoad = {
  origin: 'https://127.0.0.1:1',
  protocol: 'h2',
  method: 'GET',
  paths: ['/a', '/b'],
  fields: { Accept: 'a/b' },
  upload: 0,
  connections: 6,
  streams: 8,
  seconds: 3,
}

test('connections are spread over threads without a rest, and each path is asked for', () => {
  const words = ['h2load', '-t3', '-c6', '-m8', '-D3', '-H', 'Accept: a/b']
  assert.deepEqual(h2loadCommand(LOAD, 4), [...words, 'https://127.0.0.1:1/a', 'https://127.0.0.1:1/b'])
})

test('what it cannot ask is refused', () => {
  assert.throws(() => h2loadCommand({ ...LOAD, method: 'POST', upload: 10 }, 1), /without a body/)
})

test('answers are counted, and failures; what was under way at the end is neither', () => {
  const said = `finished in 3.02s, 12345.67 req/s, 13.5MB/s
requests: 37037 total, 37101 started, 37037 done, 37030 succeeded, 7 failed, 2 errored, 1 timeout
status codes: 37030 2xx, 0 3xx, 5 4xx, 0 5xx`
  assert.deepEqual(readH2load(said), { requests: 37037, seconds: 3.02, errors: 7, closedLoopHistogram: null })
  assert.equal(readH2load(said.replace('3.02s', '999.50ms')).seconds, 0.9995)
})

test('a run without an answer is no result', () => {
  assert.throws(() => readH2load('could not connect'), /did not say what came of it: could not connect/)
  const none =
    'finished in 1.00s, 0.00 req/s\nrequests: 0 total, 64 started, 0 done, 0 succeeded, 0 failed, 0 errored'
  assert.throws(() => readH2load(none), /got no answer/)
})
