/**
 * verified — pairs of a hash and the password it was made of, once a costly check has found them to be one.
 *
 * WHAT    By the hash's text, which has a salt of its own, an HMAC of the password under a key of this thread that is
 *         made at its start: no password is kept. It outlives reloads, so a reload costs no second check.
 *
 * LIMITS  PAIRS_MAX; the oldest goes first, and is checked anew when it is next used.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { isSameText } from './same-text.ts'

export const PAIRS_MAX = 10_000

export class Verified {
  readonly #key: KeyObject
  readonly #pairs: Map<string, string>

  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key)
    this.#pairs = new Map()
  }

  get size(): number {
    return this.#pairs.size
  }

  /** What stands for a password here. */
  markOf(password: Uint8Array): string {
    return createHmac('sha256', this.#key).update(password).digest('base64')
  }

  has(stored: string, mark: string): boolean {
    const known = this.#pairs.get(stored)
    return known !== undefined && isSameText(known, mark)
  }

  add(stored: string, mark: string): void {
    if (this.#pairs.size >= PAIRS_MAX && !this.#pairs.has(stored)) {
      const [oldest] = this.#pairs.keys()
      this.#pairs.delete(oldest!)
    }
    this.#pairs.set(stored, mark)
  }
}
