/**
 * series-reader — the series of all workers, added up: what the primary shows.
 *
 * It keeps what it has read of the directories, and the beginnings of the lines they make, so that reading again costs
 * little more than adding up.
 */
import { escapeHelp } from './label-text.ts'
import { boundsOf, cellsOf, LOST, SeriesArea, type SeriesFamily } from './series-area.ts'

/** One series, wherever it is counted. */
interface Summed {
  readonly labels: string
  /** Lines up to their value: one of a counter; of a histogram its buckets, _sum and _count. Null: not shown yet. */
  prefixes: readonly string[] | null
  /** Areas and first cells in turn. */
  readonly places: number[]
}

interface Group {
  readonly family: SeriesFamily
  readonly byLabels: Map<string, Summed>
  readonly series: Summed[]
}

export class SeriesReader {
  readonly #areas: readonly SeriesArea[]
  readonly #groups: Map<string, Group>

  constructor(buffer: SharedArrayBuffer, areas: number) {
    this.#areas = Array.from({ length: areas }, (_, owner) => new SeriesArea(buffer, areas, owner))
    this.#groups = new Map()
  }

  /** Series that found no room in their worker's area. */
  get lost(): number {
    return this.#areas.reduce((sum, { words }) => sum + Atomics.load(words, LOST), 0)
  }

  /** Cells and directory of all areas together. */
  get bytesUsed(): number {
    this.#refresh()
    return this.#areas.reduce((sum, { bytesUsed }) => sum + bytesUsed, 0)
  }

  get bytes(): number {
    return this.#areas.reduce((sum, { cells }) => sum + cells.byteLength, 0)
  }

  get count(): number {
    this.#refresh()
    let count = 0
    for (const { series } of this.#groups.values()) count += series.length
    return count
  }

  /** The owner is gone: what it had open is no more. Counters and histograms stay. */
  forget(owner: number): void {
    this.#refresh()
    for (const { family, series } of this.#groups.values())
      if (family.kind === 'gauge') for (const { places } of series) this.#zero(owner, places)
  }

  #zero(owner: number, places: readonly number[]): void {
    for (let i = 0; i < places.length; i += 2)
      if (places[i] === owner) this.#areas[owner]!.cells[places[i + 1]!] = 0
  }

  /** In Prometheus' text form, with a newline behind each line. */
  text(): string {
    this.#refresh()
    let text = ''
    for (const { family, series } of this.#groups.values()) {
      text += `# HELP ${family.name} ${escapeHelp(family.says)}\n# TYPE ${family.name} ${family.kind}\n`
      const sums = new Float64Array(cellsOf(family))
      for (const each of series) {
        this.#sum(each.places, sums)
        each.prefixes ??= prefixesOf(family, each.labels)
        text +=
          family.kind === 'histogram'
            ? histogramLines(each.prefixes, sums)
            : `${each.prefixes[0]}${sums[0]}\n`
      }
    }
    return text
  }

  #sum(places: readonly number[], sums: Float64Array): void {
    sums.fill(0)
    for (let i = 0; i < places.length; i += 2) {
      const { cells } = this.#areas[places[i]!]!
      const cell = places[i + 1]!
      for (let n = 0; n < sums.length; n++) sums[n] = sums[n]! + cells[cell + n]!
    }
  }

  #refresh(): void {
    for (const [owner, area] of this.#areas.entries())
      for (const { family, labels, cell } of area.readNew()) {
        const group = this.#groupOf(family)
        let summed = group.byLabels.get(labels)
        if (summed === undefined) {
          summed = { labels, prefixes: null, places: [] }
          group.byLabels.set(labels, summed)
          group.series.push(summed)
        }
        summed.places.push(owner, cell)
      }
  }

  #groupOf(family: SeriesFamily): Group {
    const key = `${family.name} ${family.kind} ${boundsOf(family).join()}`
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = { family, byLabels: new Map(), series: [] }
      this.#groups.set(key, group)
    }
    return group
  }
}

function prefixesOf(family: SeriesFamily, labels: string): string[] {
  const braces = labels === '' ? '' : `{${labels}}`
  if (family.kind !== 'histogram') return [`${family.name}${braces} `]
  const before = labels === '' ? '' : `${labels},`
  const opened = `${family.name}_bucket{${before}le="`
  const prefixes: string[] = []
  for (const bound of boundsOf(family)) prefixes.push(`${opened}${bound}"} `)
  prefixes.push(`${opened}+Inf"} `, `${family.name}_sum${braces} `, `${family.name}_count${braces} `)
  return prefixes
}

/** `cells`: each bucket's own count, then the sum; Prometheus' buckets count all below them as well. */
function histogramLines(prefixes: readonly string[], cells: Float64Array): string {
  const buckets = cells.length - 1
  let [text, count] = ['', 0]
  for (let i = 0; i < buckets; i++) {
    count += cells[i]!
    text += `${prefixes[i]}${count}\n`
  }
  return `${text}${prefixes[buckets]}${cells[buckets]}\n${prefixes[buckets + 1]}${count}\n`
}
