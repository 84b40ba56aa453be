/**
 * A thread that does nothing but ask for admission: what the tests of this folder run several of.
 *
 * What it was granted it counts in its own row of `granted`, after each call: when the thread is ended, at most the
 * call it was in is missing there.
 */
import { once } from 'node:events'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { Fingerprint } from '../../src/base/fingerprint.ts'
import { FixedWindows, WindowAsk } from '../../src/state/fixed-windows.ts'
import { KeyTable } from '../../src/state/key-table.ts'
import { Rates } from '../../src/state/rates.ts'
import { SlidingWindows } from '../../src/state/sliding-windows.ts'

export interface Job {
  readonly algorithm: 'fixed' | 'add' | 'sliding' | 'rate'
  /** Which of the tables. */
  readonly table: number
  readonly times: number
  readonly nowMs: number
  readonly cap: number
  /** Keys `name 0` to `name n - 1` are asked for in turn; the first is asked for every other time. */
  readonly name: string
  readonly keys: number
  /** Where the grants of the first key are counted. */
  readonly countAt: number
}

export interface Setup {
  readonly buffers: readonly SharedArrayBuffer[]
  readonly owner: number
  /** Int32: a row of COUNTS for each owner. */
  readonly granted: SharedArrayBuffer
}

export interface Order {
  readonly jobs: readonly Job[]
  readonly rounds: number
}

export const COUNTS = 8192
export const WINDOW_MS = 60_000
export const GAP_MS = 100

export class Asker {
  readonly table: KeyTable
  readonly fixed: FixedWindows
  readonly sliding: SlidingWindows
  readonly rates: Rates
  readonly ask: WindowAsk
  readonly #granted: Int32Array

  constructor(buffer: SharedArrayBuffer, setup: Setup) {
    this.table = new KeyTable(buffer, setup.owner)
    this.fixed = new FixedWindows(this.table)
    this.sliding = new SlidingWindows(this.table)
    this.rates = new Rates(this.table)
    this.ask = new WindowAsk()
    this.#granted = new Int32Array(setup.granted, setup.owner * COUNTS * 4, COUNTS)
  }

  do(job: Job, keys: readonly Fingerprint[]): void {
    const nowS = this.setAsk(job)
    for (let i = 0; i < job.times; i++) {
      const n = (i & 1) === 0 ? 0 : ((i >> 1) * 7 + 1) % job.keys
      if (!this.isGranted(job, keys[n]!, nowS)) continue
      const at = job.countAt + n
      this.#granted[at] = this.#granted[at]! + 1
    }
  }

  setAsk(job: Job): number {
    const nowS = Math.floor(job.nowMs / 1000)
    for (let period = 0; period < 2; period++) {
      this.ask.caps[period] = job.cap
      this.ask.ids[period] = nowS
    }
    this.ask.untilS = nowS + 10
    return nowS
  }

  isGranted(job: Job, key: Fingerprint, nowS: number): boolean {
    switch (job.algorithm) {
      case 'fixed':
        return this.fixed.take(key, this.ask, 1, nowS) < 0
      case 'add':
        this.fixed.add(key, this.ask, 1, nowS)
        return true
      case 'sliding':
        return this.sliding.take(key, job.nowMs, WINDOW_MS, job.cap, 1) === 0
      case 'rate':
        return this.rates.take(key, job.nowMs, GAP_MS, job.cap, 1) === 0
    }
  }
}

export function keysOf(job: Job, table: KeyTable): Fingerprint[] {
  return Array.from({ length: job.keys }, (_, n) => {
    const key = new Fingerprint()
    key.setText(table.seedA, table.seedB, `${job.name} ${n}`)
    return key
  })
}

/** Sum over all owners. */
export function grantedAt(granted: SharedArrayBuffer, at: number): number {
  const words = new Int32Array(granted)
  let sum = 0
  for (let i = at; i < words.length; i += COUNTS) sum += words[i]!
  return sum
}

/** A thread of this file; answers once it listens. */
export async function startAsker(setup: Setup): Promise<Worker> {
  const worker = new Worker(new URL(import.meta.url), { workerData: setup })
  await answerOf(worker)
  return worker
}

export function answerOf(worker: Worker): Promise<unknown> {
  return once(worker, 'message') // rejects when the thread fails
}

function serve(setup: Setup): void {
  const askers = setup.buffers.map((buffer) => new Asker(buffer, setup))
  parentPort!.on('message', (order: Order) => {
    const keys = order.jobs.map((job) => keysOf(job, askers[job.table]!.table))
    for (let round = 0; round < order.rounds; round++)
      for (const [i, job] of order.jobs.entries()) askers[job.table]!.do(job, keys[i]!)
    parentPort!.postMessage('done')
  })
  parentPort!.postMessage('ready')
}

if (parentPort !== null && workerData !== null) serve(workerData as Setup) // what startAsker handed over
