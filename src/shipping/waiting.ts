/**
 * waiting — entries in the order they came, with what each weighs; the oldest leave first.
 *
 * Taking from the front moves a mark, and what stands before it is cut off once it is the larger part: constant cost an
 * entry, however many wait.
 */

const CUT_AT = 1024

export interface Taken<T> {
  readonly entries: readonly T[]
  readonly bytes: number
}

export class Waiting<T> {
  #entries: (T | null)[] = []
  #weights: number[] = []
  #first = 0

  get count(): number {
    return this.#entries.length - this.#first
  }

  push(entry: T, bytes: number): void {
    this.#entries.push(entry)
    this.#weights.push(bytes)
  }

  /** Answers what it weighed. */
  dropOldest(): number {
    const bytes = this.#weights[this.#first] ?? 0
    this.#entries[this.#first] = null
    this.#first++
    this.#cut()
    return bytes
  }

  /** At most `count` entries of together at most `bytesMax`, but always one. */
  take(count: number, bytesMax: number): Taken<T> {
    const end = Math.min(this.#first + count, this.#entries.length)
    let bytes = this.#weights[this.#first] ?? 0
    let next = this.#first + 1
    while (next < end && bytes + this.#weights[next]! <= bytesMax) bytes += this.#weights[next++]!
    const entries = this.#entries.slice(this.#first, next).filter((entry) => entry !== null)
    this.#entries.fill(null, this.#first, next)
    this.#first = next
    this.#cut()
    return { entries, bytes }
  }

  clear(): void {
    this.#entries = []
    this.#weights = []
    this.#first = 0
  }

  #cut(): void {
    if (this.#first < CUT_AT || this.#first * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#first)
    this.#weights = this.#weights.slice(this.#first)
    this.#first = 0
  }
}
