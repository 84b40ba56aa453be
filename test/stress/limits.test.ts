/** Limits under contention: four threads, 50 million checks, and not one admission too many or too few. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { KeyTable, makeKeyBuffer } from '../../src/state/key-table.ts'
import {
  Asker,
  answerOf,
  COUNTS,
  GAP_MS,
  grantedAt,
  type Job,
  keysOf,
  startAsker,
  WINDOW_MS,
} from './ask-limits.ts'

const THREADS = 4
const KEYS = 9
const LARGE = 0
const SMALL = 1
const SMALL_SLOTS = 64
const START_MS = 1_000_000
const INT_MAX = 2 ** 31 - 1

const buffers = [makeKeyBuffer(4096, 11, 12), makeKeyBuffer(SMALL_SLOTS, 13, 14)]
const granted = new SharedArrayBuffer((THREADS + 1) * COUNTS * 4)
let workers: Worker[] = []
let checks = 0

before(async () => {
  const setups = Array.from({ length: THREADS }, (_, i) => ({ buffers, granted, owner: i + 1 }))
  workers = await Promise.all(setups.map(startAsker))
})

after(async () => {
  await Promise.all(workers.map((worker) => worker.terminate()))
})

test('every fixed window admits its cap for each key, exactly', async () => {
  for (let round = 1; round <= 10; round++) {
    await runOnAll({ name: 'fixed', algorithm: 'fixed', nowMs: START_MS + round * 1000, cap: 20_000 })
    assertGranted(0, KEYS, 20_000 * round)
  }
})

test('every window length admits the cap for each key, exactly, where windows slide', async () => {
  for (let round = 1; round <= 8; round++) {
    await runOnAll({
      name: 'sliding',
      algorithm: 'sliding',
      nowMs: START_MS + round * WINDOW_MS,
      cap: 20_000,
      countAt: 100,
    })
    assertGranted(100, KEYS, 20_000 * round)
  }
})

test('every burst is admitted for each key, exactly, once the one before is paid for', async () => {
  for (let round = 1; round <= 8; round++) {
    const nowMs = START_MS + round * 20_000 * GAP_MS
    await runOnAll({ name: 'rate', algorithm: 'rate', nowMs, cap: 20_000, countAt: 200 })
    assertGranted(200, KEYS, 20_000 * round)
  }
})

test('no count is lost where nothing is refused', async () => {
  const job = await runOnAll({ name: 'add', algorithm: 'add', cap: INT_MAX, times: 2_500_000, countAt: 300 })
  const reader = new Asker(buffers[LARGE]!, { buffers, granted, owner: 0 })
  const keys = keysOf(job, reader.table)
  const nowS = reader.setAsk(job)
  let sum = 0
  for (const [n, key] of keys.entries()) {
    reader.fixed.read(key, reader.ask, nowS)
    assert.equal(reader.ask.used[0], grantedAt(granted, 300 + n))
    assert.equal(reader.ask.used[1], reader.ask.used[0])
    sum += reader.ask.used[0]!
  }
  assert.equal(sum, THREADS * job.times)
})

test('keys that crowd a small table out of each other do not move a busy key', async () => {
  await runOnAll({
    name: 'cold',
    algorithm: 'rate',
    table: SMALL,
    cap: 50_000,
    keys: 5000,
    times: 2_500_000,
    countAt: 1000,
  })
  // Between two uses of the busy key each thread uses one other: never the 32 it would take to make it the oldest.
  assert.equal(grantedAt(granted, 1000), 50_000)
  const table = new KeyTable(buffers[SMALL]!, 0)
  assert.ok(table.evicted > 1_000_000, `${table.evicted} evicted`)
  assert.equal(table.entries, SMALL_SLOTS)
})

test('these were 50 million checks, and every lock is free after them', (t) => {
  t.diagnostic(`${checks} checks`)
  assert.ok(checks >= 50_000_000)
  for (const buffer of buffers)
    for (let owner = 0; owner <= THREADS; owner++) assert.equal(new KeyTable(buffer, 0).forget(owner), 0)
})

async function runOnAll(fields: Partial<Job>): Promise<Job> {
  const job: Job = {
    algorithm: 'fixed',
    table: LARGE,
    times: 300_000,
    nowMs: START_MS,
    cap: 1,
    name: '',
    keys: KEYS,
    countAt: 0,
    ...fields,
  }
  checks += THREADS * job.times
  const answers = workers.map(answerOf)
  for (const worker of workers) worker.postMessage({ jobs: [job], rounds: 1 })
  await Promise.all(answers)
  return job
}

function assertGranted(countAt: number, keys: number, expected: number): void {
  for (let n = 0; n < keys; n++) assert.equal(grantedAt(granted, countAt + n), expected, `key ${n}`)
}
