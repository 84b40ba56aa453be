/**
 * The open-loop generator against a server whose true latencies are known, beside a closed loop that misses them.
 *
 * The server stops for two seconds out of ten. Of requests that are due evenly, over a whole period, 80 % find it
 * awake; the others wait for the end of the stop, evenly between 0 and 2000 ms. So the median is about 0, the 90th
 * percentile 1000 ms, and the 99th 1900 ms.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { extname } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import autocannon from 'autocannon'
import { build, decodeFromCompressedBase64 } from 'hdr-histogram-js'
import type { OpenResult } from '../../bench/open-loop/load.ts'
import { runOpenLoad } from '../../bench/open-loop/run-open-load.ts'
import { makeLeaf } from '../kit/certificates.ts'
import type { StallingServer } from './stalling-server.ts'

const PERIOD_S = 10
/** What a machine with other work to do may add. A loop that waits with the server is off by all of the 1000 and 1900. */
const BUSY_MS = 100

async function startServer(t: TestContext, speaks: StallingServer['speaks']): Promise<string> {
  const { cert, key } = await makeLeaf(null, { names: ['localhost'] })
  const workerData: StallingServer = { speaks, cert, key }
  const program = new URL(`./stalling-server${extname(import.meta.url)}`, import.meta.url)
  const server = new Worker(program, { workerData })
  t.after(() => server.terminate())
  const [port] = await once(server, 'message')
  return `${speaks === 'http' ? 'http' : 'https'}://127.0.0.1:${port}`
}

const loads = [
  ['HTTP/1.1', 'http', { connections: 32 }],
  ['TLS', 'tls', { protocol: 'tls', connections: 32 }],
  ['HTTP/2', 'h2', { protocol: 'h2', connections: 4, streams: 8 }],
] as const

for (const [name, speaks, how] of loads)
  test(`an open loop over ${name} sees the wait of every request that was due while the server stood still`, async (t) => {
    const asked = { method: 'GET', paths: ['/'], fields: {}, upload: 0 }
    // At once: a third of what falls due within a stop. The rest waits inside the generator, and its time runs.
    const times = { rate: 50, seconds: PERIOD_S, warmUpSeconds: 1, timeoutMs: 5000 }
    const origin = await startServer(t, speaks)
    holdsTo(await runOpenLoad({ ...asked, ...times, ...how, origin }, []))
  })

function holdsTo(found: OpenResult): void {
  const times = decodeFromCompressedBase64(found.histogram)
  const at = (percentile: number): number => times.getValueAtPercentile(percentile) / 1000
  assert.deepEqual([found.requests, found.errors, found.errorSamples], [500, 0, []])
  assert.equal(times.totalCount, 500)
  assert.ok(at(50) < BUSY_MS, `the median is about 0, not ${at(50)} ms`)
  assert.ok(Math.abs(at(90) - 1000) <= BUSY_MS, `the 90th percentile is 1000 ms, not ${at(90)}`)
  assert.ok(Math.abs(at(99) - 1900) <= BUSY_MS, `the 99th percentile is 1900 ms, not ${at(99)}`)
}

test('a closed loop waits with the server, so it asks nothing that would have been slow', async (t) => {
  const origin = await startServer(t, 'http')
  const running = autocannon({ url: origin, headers: {}, connections: 8, duration: PERIOD_S, timeout: 10 })
  const times = build({ highestTrackableValue: 60_000 })
  running.on('response', (_client, _status, _bytes, ms) => times.recordValue(Math.max(1, Math.round(ms))))
  await running
  const p90 = times.getValueAtPercentile(90)
  // Of thousands of requests eight met the stop: one a connection.
  assert.ok(p90 < 100, `the closed loop's 90th percentile is ${p90} ms where users see 1000`)
})
