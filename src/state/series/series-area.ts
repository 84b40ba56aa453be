/**
 * series-area — one worker's part of the memory for metrics: which series it has, and their numbers.
 *
 * WHAT    One SharedArrayBuffer, cut into areas of equal size: area 0 is the primary's, area n worker n's. The
 *         directory grows from the front, the cells grow from the end towards it, and an area is full where they meet.
 *
 *           area n  | published lost | family | series | series |  ...free...  | cells of 2nd | cells of 1st |
 *                   | 64 bytes       | directory, append-only ─▶ |             ◀─ Float64                   |
 *
 *           family: tag 1, kind, bounds (2 bytes), bytes of name (2), bytes of help (2), bounds (8 each), name, help
 *           series: tag 2, 0, family's number in this area (2), bytes of labels (2), 0 (2), first cell (4), labels
 *
 *         Cells of a counter and of a gauge: 1. Of a histogram: one a bound, one above them all, and the sum. They are
 *         counted from the start of the area.
 *
 * WRITES  Each area by its owner only. A series comes to be with one atomic store of `published`, behind all that it
 *         says: whoever dies before that has left nothing. The replacement reads the directory and goes on with the
 *         same cells. Numbers are plain stores of 8 bytes, which are never torn.
 *
 * LIMITS  An area has a fixed size. A series without room is lost, and `lost` counts it. Labels of more than
 *         LABELS_MAX bytes have no room anywhere. A reader may see the cells of one histogram a moment apart.
 */

export const HEADER_BYTES = 64
/** Words of the header. */
export const PUBLISHED = 0
export const LOST = 1

export const LABELS_MAX = 8192
export const NAME_MAX = 256
export const HELP_MAX = 1024
export const BOUNDS_MAX = 200
/** A series tells its family by two bytes. */
const FAMILIES_MAX = 65_535
/** Places in the directory are told by 31 bits. */
const AREA_MAX = 2 ** 30

const TAG_FAMILY = 1
const TAG_SERIES = 2
const FAMILY_BYTES = 8
const SERIES_BYTES = 12
const PAGE = 4096

export type SeriesKind = 'counter' | 'gauge' | 'histogram'
const KINDS: readonly SeriesKind[] = ['counter', 'gauge', 'histogram']

export interface SeriesFamily {
  readonly name: string
  readonly kind: SeriesKind
  readonly says: string
  readonly bounds?: readonly number[]
}

/** As the directory has it. */
export interface FoundSeries {
  readonly family: SeriesFamily
  /** As they stand between the braces. */
  readonly labels: string
  /** Of the area's doubles. */
  readonly cell: number
}

export function makeSeriesBuffer(workers: number, bytesEach: number): SharedArrayBuffer {
  return new SharedArrayBuffer((workers + 1) * areaBytes(bytesEach))
}

function areaBytes(bytesEach: number): number {
  return Math.max(1, Math.floor(Math.min(bytesEach, AREA_MAX) / PAGE)) * PAGE
}

export function cellsOf(family: SeriesFamily): number {
  return family.kind === 'histogram' ? boundsOf(family).length + 2 : 1
}

export function boundsOf(family: SeriesFamily): readonly number[] {
  return family.bounds ?? []
}

export class SeriesArea {
  readonly words: Int32Array
  /** The whole area: a series' cells begin at its `cell`. */
  readonly cells: Float64Array
  readonly #bytes: Buffer
  readonly #view: DataView
  /** What was published when this thread last looked or wrote. */
  #end: number
  #firstCell: number
  readonly #families: SeriesFamily[]

  /** `areas`: workers and the primary. */
  constructor(buffer: SharedArrayBuffer, areas: number, owner: number) {
    const size = buffer.byteLength / areas
    this.words = new Int32Array(buffer, owner * size, HEADER_BYTES / 4)
    this.cells = new Float64Array(buffer, owner * size, size / 8)
    this.#bytes = Buffer.from(buffer, owner * size, size)
    this.#view = new DataView(buffer, owner * size, size)
    this.#end = HEADER_BYTES
    this.#firstCell = this.cells.length
    this.#families = []
  }

  get bytesUsed(): number {
    return this.#end + (this.cells.length - this.#firstCell) * 8
  }

  /** Those that have come since the last call. */
  readNew(): FoundSeries[] {
    const published = Atomics.load(this.words, PUBLISHED)
    const found: FoundSeries[] = []
    while (this.#end < published) {
      if (this.#bytes[this.#end] === TAG_FAMILY) this.#readFamily()
      else found.push(this.#readSeries())
    }
    return found
  }

  #readFamily(): void {
    const [view, at] = [this.#view, this.#end]
    const bounds: number[] = []
    const count = view.getUint16(at + 2, true)
    for (let i = 0; i < count; i++) bounds.push(view.getFloat64(at + FAMILY_BYTES + i * 8, true))
    const nameAt = at + FAMILY_BYTES + count * 8
    const helpAt = nameAt + view.getUint16(at + 4, true)
    this.#end = helpAt + view.getUint16(at + 6, true)
    const name = this.#bytes.toString('utf8', nameAt, helpAt)
    const says = this.#bytes.toString('utf8', helpAt, this.#end)
    this.#families.push({ name, kind: KINDS[view.getUint8(at + 1)]!, says, bounds })
  }

  #readSeries(): FoundSeries {
    const [view, at] = [this.#view, this.#end]
    const family = this.#families[view.getUint16(at + 2, true)]!
    const cell = view.getUint32(at + 8, true)
    this.#end = at + SERIES_BYTES + view.getUint16(at + 4, true)
    this.#firstCell = cell
    return { family, cell, labels: this.#bytes.toString('utf8', at + SERIES_BYTES, this.#end) }
  }

  /** By the owner: its first cell, or -1 where there is no room. */
  append(family: SeriesFamily, labels: string): number {
    const labelBytes = Buffer.byteLength(labels)
    if (labelBytes > LABELS_MAX || this.#families.length === FAMILIES_MAX) return -1
    const number = this.#families.findIndex((known) => isSame(known, family))
    const familyBytes = number < 0 ? sizeOf(family) : 0
    const cell = this.#firstCell - cellsOf(family)
    if (familyBytes < 0 || this.#end + familyBytes + SERIES_BYTES + labelBytes > cell * 8) return -1
    const at = number < 0 ? this.#writeFamily(family) : this.#end
    const [view, known] = [this.#view, number < 0 ? this.#families.length - 1 : number]
    view.setUint8(at, TAG_SERIES)
    view.setUint8(at + 1, 0)
    view.setUint16(at + 2, known, true)
    view.setUint16(at + 4, labelBytes, true)
    view.setUint16(at + 6, 0, true)
    view.setUint32(at + 8, cell, true)
    this.#bytes.write(labels, at + SERIES_BYTES, 'utf8')
    // Whoever died in the middle of this may have left bytes of its entry where cells come to be.
    this.cells.fill(0, cell, cell + cellsOf(family))
    this.#end = at + SERIES_BYTES + labelBytes
    this.#firstCell = cell
    Atomics.store(this.words, PUBLISHED, this.#end)
    return cell
  }

  /** Not published yet. Answers where it ends. */
  #writeFamily(family: SeriesFamily): number {
    const [view, at, bounds] = [this.#view, this.#end, boundsOf(family)]
    view.setUint8(at, TAG_FAMILY)
    view.setUint8(at + 1, KINDS.indexOf(family.kind))
    view.setUint16(at + 2, bounds.length, true)
    for (const [i, bound] of bounds.entries()) view.setFloat64(at + FAMILY_BYTES + i * 8, bound, true)
    const nameAt = at + FAMILY_BYTES + bounds.length * 8
    const nameBytes = this.#bytes.write(family.name, nameAt, 'utf8')
    const helpBytes = this.#bytes.write(family.says, nameAt + nameBytes, 'utf8')
    view.setUint16(at + 4, nameBytes, true)
    view.setUint16(at + 6, helpBytes, true)
    this.#families.push({ name: family.name, kind: family.kind, says: family.says, bounds })
    return nameAt + nameBytes + helpBytes
  }
}

/** What its directory entry takes; less than 0: no entry can hold it. */
function sizeOf(family: SeriesFamily): number {
  const [name, help, bounds] = [
    Buffer.byteLength(family.name),
    Buffer.byteLength(family.says),
    boundsOf(family).length,
  ]
  if (name > NAME_MAX || help > HELP_MAX || bounds > BOUNDS_MAX) return -1
  return FAMILY_BYTES + bounds * 8 + name + help
}

/** A histogram whose bounds have changed is another one. */
function isSame(a: SeriesFamily, b: SeriesFamily): boolean {
  if (a === b) return true
  const [its, others] = [boundsOf(a), boundsOf(b)]
  const isAlike = a.name === b.name && a.kind === b.kind && its.length === others.length
  return isAlike && its.every((bound, i) => bound === others[i])
}
