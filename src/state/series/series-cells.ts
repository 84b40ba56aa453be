/**
 * series-cells — one series as its worker counts in it.
 *
 * HOT     `add` and `observe` run several times a request: a load and a store each, behind the search for the bucket.
 *         Series that found no room are of the same classes, over cells that nobody reads.
 */

export class CounterCell {
  readonly #cells: Float64Array
  readonly #at: number

  constructor(cells: Float64Array, at: number) {
    this.#cells = cells
    this.#at = at
  }

  add(count: number): void {
    const cells = this.#cells
    const at = this.#at
    cells[at] = cells[at]! + count
  }

  /** For a gauge. */
  set(value: number): void {
    this.#cells[this.#at] = value
  }
}

export class HistogramCells {
  readonly #cells: Float64Array
  readonly #at: number
  readonly #bounds: Float64Array
  readonly #count: number

  constructor(cells: Float64Array, at: number, bounds: Float64Array) {
    this.#cells = cells
    this.#at = at
    this.#bounds = bounds
    this.#count = bounds.length
  }

  observe(value: number): void {
    const bounds = this.#bounds
    const count = this.#count
    let i = 0
    while (i < count && value > bounds[i]!) i++
    const cells = this.#cells
    const bucket = this.#at + i
    const sum = this.#at + count + 1
    cells[bucket] = cells[bucket]! + 1
    cells[sum] = cells[sum]! + value
  }
}
