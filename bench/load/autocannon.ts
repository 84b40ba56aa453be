/**
 * Closed-loop load by autocannon, where wrk is not installed: for capacity and CPU a request.
 *
 * Its latencies go into an HDR histogram and are shown as what they are: those of a closed loop, which waits for the
 * slow, so they are no measure of what a user would see.
 */
import autocannon from 'autocannon'
import { build } from 'hdr-histogram-js'
import type { LoadResult } from './load-result.ts'
import { path, requestFields } from './request.ts'

export async function load(port: number, connections: number, seconds: number): Promise<LoadResult> {
  const latency = build({ highestTrackableValue: 60_000_000 })
  const running = autocannon({
    url: `http://127.0.0.1:${port}${path}`,
    headers: { ...requestFields },
    connections,
    duration: seconds,
    timeout: 10,
  })
  running.on('response', (_client, _status, _bytes, ms) =>
    latency.recordValue(Math.max(1, Math.round(ms * 1000))),
  )
  const result = await running
  return {
    requests: result.requests.total,
    errors: result.errors + result.non2xx,
    closedLoopMs: {
      p50: latency.getValueAtPercentile(50) / 1000,
      p99: latency.getValueAtPercentile(99) / 1000,
    },
  }
}
