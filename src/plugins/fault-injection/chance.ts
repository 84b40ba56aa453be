/** chance — numbers in [0, 1) by xorshift (Marsaglia, 2003): good enough for faults, and without an allocation. */
const RANGE = 2 ** 32

export class Chance {
  #state: number

  constructor(seed: number) {
    // It never leaves 0.
    this.#state = seed | 0 || 1
  }

  draw(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return (state >>> 0) / RANGE
  }
}
