/** autocannon-main — autocannon's process: a share of the connections to each thread, and their results as one. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { answerQuestion } from '../open-loop/ask-process.ts'
import type { AutocannonQuestion } from './autocannon.ts'
import type { ClosedLoad, ClosedResult } from './load-result.ts'

const THREAD = new URL(`./autocannon-thread${extname(import.meta.url)}`, import.meta.url)

await answerQuestion(async ({ load, threads }: AutocannonQuestion): Promise<ClosedResult> => {
  const shares = Array.from({ length: threads }, (_, i) => Math.floor((load.connections + i) / threads))
  const parts = await Promise.all(shares.map((connections) => runThread({ ...load, connections })))
  const latency = build({ highestTrackableValue: 60_000_000 })
  for (const { closedLoopHistogram } of parts)
    if (closedLoopHistogram !== null) latency.add(decodeFromCompressedBase64(closedLoopHistogram))
  return {
    requests: parts.reduce((sum, part) => sum + part.requests, 0),
    seconds: Math.max(...parts.map((part) => part.seconds)),
    errors: parts.reduce((sum, part) => sum + part.errors, 0),
    closedLoopHistogram: encodeIntoCompressedBase64(latency),
  }
})

function runThread(load: ClosedLoad): Promise<ClosedResult> {
  const worker = new Worker(THREAD, { workerData: load })
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`a thread of autocannon ended with ${code}`)))
  })
}
