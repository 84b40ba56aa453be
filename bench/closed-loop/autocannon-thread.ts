/** autocannon-thread — one thread of autocannon, each answer's time in a histogram. */
import { parentPort, workerData } from 'node:worker_threads'
import autocannon from 'autocannon'
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import type { ClosedLoad, ClosedResult } from './load-result.ts'

const TIMEOUT_S = 10
const LONGEST_US = 60_000_000

const load = workerData as ClosedLoad // from autocannon-main
const latency = build({ highestTrackableValue: LONGEST_US })
const running = autocannon({
  url: load.origin,
  method: load.method,
  headers: { ...load.fields },
  ...(load.upload > 0 ? { body: makeBody() } : {}),
  requests: load.paths.map((path) => ({ path })),
  connections: load.connections,
  duration: load.seconds,
  timeout: TIMEOUT_S,
})
let requests = 0
running.on('response', (_client, _status, _bytes, ms) => {
  requests++
  latency.recordValue(Math.min(LONGEST_US, Math.max(1, Math.round(ms * 1000))))
})
const found = await running
// A connection that waited for a slow answer would have sent meanwhile, at the pace of all the others.
const paceUs = Math.max(1, Math.round((load.connections * found.duration * 1e6) / Math.max(1, requests)))
const result: ClosedResult = {
  requests,
  seconds: found.duration,
  errors: found.errors + found.non2xx - found['3xx'],
  closedLoopHistogram: encodeIntoCompressedBase64(latency.copyCorrectedForCoordinatedOmission(paceUs)),
}
parentPort!.postMessage(result)

function makeBody(): Buffer {
  return load.body === undefined ? Buffer.alloc(load.upload, 'x') : Buffer.from(load.body, 'base64')
}
