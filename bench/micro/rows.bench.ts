/**
 * What shared rows cost a request: nanoseconds a call, alone and while a second thread does the same to the same row.
 *
 *     node dist/bench/micro/rows.bench.js
 *
 * The worst case for the second thread: it does nothing else, so every word is in the other core's cache. What is
 * shown for two threads is the median of rounds of this thread's time.
 */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import type { BreakerSettings } from '../../src/state/breaker.ts'
import { makeRowBuffer, Rows } from '../../src/state/rows.ts'
import { TargetState, targetRowWords } from '../../src/state/target-state.ts'
import { UpstreamState, upstreamRowWords } from '../../src/state/upstream-state.ts'

const CALLS = 1_000_000
const ROUNDS = 9
const OWNERS = 3
const SETTLE_MS = 200
const BREAKER: BreakerSettings = {
  windowMs: 10_000,
  minimumRequests: 20,
  failurePercent: 50,
  consecutiveFailures: 5,
  openMs: 5000,
  openMsMax: 60_000,
  probesMax: 3,
  successesToClose: 3,
}
const CHECKS = { successes: 2, httpFailures: 3, tcpFailures: 2, timeouts: 2 }
const OUTLIER = { consecutive5xx: 5, consecutiveGateway: 5, consecutiveLocal: 5, splitLocal: false }

class Loops {
  readonly #upstream: UpstreamState
  readonly #target: TargetState

  constructor(buffer: SharedArrayBuffer, owner: number) {
    const rows = new Rows(buffer, owner)
    const { words, doubles } = rows
    this.#upstream = new UpstreamState(words, doubles, rows.claim(1, 1), owner)
    this.#target = new TargetState(words, doubles, rows.claim(2, 2), owner)
  }

  'takeRequest + giveRequest'(): void {
    const upstream = this.#upstream
    for (let i = 0; i < CALLS; i++) if (upstream.takeRequest(1024)) upstream.giveRequest()
  }

  'takeRequest(0) + giveRequest'(): void {
    const upstream = this.#upstream
    for (let i = 0; i < CALLS; i++) if (upstream.takeRequest(0)) upstream.giveRequest()
  }

  'begin + end'(): void {
    const target = this.#target
    for (let i = 0; i < CALLS; i++) {
      target.begin()
      target.end()
    }
  }

  isOut(): void {
    const target = this.#target
    for (let i = 0; i < CALLS; i++) if (target.isOut) throw new Error('nobody took it out')
  }

  'reportSuccess, healthy'(): void {
    const target = this.#target
    for (let i = 0; i < CALLS; i++) target.reportSuccess(CHECKS, i)
  }

  'onResponse(200)'(): void {
    const target = this.#target
    for (let i = 0; i < CALLS; i++) target.onResponse(200, OUTLIER)
  }

  'breaker.admit, closed'(): void {
    const { breaker } = this.#upstream
    for (let i = 0; i < CALLS; i++) if (breaker.admit(i / 100, BREAKER) < 0) throw new Error('it is closed')
  }

  'breaker.admit + report, closed'(): void {
    const { breaker } = this.#upstream
    for (let i = 0; i < CALLS; i++)
      breaker.report(i / 100, BREAKER, breaker.admit(i / 100, BREAKER), (i & 63) !== 0)
  }
}

type Name = Exclude<keyof Loops, 'constructor'>

interface Order {
  readonly buffer: SharedArrayBuffer
  readonly name: Name
  readonly stop: Int32Array
}

function makeBuffer(): SharedArrayBuffer {
  const width = Math.max(targetRowWords(OWNERS), upstreamRowWords(OWNERS))
  return makeRowBuffer({ rows: 8, width, owners: OWNERS, seedA: 0, seedB: 0 })
}

/** Median nanoseconds a call. */
function measure(loops: Loops, name: Name): number {
  const figures: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now()
    loops[name]()
    figures.push(((performance.now() - started) / CALLS) * 1e6)
  }
  return figures.sort((left, right) => left - right)[ROUNDS >> 1]!
}

async function compare(name: Name): Promise<void> {
  const buffer = makeBuffer()
  const loops = new Loops(buffer, 1)
  const alone = measure(loops, name)
  const stop = new Int32Array(new SharedArrayBuffer(8))
  const order: Order = { buffer, name, stop }
  const other = new Worker(fileURLToPath(import.meta.url), { workerData: order })
  const over = once(other, 'exit')
  while (Atomics.load(stop, 1) === 0) await sleep(SETTLE_MS)
  const together = measure(loops, name)
  Atomics.store(stop, 0, 1)
  await over
  console.log(`${name.padEnd(32)} ${alone.toFixed(1).padStart(8)} ${together.toFixed(1).padStart(12)}`)
}

if (isMainThread) {
  console.log(`${'ns a call'.padEnd(32)} ${'alone'.padStart(8)} ${'two threads'.padStart(12)}`)
  for (const name of Object.getOwnPropertyNames(Loops.prototype))
    if (name !== 'constructor') await compare(name as Name) // a method's own name
} else {
  const { buffer, name, stop } = workerData as Order // what compare sent
  const loops = new Loops(buffer, 2)
  for (; Atomics.load(stop, 0) === 0; Atomics.store(stop, 1, 1)) loops[name]()
}
