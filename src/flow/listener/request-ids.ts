/**
 * request-ids — 32 hexadecimal digits that name a request in answers, targets' fields and logs.
 *
 * Unique, not secret: a xoshiro128** generator (Blackman and Vigna 2018) seeded from the system's entropy per worker.
 *
 * HOT     Runs once a request: four steps of the generator and 32 stores.
 */

const DIGITS = Buffer.from('0123456789abcdef')

export class RequestIds {
  readonly #state: Uint32Array

  /** `seed`: 16 random bytes. */
  constructor(seed: Uint8Array) {
    this.#state = new Uint32Array(4)
    for (let i = 0; i < 16; i++) this.#state[i >> 2] = (this.#state[i >> 2]! << 8) | seed[i]!
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1
  }

  next(into: Buffer): void {
    for (let word = 0; word < 4; word++) {
      let value = this.#step()
      for (let i = 0; i < 8; i++) {
        into[word * 8 + i] = DIGITS[value & 15]!
        value >>>= 4
      }
    }
  }

  #step(): number {
    const state = this.#state
    const one = state[1]!
    let result = Math.imul(one, 5)
    result = Math.imul((result << 7) | (result >>> 25), 9)
    const shifted = one << 9
    state[2] = state[2]! ^ state[0]!
    state[3] = state[3]! ^ one
    state[1] = one ^ state[2]!
    state[0] = state[0]! ^ state[3]!
    state[2] = state[2]! ^ shifted
    state[3] = (state[3]! << 11) | (state[3]! >>> 21)
    return result
  }
}
