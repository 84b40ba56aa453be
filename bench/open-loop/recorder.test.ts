/** What is counted, and with which time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { Recorder } from './recorder.ts'

test('a request without an answer counts with the timeout, however fast it failed', () => {
  const recorder = new Recorder({ timeoutMs: 500 })
  for (let i = 0; i < 98; i++) recorder.answered(1000, 200, true)
  recorder.failed('connection refused')
  recorder.failed('connection refused')
  const { requests, errors, errorSamples, histogram } = recorder.result()
  const times = decodeFromCompressedBase64(histogram)
  assert.deepEqual([requests, errors], [100, 2])
  assert.deepEqual(errorSamples, ['2 × connection refused'])
  assert.equal(times.totalCount, 100)
  near(times.getValueAtPercentile(98), 1000)
  near(times.getValueAtPercentile(99), 500_000)
})

test('an answer that says it failed keeps its own time and is an error by its status', () => {
  const recorder = new Recorder({ timeoutMs: 500 })
  recorder.answered(2000, 399, true)
  recorder.answered(2000, 400, true)
  recorder.answered(2000, 503, true)
  const { errors, errorSamples, histogram } = recorder.result()
  assert.equal(errors, 2)
  assert.deepEqual(errorSamples, ['1 × status 400', '1 × status 503'])
  near(decodeFromCompressedBase64(histogram).maxValue, 2000)
})

test('of many different reasons the first few are told and all are counted', () => {
  const recorder = new Recorder({ timeoutMs: 500 })
  for (let i = 0; i < 100; i++) recorder.failed(`reason ${i}`)
  assert.equal(recorder.result().errors, 100)
  assert.equal(recorder.result().errorSamples.length, 8)
})

test('times and lateness beyond what the histogram holds are held at its bounds', () => {
  const recorder = new Recorder({ timeoutMs: 10 })
  recorder.answered(0.2, 200, true)
  recorder.late(-5, true)
  recorder.late(1e9, true)
  const lateness = decodeFromCompressedBase64(recorder.result().lateness)
  assert.equal(lateness.totalCount, 2)
  near(lateness.maxValue, 10_000)
})

test('busy is the share of the time that had work in it', () => {
  const recorder = new Recorder({ timeoutMs: 10 })
  assert.equal(recorder.result().busy, 0)
  recorder.turned(30, true)
  recorder.turned(70, false)
  assert.equal(recorder.result().busy, 0.3)
})

/** Within the histogram's three digits. */
function near(found: number, expected: number): void {
  assert.ok(Math.abs(found - expected) <= expected / 500, `${found} is not ${expected}`)
}

test('what was answered while the generator itself stood still is counted, and is in no figure of its awake time', () => {
  const recorder = new Recorder({ timeoutMs: 1000 })
  recorder.answered(500, 200, true)
  recorder.answered(9000, 200, false)
  recorder.late(3, true)
  recorder.late(8000, false)
  recorder.failed('reset')
  const { requests, histogram, awake, awakeLateness } = recorder.result()
  const counts = [histogram, awake, awakeLateness].map((one) => decodeFromCompressedBase64(one).totalCount)
  assert.deepEqual([requests, ...counts], [3, 3, 2, 1])
})
