/** What a person reads at the end of `sluice bench`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { figuresOfUrl } from './figures.ts'
import type { UrlResult, UrlRound } from './measure.ts'
import { urlTable } from './url-table.ts'

interface Made {
  readonly us: number
  readonly lateUs?: number
  readonly capacity?: number | null
  readonly errors?: number
  readonly busy?: number
  readonly closedUs?: number
}

function round({ us, lateUs = 5, capacity = null, errors = 0, busy = 0, closedUs }: Made): UrlRound {
  const latency = {
    requests: 100,
    errors,
    errorSamples: errors > 0 ? [`${errors} × status 503`] : [],
    histogram: histogram(us),
    lateness: histogram(lateUs),
    awake: histogram(us),
    awakeLateness: histogram(lateUs),
    busy,
  }
  const closedLoopHistogram = closedUs === undefined ? null : histogram(closedUs)
  return { capacity, capacityErrors: 0, closedLoopHistogram, rate: 100, latency }
}

function histogram(us: number): string {
  const made = build({ highestTrackableValue: 10_000_000 })
  made.recordValueWithCount(us, 100)
  return encodeIntoCompressedBase64(made)
}

function table(...results: UrlResult[]): string {
  return urlTable(results.map((one) => figuresOfUrl(one, results[0]!)))
}

test('one URL at a given rate shows its percentiles and no ratio', () => {
  const text = table({ url: 'http://a.test/', rounds: [round({ us: 1500 })] })
  assert.match(text, /^http:\/\/a\.test\/\n/)
  assert.match(text, /at\/s +p50 +p90 +p99 +p99\.9 +max +late p99 +failed/)
  assert.match(text, /100 +1\.50 +1\.50 +1\.50 +1\.50 +1\.50 +0\.0\d +0/)
  assert.doesNotMatch(text, /first|carries|closed|Warning/)
})

test('several URLs are set against the first, round by round', () => {
  const first = [round({ us: 1000, capacity: 1000 }), round({ us: 2000, capacity: 500 })]
  const second = [round({ us: 2000, capacity: 500 }), round({ us: 4000, capacity: 250 })]
  const text = table({ url: 'http://a.test/', rounds: first }, { url: 'http://b.test/', rounds: second })
  assert.match(text, /^\(1\) http:\/\/a\.test\/\n\(2\) http:\/\/b\.test\/\n/)
  assert.match(text, /^\(1\) +750 +1 /m)
  assert.match(text, /^\(2\) +375 +0\.50 .* 2\.00 +0\.0\d +0$/m)
})

test('times of a closed loop are marked as such', () => {
  const text = table({ url: 'http://a.test/', rounds: [round({ us: 1500, capacity: 9, closedUs: 250 })] })
  assert.match(text, /failed +closed p50 +closed p99\n/)
  assert.match(text, / 1\.50 .* 0 +0\.25 +0\.25\n/)
  assert.match(text, /closed: .* not what users see/)
})

test('requests that failed are told in words', () => {
  const text = table({ url: 'http://a.test/', rounds: [round({ us: 10, errors: 3 })] })
  assert.match(text, /http:\/\/a\.test\/: 3 requests failed\n {2}3 × status 503/)
})

test('a generator that was late, or behind, says that its figures are its own', () => {
  assert.match(
    table({ url: 'http://a.test/', rounds: [round({ us: 1000, lateUs: 200 })] }),
    /Warning: .* up to 0\.20 ms late/,
  )
  assert.match(
    table({ url: 'http://a.test/', rounds: [round({ us: 90_000, lateUs: 3000 })] }),
    /Warning: .* could not keep its rate/,
  )
  assert.match(
    table({ url: 'http://a.test/', rounds: [round({ us: 1000, busy: 0.97 })] }),
    /Warning: .* could not keep its rate \(busy 97 %/,
  )
  assert.doesNotMatch(table({ url: 'http://a.test/', rounds: [round({ us: 1000, lateUs: 90 })] }), /Warning/)
})
