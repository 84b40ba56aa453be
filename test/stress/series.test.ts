/** Threads that are ended while they open series and count: at most the count they were in is lost, and nothing is torn. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeSeriesBuffer } from '../../src/state/series/series-area.ts'
import { SeriesReader } from '../../src/state/series/series-reader.ts'
import { readSamples } from '../kit/metrics.ts'
import { SERIES, startCounter } from './count-series.ts'

const KILLS = 40
const THREADS = 2
const AREAS = THREADS + 1

test(`${KILLS} threads ended in the middle of counting leave whole series, and counts that are off by one at most`, async () => {
  const series = makeSeriesBuffer(THREADS, 1024 * 1024)
  const noted = new SharedArrayBuffer(AREAS * 8)
  const reader = new SeriesReader(series, AREAS)
  const kills = Array.from({ length: THREADS }, async (_, i) => {
    const owner = i + 1
    for (let kill = i; kill < KILLS; kill += THREADS) {
      const worker = await startCounter({ series, areas: AREAS, owner, noted })
      await new Promise((resolve) => setTimeout(resolve, (kill * 7) % 13))
      // Meanwhile somebody reads.
      reader.text()
      await worker.terminate()
    }
  })
  await Promise.all(kills)
  const samples = readSamples(reader.text())
  const sumOf = (name: string) =>
    [...samples].reduce((sum, [key, value]) => (key.startsWith(name) ? sum + value : sum), 0)
  const counted = new Float64Array(noted).reduce((sum, count) => sum + count, 0)
  for (const name of ['requests_total{', 'times_count{']) {
    const sum = sumOf(name)
    assert.ok(sum >= counted && sum <= counted + KILLS, `${name}: ${sum} of ${counted}`)
  }
  assert.equal(reader.lost, 0)
  assert.ok(reader.count <= SERIES * 7 * 2)
  const fresh = new SeriesReader(series, AREAS)
  assert.equal(fresh.text(), reader.text(), 'who reads from the beginning finds the same')
})
