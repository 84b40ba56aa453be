/**
 * known-prints — the fingerprints of ids that come again with each request: consumers, credentials, services, a path.
 *
 * LIMITS  KNOWN_MAX texts; when there are more they are all made anew as they come.
 *
 * HOT     `find` runs once a limited request: one look-up in place of a fingerprint over an id's 36 characters.
 */
import type { Fingerprint } from '../base/fingerprint.ts'

const KNOWN_MAX = 4096
/** Most plugins meet few ids, and there may be thousands of plugins. */
const KNOWN_FIRST = 16

export class KnownPrints {
  readonly #seedA: number
  readonly #seedB: number
  readonly #places: Map<string, number>
  #words: Int32Array

  constructor(seedA: number, seedB: number) {
    this.#seedA = seedA
    this.#seedB = seedB
    this.#places = new Map()
    this.#words = new Int32Array(2 * KNOWN_FIRST)
  }

  /** Sets `print` as `print.setText(seedA, seedB, text)` would. */
  find(print: Fingerprint, text: string): void {
    const place = this.#places.get(text)
    if (place === undefined) return this.#add(print, text)
    print.a = this.#words[place]!
    print.b = this.#words[place + 1]!
  }

  #add(print: Fingerprint, text: string): void {
    if (this.#places.size === KNOWN_MAX) this.#places.clear()
    const place = 2 * this.#places.size
    if (place === this.#words.length) this.#grow()
    this.#places.set(text, place)
    print.setText(this.#seedA, this.#seedB, text)
    this.#words[place] = print.a
    this.#words[place + 1] = print.b
  }

  #grow(): void {
    const words = new Int32Array(2 * this.#words.length)
    words.set(this.#words)
    this.#words = words
  }
}
