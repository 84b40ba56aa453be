/**
 * dice — chance for picks: whole numbers, so that a draw makes no object where a double would (xorshift, 32 bits).
 *
 * HOT     Runs several times a pick.
 */

const SEED = 0x2545f491

export class Dice {
  #state: number

  /** `random`, in [0, 1), is drawn from once: workers differ by it. */
  constructor(random: () => number) {
    // Zero would stay zero.
    this.#state = (random() * 2 ** 32) | 0 || SEED
  }

  /** In [0, sides). */
  throw(sides: number): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return (((state >>> 0) / 2 ** 32) * sides) | 0
  }
}
