/**
 * alone — until when this machine must not trust Redis's counts alone: it has admitted what Redis never heard of.
 *
 * WHAT    A slot of a plugin's own in the table of limits, with one double: a time of the clock that never steps. Until
 *         then a request is admitted only if this machine's own counts have room too, which know what came while Redis
 *         was away, and what Redis knew before, should it have come back empty.
 *
 * WRITES  Any worker: one store of 8 bytes. The time only moves on.
 *
 * HOT     `holds` runs once a request that Redis decides.
 */
import { Fingerprint } from '../base/fingerprint.ts'
import type { KeyTable } from '../state/key-table.ts'

/** 34 years: seconds further ahead would wrap. */
const KEPT_S_MAX = 2 ** 30

export class Alone {
  readonly #table: KeyTable
  readonly #key: Fingerprint

  /** `use`: the plugin's scope and kind. */
  constructor(table: KeyTable, use: string) {
    this.#table = table
    this.#key = new Fingerprint()
    this.#key.setText(table.seedA, table.seedB, `alone ${use}`)
  }

  /** Something was admitted that counts until then. */
  note(nowMs: number, untilMs: number): void {
    const at = this.#table.hold(this.#key.a, this.#key.b, (nowMs / 1000) | 0)
    if (untilMs > this.#table.doubles[at >> 1]!) this.#table.doubles[at >> 1] = untilMs
    this.#table.keepAtLeast(at, (Math.min(untilMs / 1000, nowMs / 1000 + KEPT_S_MAX) | 0) + 1)
    this.#table.release(at)
  }

  holds(nowMs: number): boolean {
    const at = this.#table.find(this.#key.a, this.#key.b, (nowMs / 1000) | 0)
    if (at < 0) return false
    const untilMs = this.#table.doubles[at >> 1]!
    this.#table.release(at)
    return nowMs < untilMs
  }
}
