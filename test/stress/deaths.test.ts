/** Threads that are ended while they ask: what they held is given back, and at most the request they were in is lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeKeyBuffer } from '../../src/state/key-table.ts'
import { Asker, COUNTS, grantedAt, type Job, keysOf, startAsker } from './ask-limits.ts'

const KILLS = 200
const THREADS = 3
const LARGE = 0
const SMALL = 1
const NOW_MS = 1_000_000
const CAPPED = 5000
/** Never reached, and exact in ticks. */
const COUNTED = 20_000_000
const INT_MAX = 2 ** 31 - 1

const buffers = [makeKeyBuffer(64, 21, 22), makeKeyBuffer(32, 23, 24)]
const granted = new SharedArrayBuffer((THREADS + 1) * COUNTS * 4)

const common = { table: LARGE, times: 40, nowMs: NOW_MS, keys: 4 }
const jobs: readonly Job[] = [
  { ...common, algorithm: 'fixed', cap: CAPPED, name: 'fixed, capped', countAt: 0 },
  { ...common, algorithm: 'sliding', cap: CAPPED, name: 'sliding, capped', countAt: 10 },
  { ...common, algorithm: 'rate', cap: CAPPED, name: 'rate, capped', countAt: 20 },
  { ...common, algorithm: 'fixed', cap: INT_MAX, name: 'fixed', countAt: 30 },
  { ...common, algorithm: 'sliding', cap: INT_MAX, name: 'sliding', countAt: 40 },
  { ...common, algorithm: 'rate', cap: COUNTED, name: 'rate', countAt: 50 },
  { ...common, algorithm: 'rate', cap: 10, table: SMALL, keys: 3000, name: 'crowd', countAt: 1000 },
]

test(`${KILLS} threads ended in the middle of asking cost at most one request each, and no key is stuck`, async (t) => {
  const main = buffers.map((buffer) => new Asker(buffer, { buffers, granted, owner: 0 }))
  let held = 0
  await Promise.all(
    Array.from({ length: THREADS }, async (_, i) => {
      const owner = i + 1
      for (let kill = i; kill < KILLS; kill += THREADS) {
        const worker = await startAsker({ buffers, granted, owner })
        worker.postMessage({ jobs, rounds: INT_MAX })
        await new Promise((resolve) => setTimeout(resolve, (kill * 7) % 13))
        await worker.terminate()
        for (const { table } of main) held += table.forget(owner)
      }
    }),
  )
  t.diagnostic(`${held} of ${KILLS} held a lock when they were ended`)

  for (const { table } of main)
    for (let owner = 0; owner <= THREADS; owner++) assert.equal(table.forget(owner), 0)
  for (const job of jobs.slice(0, 6)) checkCounts(main[LARGE]!, job)
  const crowd = jobs[6]!
  for (const key of keysOf(crowd, main[SMALL]!.table)) main[SMALL]!.isGranted(crowd, key, NOW_MS / 1000)
  assert.equal(main[SMALL]!.table.entries, 32)
})

/** What the table has counted for each key, against what the threads were granted. */
function checkCounts(asker: Asker, job: Job): void {
  const nowS = asker.setAsk(job)
  for (const [n, key] of keysOf(job, asker.table).entries()) {
    const given = grantedAt(granted, job.countAt + n)
    const counted = countOf(asker, job, key)
    const label = `${job.name} ${n}: ${given} granted, ${counted} counted`
    assert.ok(given > 0 && given <= job.cap && counted <= job.cap, label)
    assert.ok(Math.abs(counted - given) <= KILLS, label)
    let more = 0
    for (let i = 0; i <= KILLS; i++) if (asker.isGranted(job, key, nowS)) more++
    assert.equal(more, Math.min(KILLS + 1, job.cap - counted), label)
    assert.ok(given + more <= job.cap, label)
  }
}

function countOf(asker: Asker, job: Job, key: Parameters<Asker['isGranted']>[1]): number {
  const nowS = asker.setAsk(job)
  if (job.algorithm === 'fixed') {
    asker.fixed.read(key, asker.ask, nowS)
    return asker.ask.used[0]!
  }
  // A cost that never fits takes nothing, and tells what is left.
  const over = { ...job, cap: job.cap }
  if (job.algorithm === 'sliding') {
    asker.sliding.take(key, job.nowMs, 60_000, over.cap, 0)
    return job.cap - asker.sliding.left
  }
  asker.rates.take(key, job.nowMs, 100, over.cap, 0)
  return job.cap - asker.rates.left
}
