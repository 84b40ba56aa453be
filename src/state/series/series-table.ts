/** series-table — a worker's series: opens each once, by family and labels, and finds those it had before it was replaced. */
import { labelText } from './label-text.ts'
import { boundsOf, cellsOf, LOST, SeriesArea, type SeriesFamily } from './series-area.ts'
import { CounterCell, HistogramCells } from './series-cells.ts'

/** Of those without room so many are known by name, so that they are counted once. */
const LOST_KNOWN_MAX = 10_000

export class SeriesTable {
  readonly #area: SeriesArea
  /** By family and labels: the first cell. */
  readonly #cells: Map<string, number>
  readonly #lost: Set<string>

  /** `areas`: workers and the primary. `owner`: 0 in the primary, the worker's id in a worker. */
  constructor(buffer: SharedArrayBuffer, areas: number, owner: number) {
    this.#area = new SeriesArea(buffer, areas, owner)
    this.#cells = new Map()
    this.#lost = new Set()
    for (const { family, labels, cell } of this.#area.readNew()) this.#cells.set(keyOf(family, labels), cell)
  }

  /** Bytes of the area in use. */
  get bytesUsed(): number {
    return this.#area.bytesUsed
  }

  counter(family: SeriesFamily, labels: readonly string[]): CounterCell {
    const cell = this.#open(family, labels)
    return cell < 0 ? new CounterCell(new Float64Array(1), 0) : new CounterCell(this.#area.cells, cell)
  }

  gauge(family: SeriesFamily, labels: readonly string[]): CounterCell {
    return this.counter(family, labels)
  }

  histogram(family: SeriesFamily, labels: readonly string[]): HistogramCells {
    const cell = this.#open(family, labels)
    const bounds = Float64Array.from(boundsOf(family))
    return cell < 0
      ? new HistogramCells(new Float64Array(cellsOf(family)), 0, bounds)
      : new HistogramCells(this.#area.cells, cell, bounds)
  }

  #open(family: SeriesFamily, given: readonly string[]): number {
    const labels = labelText(given)
    const key = keyOf(family, labels)
    const known = this.#cells.get(key)
    if (known !== undefined) return known
    const cell = this.#area.append(family, labels)
    if (cell < 0) this.#lose(key)
    else this.#cells.set(key, cell)
    return cell
  }

  #lose(key: string): void {
    if (this.#lost.has(key)) return
    if (this.#lost.size < LOST_KNOWN_MAX) this.#lost.add(key)
    Atomics.add(this.#area.words, LOST, 1)
  }
}

function keyOf({ name, kind, bounds }: SeriesFamily, labels: string): string {
  return `${name} ${kind} ${bounds === undefined || bounds.length === 0 ? '' : bounds.join()} ${labels}`
}
