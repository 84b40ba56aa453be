/**
 * limiter — what a check of a limit costs, alone and with a second thread on the same key, and the bytes it leaves.
 *
 *     node dist/bench/micro/limiter.bench.js [--rounds 9]
 *
 * Times are nanoseconds of the clock a check and thread: median (least–most) of the rounds. "same key" has two threads
 * that do nothing else, which no gateway does; "other keys" is the same with a key each. `left` is what stays on the
 * heap until the next collection, for whole and for fractional milliseconds: V8 puts a fractional number on the heap
 * where it hands one to a function that it did not inline.
 */
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Fingerprint } from '../../src/base/fingerprint.ts'
import { FixedWindows, WindowAsk } from '../../src/state/fixed-windows.ts'
import { KeyTable, makeKeyBuffer } from '../../src/state/key-table.ts'
import { Rates } from '../../src/state/rates.ts'
import { SlidingWindows } from '../../src/state/sliding-windows.ts'

const CHUNK = 1000
const ROUND_MS = 150
const STEP_MS = 0.0001
const HEAP_RUN = 2000
const KINDS = [
  'lock only',
  'fingerprint',
  'fixed, 1 window',
  'fixed, 3 windows',
  'sliding',
  'gcra',
  'gcra, refused',
] as const
type Kind = (typeof KINDS)[number]

/** What two threads share, and when they run: word 0 is 1 while a round is on. */
interface Round {
  readonly buffer: SharedArrayBuffer
  readonly gate: SharedArrayBuffer
}
interface Ask {
  readonly kind: Kind
  readonly keyText: string
}
interface Answer {
  readonly ns: number
  readonly check: number
}

class Bench {
  readonly #table: KeyTable
  readonly #fixed: FixedWindows
  readonly #sliding: SlidingWindows
  readonly #rates: Rates
  readonly #key: Fingerprint
  readonly #ask: WindowAsk
  /** Milliseconds, and the step of a check: in memory that holds doubles as they are. */
  readonly #clock: Float64Array

  constructor(buffer: SharedArrayBuffer, owner: number) {
    this.#table = new KeyTable(buffer, owner)
    this.#fixed = new FixedWindows(this.#table)
    this.#sliding = new SlidingWindows(this.#table)
    this.#rates = new Rates(this.#table)
    this.#key = new Fingerprint()
    this.#ask = new WindowAsk()
    this.#clock = new Float64Array([1_000_000, 0])
  }

  prepare(ask: Ask, nowMs: number, stepMs: number): void {
    this.#clock[0] = nowMs
    this.#clock[1] = stepMs
    this.#key.setText(this.#table.seedA, this.#table.seedB, ask.kind + ask.keyText)
    const windows = ask.kind === 'fixed, 3 windows' ? 3 : 1
    for (let period = 0; period < 3; period++) {
      this.#ask.caps[period] = period < windows ? 0x7fffffff : 0
      this.#ask.ids[period] = 1000
    }
    this.#ask.untilS = 100_000
  }

  run(kind: Kind, times: number): number {
    switch (kind) {
      case 'lock only':
        return this.#runLock(times)
      case 'fingerprint':
        return this.#runFingerprint(times)
      case 'sliding':
        return this.#runSliding(times)
      case 'gcra':
        return this.#runRate(times, 0.01, 100_000_000)
      case 'gcra, refused':
        return this.#runRate(times, 1e6, 1)
      default:
        return this.#runFixed(times)
    }
  }

  #runLock(times: number): number {
    let sum = 0
    for (let i = 0; i < times; i++) {
      const at = this.#table.hold(this.#key.a, this.#key.b, 1000)
      sum += at
      this.#table.release(at)
    }
    return sum
  }

  #runFingerprint(times: number): number {
    let sum = 0
    for (let i = 0; i < times; i++) {
      this.#key.setText(i, i, 'ip 203.0.113.117 of route 8f14e45f')
      sum += this.#key.a
    }
    return sum
  }

  #runFixed(times: number): number {
    const clock = this.#clock
    let sum = 0
    for (let i = 0; i < times; i++) {
      const nowMs = clock[0]! + clock[1]!
      clock[0] = nowMs
      sum += this.#fixed.take(this.#key, this.#ask, 1, (nowMs / 1000) | 0)
    }
    return sum
  }

  #runSliding(times: number): number {
    const clock = this.#clock
    let sum = 0
    for (let i = 0; i < times; i++) {
      const nowMs = clock[0]! + clock[1]!
      clock[0] = nowMs
      sum += this.#sliding.take(this.#key, nowMs, 60_000, 0x7fffffff, 1)
    }
    return sum
  }

  #runRate(times: number, gapMs: number, burst: number): number {
    const clock = this.#clock
    let sum = 0
    for (let i = 0; i < times; i++) {
      const nowMs = clock[0]! + clock[1]!
      clock[0] = nowMs
      sum += this.#rates.take(this.#key, nowMs, gapMs, burst, 1)
    }
    return sum
  }
}

function runRound(bench: Bench, kind: Kind, gate: Int32Array): Answer {
  while (Atomics.load(gate, 0) === 0) Atomics.wait(gate, 0, 0)
  const started = performance.now()
  let done = 0
  let check = 0
  while (Atomics.load(gate, 0) === 1) {
    check += bench.run(kind, CHUNK)
    done += CHUNK
  }
  return { ns: ((performance.now() - started) * 1e6) / done, check }
}

function heapPerCheck(bench: Bench, kind: Kind): number {
  const runs: number[] = []
  for (let run = 0; run < 31; run++) {
    const before = process.memoryUsage().heapUsed
    bench.run(kind, HEAP_RUN)
    runs.push((process.memoryUsage().heapUsed - before) / HEAP_RUN)
  }
  return runs.sort((one, other) => one - other)[runs.length >> 1]!
}

function serve(): void {
  const { buffer, gate, owner } = workerData as Round & { owner: number } // what `main` handed over
  const bench = new Bench(buffer, owner)
  const gateWords = new Int32Array(gate)
  parentPort!.on('message', (ask: Ask) => {
    bench.prepare(ask, 1_000_000.25, STEP_MS)
    parentPort!.postMessage(runRound(bench, ask.kind, gateWords))
  })
}

/** One round on each of the workers at once. */
async function round(workers: readonly Worker[], asks: readonly Ask[], gate: Int32Array): Promise<number[]> {
  Atomics.store(gate, 0, 0)
  const answers = workers.map((worker, i) => {
    const answer = new Promise<Answer>((resolve) => worker.once('message', resolve))
    worker.postMessage(asks[i]!)
    return answer
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  Atomics.store(gate, 0, 1)
  Atomics.notify(gate, 0)
  await new Promise((resolve) => setTimeout(resolve, ROUND_MS))
  Atomics.store(gate, 0, 2)
  return (await Promise.all(answers)).map((answer) => answer.ns)
}

function spread(figures: readonly number[]): string {
  const sorted = [...figures].sort((one, other) => one - other)
  const show = (figure: number | undefined): string => (figure ?? 0).toFixed(0)
  return `${show(sorted[sorted.length >> 1])} (${show(sorted[0])}–${show(sorted.at(-1))})`.padStart(16)
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' } } })
  const buffer = makeKeyBuffer(4096, 1, 2)
  const gate = new SharedArrayBuffer(4)
  const gateWords = new Int32Array(gate)
  const workers = [1, 2].map(
    (owner) => new Worker(new URL(import.meta.url), { workerData: { buffer, gate, owner } }),
  )
  console.log(
    'check                        alone         same key       other keys   left: whole  fractional ms',
  )
  for (const kind of KINDS) {
    const [alone, same, other]: number[][] = [[], [], []]
    for (let count = -1; count < Number(values.rounds); count++) {
      const one = await round(workers.slice(0, 1), [{ kind, keyText: 'a' }], gateWords)
      const two = await round(
        workers,
        [
          { kind, keyText: 'a' },
          { kind, keyText: 'a' },
        ],
        gateWords,
      )
      const apart = await round(
        workers,
        [
          { kind, keyText: 'a' },
          { kind, keyText: 'b' },
        ],
        gateWords,
      )
      if (count < 0) continue // warms up
      alone!.push(...one)
      same!.push(...two)
      other!.push(...apart)
    }
    const bench = new Bench(buffer, 0)
    bench.prepare({ kind, keyText: 'heap' }, 1_000_000, 0)
    for (let i = 0; i < 300; i++) bench.run(kind, CHUNK)
    const whole = heapPerCheck(bench, kind)
    bench.prepare({ kind, keyText: 'heap' }, 1_000_000.25, STEP_MS)
    for (let i = 0; i < 300; i++) bench.run(kind, CHUNK)
    const left = [whole, heapPerCheck(bench, kind)]
      .map((bytes) => `${bytes.toFixed(1)} B`.padStart(10))
      .join(' ')
    console.log(`${kind.padEnd(18)} ${spread(alone!)} ${spread(same!)} ${spread(other!)} ${left}`)
  }
  for (const worker of workers) await worker.terminate()
}

if (isMainThread) await main()
else serve()
