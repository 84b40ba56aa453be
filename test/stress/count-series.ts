/**
 * A thread that does nothing but open series and count in them: what series.test.ts has several of.
 *
 * What it has counted it notes in its own word of `noted`, after each: when it is ended, at most one is missing there.
 */
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { SeriesFamily } from '../../src/state/series/series-area.ts'
import { SeriesTable } from '../../src/state/series/series-table.ts'

export const REQUESTS: SeriesFamily = { name: 'requests_total', kind: 'counter', says: 'Requests.' }
export const TIMES: SeriesFamily = { name: 'times', kind: 'histogram', says: 'Times.', bounds: [1, 2, 4] }
export const SERIES = 500

export interface CountSetup {
  readonly series: SharedArrayBuffer
  readonly areas: number
  readonly owner: number
  /** A double for each owner: how often it counted in each family. */
  readonly noted: SharedArrayBuffer
}

export async function startCounter(setup: CountSetup): Promise<Worker> {
  const worker = new Worker(new URL(import.meta.url), { workerData: setup })
  await once(worker, 'message')
  return worker
}

function count({ series, areas, owner, noted }: CountSetup): never {
  const table = new SeriesTable(series, areas, owner)
  const own = new Float64Array(noted)
  for (let i = 0; ; i++) {
    const labels = ['route', `route-${'x'.repeat(i % 7)}-${i % SERIES}`]
    table.counter(REQUESTS, labels).add(1)
    table.histogram(TIMES, labels).observe(i % 5)
    own[owner] = own[owner]! + 1
  }
}

if (!isMainThread) {
  parentPort!.postMessage('ready')
  count(workerData as CountSetup) // what startCounter was given
}
