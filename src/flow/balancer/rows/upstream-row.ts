/**
 * upstream-row — one upstream's shared state, held as long as anybody counts in it.
 *
 * A balancer holds it, and so does each connection that it counts: connections outlive plans, and a row given back too
 * early could be another upstream's when their count comes back.
 */
import { Fingerprint } from '../../../base/fingerprint.ts'
import type { Rows } from '../../../state/rows.ts'
import { UpstreamState } from '../../../state/upstream-state.ts'

export class UpstreamRow {
  readonly state: UpstreamState
  readonly #rows: Rows
  readonly #at: number
  #holders: number

  /** Held once. When the table is full this thread counts for itself. */
  constructor(rows: Rows, upstreamId: string) {
    const key = new Fingerprint()
    key.setText(rows.seedA, rows.seedB, upstreamId)
    this.#rows = rows
    this.#at = rows.claim(key.a, key.b)
    this.#holders = 1
    const row = this.#at < 0 ? rows.privateRow() : { words: rows.words, doubles: rows.doubles, at: this.#at }
    this.state = new UpstreamState(row.words, row.doubles, row.at, rows.owner)
  }

  hold(): void {
    this.#holders++
  }

  release(): void {
    if (--this.#holders === 0 && this.#at >= 0) this.#rows.release(this.#at)
  }
}
