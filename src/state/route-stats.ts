/**
 * route-stats — what became of the requests of each route: counts, and how long they took.
 *
 * WHAT    One SharedArrayBuffer with an area a worker, and in it a row a route that this worker has seen. Row 0,
 *         "other", has requests without a route, and of routes for which no row was left. A reader adds up the rows of
 *         one id.
 *
 *           header        | areas | rows an area |                                                 64 bytes
 *           area 1        | rows taken |                                                           64 bytes
 *             row 0       | id length | id | name length | name |                                 256 bytes
 *                         | counts, a double each |                                               16 doubles
 *                         | histogram of total | of upstream | of gateway |                       432 doubles each
 *             row 1       | ...
 *           area 2        | ...
 *
 *         Histograms have the buckets of log-linear.ts. A page that nobody has written to takes no memory.
 *
 * WRITES  An area by its worker only, with plain stores. A row's id and name are written first and `rows taken` last,
 *         so that a death between leaves a row that is not there and that the replacement writes anew; what stands in
 *         the other rows it goes on from. A death within `exchange` of observe/route-tally.ts costs at most a part of
 *         that one exchange.
 *
 * LIMITS  A row stays its route's until the gateway ends: many routes that come and go under new ids use them up, and
 *         from then on new ones count as "other". A name that a reload changes is written over, and may be read half
 *         old and half new in that moment. Ids are cut at 64 bytes, names at 176.
 */
import { invariant } from '../base/invariant.ts'
import { BUCKETS } from './log-linear.ts'

/** Counts of a row. ANSWERS + 1 … ANSWERS + 5 by the first digit of the status; ANSWERS: nobody was answered. */
export const ANSWERS = 0
/** Exchanges that failed: by our fault, by the target's, by anybody else's. */
export const FAULTS_OWN = 6
export const FAULTS_TARGET = 7
export const FAULTS_OTHER = 8
export const ROUTE_BYTES_IN = 9
export const ROUTE_BYTES_OUT = 10
/** 429 that was our answer. */
export const LIMITED = 11
/** Sums of milliseconds. */
export const TOTAL_MS = 12
export const UPSTREAM_MS = 13
export const GATEWAY_MS = 14
/** Histograms. */
export const TOTAL_TIMES = 16
export const UPSTREAM_TIMES = TOTAL_TIMES + BUCKETS
export const GATEWAY_TIMES = UPSTREAM_TIMES + BUCKETS
export const ROUTE_CELLS = GATEWAY_TIMES + BUCKETS

const LINE = 64
const NAMES_BYTES = 256
const ID_LENGTH = 0
const ID = 4
const ID_MAX = 64
const NAME_LENGTH = 68
const NAME = 72
const NAME_MAX = 176
const ROW_BYTES = NAMES_BYTES + ROUTE_CELLS * 8

const AREAS = 0
const ROWS = 1

/** Of one worker. */
export class RouteStats {
  /** Over the whole buffer: the cells of a row begin where `rowOf` says. */
  readonly cells: Float64Array
  /** Where row 0 has its cells. */
  readonly other: number
  readonly #bytes: Buffer
  readonly #words: Int32Array
  readonly #rows: number
  readonly #area: number
  /** Where the row of an id has its cells. */
  readonly #byId: Map<string, number>

  /** `workerId` counts from 1. */
  constructor(buffer: SharedArrayBuffer, workerId: number) {
    this.cells = new Float64Array(buffer)
    this.#bytes = Buffer.from(buffer)
    this.#words = new Int32Array(buffer)
    this.#rows = this.#words[ROWS]!
    invariant(workerId >= 1 && workerId <= this.#words[AREAS]!, 'there is an area for each worker')
    this.#area = areaAt(this.#rows, workerId)
    this.other = cellsAt(this.#area, 0)
    this.#byId = new Map()
    const taken = this.#words[this.#area / 4]!
    if (taken === 0) this.#publish(1)
    for (let row = 1; row < taken; row++) this.#byId.set(this.#idOf(row), cellsAt(this.#area, row))
  }

  /** Where the cells of this route begin; those of row 0 where no row is left. Cold: once a route and plan. */
  rowOf(id: string, name: string): number {
    const key = cut(id, ID_MAX).toString()
    const known = this.#byId.get(key)
    if (known !== undefined) {
      this.#setName(known, name)
      return known
    }
    const row = this.#words[this.#area / 4]!
    if (row >= this.#rows) return this.other
    const at = cellsAt(this.#area, row)
    const names = at * 8 - NAMES_BYTES
    const bytes = cut(id, ID_MAX)
    this.#bytes.set(bytes, names + ID)
    this.#words[(names + ID_LENGTH) / 4] = bytes.length
    this.#setName(at, name)
    this.#publish(row + 1)
    this.#byId.set(key, at)
    return at
  }

  #setName(at: number, name: string): void {
    const names = at * 8 - NAMES_BYTES
    const bytes = cut(name, NAME_MAX)
    this.#bytes.set(bytes, names + NAME)
    this.#words[(names + NAME_LENGTH) / 4] = bytes.length
  }

  #idOf(row: number): string {
    return textAt(this.#bytes, rowAt(this.#area, row) + ID_LENGTH, ID_MAX)
  }

  #publish(rows: number): void {
    Atomics.store(this.#words, this.#area / 4, rows)
  }
}

/** Of all workers, for whoever shows it. */
export class RouteAreas {
  readonly cells: Float64Array
  readonly count: number
  /** Of each area, row 0 among them. */
  readonly rows: number
  readonly #bytes: Buffer
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.cells = new Float64Array(buffer)
    this.#bytes = Buffer.from(buffer)
    this.#words = new Int32Array(buffer)
    this.count = this.#words[AREAS]!
    this.rows = this.#words[ROWS]!
  }

  /** Rows of area `area`, counted from 0, that are taken; 0 before its worker has started. */
  taken(area: number): number {
    return Atomics.load(this.#words, areaAt(this.rows, area + 1) / 4)
  }

  /** '' for row 0. */
  id(area: number, row: number): string {
    return textAt(this.#bytes, rowAt(areaAt(this.rows, area + 1), row) + ID_LENGTH, ID_MAX)
  }

  name(area: number, row: number): string {
    return textAt(this.#bytes, rowAt(areaAt(this.rows, area + 1), row) + NAME_LENGTH, NAME_MAX)
  }

  /** Index in `cells`. */
  at(area: number, row: number): number {
    return cellsAt(areaAt(this.rows, area + 1), row)
  }
}

/** `routes`: rows beside row 0. */
export function makeRouteBuffer(workers: number, routes: number): SharedArrayBuffer {
  invariant(workers > 0 && routes > 0, 'somebody counts, and something')
  const buffer = new SharedArrayBuffer(areaAt(routes + 1, workers + 1))
  const words = new Int32Array(buffer)
  words[AREAS] = workers
  words[ROWS] = routes + 1
  return buffer
}

/** Byte where the area of worker `workerId`, from 1, begins. */
function areaAt(rows: number, workerId: number): number {
  return LINE + (workerId - 1) * (LINE + rows * ROW_BYTES)
}

function rowAt(area: number, row: number): number {
  return area + LINE + row * ROW_BYTES
}

function cellsAt(area: number, row: number): number {
  return (rowAt(area, row) + NAMES_BYTES) / 8
}

/** At most so many bytes of UTF-8, and no half character at the end. */
function cut(text: string, bytesMax: number): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length <= bytesMax) return bytes
  let end = bytesMax
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}

/** A length, and behind it its bytes. */
function textAt(bytes: Buffer, at: number, bytesMax: number): string {
  const length = Math.min(Math.max(bytes.readInt32LE(at), 0), bytesMax)
  return bytes.toString('utf8', at + 4, at + 4 + length)
}
