/**
 * sessions — what makes the next handshake with a target short: the last ticket of each pool.
 *
 * A pool's servers have been verified for its name and by its trust before they could give a ticket, so a ticket is of
 * use to that pool alone. A short handshake shows no certificate: after FULL_EVERY_MS a whole one is due, or a target
 * whose certificate has expired could go on for ever.
 */
import type { Address } from '../../../contract/target.ts'

export const FULL_EVERY_MS = 3_600_000

interface Kept {
  readonly session: Buffer
  /** When the certificate behind it was last seen. */
  readonly seenMs: number
}

export class Sessions {
  readonly #kept: WeakMap<Address, Kept>

  constructor() {
    this.#kept = new WeakMap()
  }

  /** For the next connection, or null. */
  get(address: Address, nowMs: number): Buffer | null {
    const kept = this.#kept.get(address)
    return kept === undefined || nowMs - kept.seenMs > FULL_EVERY_MS ? null : kept.session
  }

  /** From a connection whose handshake was whole, or was short because of the one kept. */
  keep(address: Address, session: Buffer, isResumed: boolean, nowMs: number): void {
    const seenMs = isResumed ? this.#kept.get(address)?.seenMs : nowMs
    if (seenMs !== undefined) this.#kept.set(address, { session, seenMs })
  }

  drop(address: Address): void {
    this.#kept.delete(address)
  }
}
