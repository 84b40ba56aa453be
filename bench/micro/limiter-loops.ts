/** limiter-loops — many checks of one key in a row, as each thread of the limiter's bench runs them. */
import { Fingerprint } from '../../src/base/fingerprint.ts'
import { FixedWindows, WindowAsk } from '../../src/state/fixed-windows.ts'
import { KeyTable } from '../../src/state/key-table.ts'
import { Rates } from '../../src/state/rates.ts'
import { SlidingWindows } from '../../src/state/sliding-windows.ts'

/** By which a check's time is later than the one before. */
const STEP_MS = 0.0001
const CAP_MAX = 0x7fffffff
/** As nowS: long after all that a bench does. */
const UNTIL_S = 100_000

export const KINDS = [
  'lock only',
  'fixed, 1 window',
  'fixed, 3 windows',
  'sliding',
  'gcra',
  'gcra, refused',
] as const
export type Kind = (typeof KINDS)[number]

export interface LoopsAsk {
  readonly buffer: SharedArrayBuffer
  readonly owner: number
  readonly kind: Kind
  readonly keyText: string
  /** V8 puts a fractional number on the heap where it hands one to a function that it did not inline. */
  readonly isFractional: boolean
}

export class LimiterLoops {
  readonly #kind: Kind
  readonly #table: KeyTable
  readonly #fixed: FixedWindows
  readonly #sliding: SlidingWindows
  readonly #rates: Rates
  readonly #key = new Fingerprint()
  readonly #ask: WindowAsk
  /** Milliseconds, and the step of a check: in memory that holds doubles as they are. */
  readonly #clock: Float64Array

  constructor(ask: LoopsAsk) {
    this.#kind = ask.kind
    this.#table = new KeyTable(ask.buffer, ask.owner)
    this.#fixed = new FixedWindows(this.#table)
    this.#sliding = new SlidingWindows(this.#table)
    this.#rates = new Rates(this.#table)
    this.#key.setText(this.#table.seedA, this.#table.seedB, ask.kind + ask.keyText)
    this.#ask = makeAsk(ask.kind === 'fixed, 3 windows' ? 3 : 1, CAP_MAX)
    this.#clock = new Float64Array(ask.isFractional ? [1_000_000.25, STEP_MS] : [1_000_000, 0])
  }

  run(times: number): number {
    switch (this.#kind) {
      case 'lock only':
        return this.#runLock(times)
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
      sum += this.#sliding.take(this.#key, nowMs, 60_000, CAP_MAX, 1)
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

/** At most `cap` in each of the first `windows` periods. */
export function makeAsk(windows: number, cap: number): WindowAsk {
  const ask = new WindowAsk()
  for (let period = 0; period < windows; period++) {
    ask.caps[period] = cap
    ask.ids[period] = 1000
  }
  ask.untilS = UNTIL_S
  return ask
}
