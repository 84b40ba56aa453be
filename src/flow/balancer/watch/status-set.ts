/** status-set — HTTP statuses to look up by bit. HOT: `has` runs for every answer that is judged. */

const STATUS_MAX = 999

export class StatusSet {
  readonly #bits: Int32Array

  constructor(bits: Int32Array) {
    this.#bits = bits
  }

  has(status: number): boolean {
    return status <= STATUS_MAX && (this.#bits[status >> 5]! & (1 << (status & 31))) !== 0
  }
}

export function makeStatusSet(statuses: readonly number[]): StatusSet {
  const bits = new Int32Array((STATUS_MAX >> 5) + 1)
  for (let i = 0; i < statuses.length; i++) {
    const status = statuses[i]!
    if (status >= 0 && status <= STATUS_MAX) bits[status >> 5]! |= 1 << (status & 31)
  }
  return new StatusSet(bits)
}
