/**
 * other-counts — what other machines have counted, as far as this one has learned, and what it has told Redis itself.
 *
 * WHAT    Two more slots a key in the table of limits, found by its fingerprint under two salts: `told` (what this
 *         machine has sent to Redis, or is sending) and `others` (Redis's total less `told`). All workers of the
 *         machine see both. `told` is raised before Redis is asked and read after it has answered, so it always covers
 *         what the total holds of ours, and `others` is never too high.
 *
 * WRITES  Any worker, through FixedWindows. `others` only rises within a window, so it does not matter who is last.
 *
 * LIMITS  A key's slots can be evicted apart. Without `told` our own counts look like another's until the window ends.
 *
 * HOT     `read` runs once a limited request of a plugin with a sync_rate.
 */
import { Fingerprint } from '../base/fingerprint.ts'
import { FixedWindows, WindowAsk } from '../state/fixed-windows.ts'
import type { KeyTable } from '../state/key-table.ts'
import { PERIODS } from './periods.ts'

/** One window of one key. */
export interface KeyWindow {
  readonly a: number
  readonly b: number
  readonly period: number
  readonly id: number
  /** The second, of the clock that never steps, at which the window is over. */
  readonly untilS: number
}

export class OtherCounts {
  /** By period, after `read`. */
  readonly counts: Int32Array
  readonly #windows: FixedWindows
  readonly #told: Fingerprint
  readonly #others: Fingerprint
  readonly #salts: Fingerprint
  readonly #one: WindowAsk
  readonly #counts: Int32Array

  constructor(table: KeyTable) {
    this.counts = new Int32Array(PERIODS)
    this.#windows = new FixedWindows(table)
    this.#told = new Fingerprint()
    this.#others = new Fingerprint()
    this.#salts = new Fingerprint()
    this.#salts.setText(table.seedA, table.seedB, 'what other machines counted')
    this.#one = new WindowAsk()
    this.#counts = new Int32Array(PERIODS)
  }

  /** Fills `counts` for the periods of `ask`; `ask.used` is scratch. */
  read(a: number, b: number, ask: WindowAsk, nowS: number): void {
    this.#find(a, b)
    this.#windows.read(this.#others, ask, nowS)
    for (let period = 0; period < PERIODS; period++) this.counts[period] = ask.used[period]!
  }

  /** Before `count` goes to Redis. */
  tell(window: KeyWindow, count: number, nowS: number): void {
    this.#only(window)
    this.#windows.add(this.#told, this.#one, count, nowS)
  }

  /** Redis has said that `total` is counted on all machines. */
  learn(window: KeyWindow, total: number, nowS: number): void {
    this.#only(window)
    this.#windows.read(this.#told, this.#one, nowS)
    const others = Math.min(total - this.#one.used[window.period]!, 0x7fffffff)
    if (others <= 0) return
    this.#counts[window.period] = others
    this.#windows.raise(this.#others, this.#one, this.#counts, nowS)
  }

  #find(a: number, b: number): void {
    this.#told.a = a ^ this.#salts.a
    this.#told.b = b
    this.#others.a = a
    this.#others.b = b ^ this.#salts.b
  }

  #only(window: KeyWindow): void {
    this.#find(window.a, window.b)
    this.#one.caps.fill(0)
    this.#one.caps[window.period] = 1
    this.#one.ids[window.period] = window.id
    this.#one.untilS = window.untilS
  }
}
