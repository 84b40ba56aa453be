/**
 * rows — what shared rows cost a request, alone and while a second thread does the same to the same row.
 *
 *     node dist/bench/micro/rows.bench.js
 *
 * Nanoseconds of the clock a call. The worst case for the second thread: it does nothing else, so every word is in
 * the other core's cache. On a machine with one core the two take turns, and then the second figure means nothing.
 */
import { isMainThread } from 'node:worker_threads'
import type { BreakerSettings } from '../../src/state/breaker.ts'
import { makeRowBuffer, Rows } from '../../src/state/rows.ts'
import { TargetState, targetRowWords } from '../../src/state/target-state.ts'
import { UpstreamState, upstreamRowWords } from '../../src/state/upstream-state.ts'
import type { Bench, Case } from './frame/bench.ts'
import { OtherThread, serve } from './frame/other-thread.ts'
import { runAlone } from './frame/run.ts'

const OWNERS = 3
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

  'takeRequest + giveRequest'(times: number): void {
    const upstream = this.#upstream
    for (let i = 0; i < times; i++) if (upstream.takeRequest(1024)) upstream.giveRequest()
  }

  'takeRequest(0) + giveRequest'(times: number): void {
    const upstream = this.#upstream
    for (let i = 0; i < times; i++) if (upstream.takeRequest(0)) upstream.giveRequest()
  }

  'begin + end'(times: number): void {
    const target = this.#target
    for (let i = 0; i < times; i++) {
      target.begin()
      target.end()
    }
  }

  isOut(times: number): void {
    const target = this.#target
    for (let i = 0; i < times; i++) if (target.isOut) throw new Error('nobody took it out')
  }

  'reportSuccess, healthy'(times: number): void {
    const target = this.#target
    for (let i = 0; i < times; i++) target.reportSuccess(CHECKS, i)
  }

  'onResponse(200)'(times: number): void {
    const target = this.#target
    for (let i = 0; i < times; i++) target.onResponse(200, OUTLIER)
  }

  'breaker.admit, closed'(times: number): void {
    const { breaker } = this.#upstream
    for (let i = 0; i < times; i++) if (breaker.admit(i / 100, BREAKER) < 0) throw new Error('it is closed')
  }

  'breaker.admit + report, closed'(times: number): void {
    const { breaker } = this.#upstream
    for (let i = 0; i < times; i++)
      breaker.report(i / 100, BREAKER, breaker.admit(i / 100, BREAKER), (i & 63) !== 0)
  }
}

type Name = Exclude<keyof Loops, 'constructor'>

interface Ask {
  readonly buffer: SharedArrayBuffer
  readonly name: Name
}

/** A method's own names. */
const names = Object.getOwnPropertyNames(Loops.prototype).filter((name) => name !== 'constructor') as Name[]

export const bench: Bench = {
  name: 'rows',
  says: 'one call of what upstreams and targets keep in shared memory',
  groups: names.map((name) => ({ name, clock: 'wall', open: () => open(name) })),
}

async function open(name: Name): Promise<Case[]> {
  const width = Math.max(targetRowWords(OWNERS), upstreamRowWords(OWNERS))
  const buffer = makeRowBuffer({ rows: 8, width, owners: OWNERS, seedA: 0, seedB: 0 })
  const loops = new Loops(buffer, 1)
  const run = (times: number): number => {
    loops[name](times)
    return times
  }
  const ask: Ask = { buffer, name }
  const other = await OtherThread.open(import.meta.url, ask)
  return [
    { name: 'alone', run },
    {
      name: 'with a second thread',
      run,
      begin: () => other.begin(),
      end: () => other.end(),
      close: () => other.close(),
    },
  ]
}

if (isMainThread) await runAlone(bench, import.meta.url)
else
  serve<Ask>(({ buffer, name }) => {
    const loops = new Loops(buffer, 2)
    return (times) => loops[name](times)
  })
