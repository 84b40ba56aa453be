/**
 * traffic — adds up what the workers have counted by route, and keeps the last minute apart.
 *
 *     cells of worker 1 ─┐         since the start ◀── fold ──▶ slot that is open
 *     cells of worker 2 ─┼─ sum ──▶ less what was seen     11 slots of 5 s before it: the last minute
 *     ...               ─┘
 *
 * A fold reads all cells of those routes that had requests since the last one, and nothing of the others. It runs
 * each 5 s, and when somebody looks. A slot is what came in between two turns, however late they were; so the last
 * minute is 55 to 60 s, and `spanMs` says which.
 */
import { ANSWERS, ROUTE_CELLS, RouteAreas } from '../../state/route-stats.ts'
import { RouteTraffic, SLOTS } from './route-traffic.ts'

export const TURN_EVERY_MS = 5000
/** Who looks more often sees the same. */
const FOLD_AFTER_MS = 100

/** A row of one worker. */
interface Source {
  readonly area: number
  readonly row: number
  readonly at: number
  /** As of the last fold. */
  requests: number
}

interface Watched {
  readonly traffic: RouteTraffic
  readonly sources: Source[]
}

export class Traffic {
  readonly total: RouteTraffic = new RouteTraffic('', '')
  readonly #areas: RouteAreas
  readonly #watched = new Map<string, Watched>()
  /** Rows of each area that are in `#watched`. */
  readonly #known: number[]
  readonly #now: () => number
  readonly #openedMs: number
  /** When the slots that count were opened, the oldest first. */
  readonly #starts: number[]
  readonly #sums = new Float64Array(ROUTE_CELLS)
  #tick = 0
  #foldedMs = Number.NEGATIVE_INFINITY

  /** `now`: milliseconds of a clock that never steps. */
  constructor(buffer: SharedArrayBuffer, now: () => number) {
    this.#areas = new RouteAreas(buffer)
    this.#known = new Array<number>(this.#areas.count).fill(0)
    this.#now = now
    this.#openedMs = now()
    this.#starts = [this.#openedMs]
  }

  /** Each 5 s: the slot that is open is closed. */
  turn(): void {
    this.#fold()
    this.#tick++
    this.#starts.push(this.#now())
    if (this.#starts.length > SLOTS) this.#starts.shift()
    this.total.forgetBefore(this.#tick)
    for (const { traffic } of this.#watched.values()) traffic.forgetBefore(this.#tick)
  }

  /** Every route that had a request; that with id '' is all that has no row. */
  look(): RouteTraffic[] {
    if (this.#now() - this.#foldedMs >= FOLD_AFTER_MS) this.#fold()
    return [...this.#watched.values()].map(({ traffic }) => traffic).filter(({ requests }) => requests > 0)
  }

  /** How long the last minute is. */
  get spanMs(): number {
    return this.#foldedMs - this.#starts[0]!
  }

  /** Since the gateway started. */
  get uptimeMs(): number {
    return this.#now() - this.#openedMs
  }

  /** True where a worker has no row left: routes that are new from now on count with id ''. */
  get isFull(): boolean {
    return this.#known.some((rows) => rows === this.#areas.rows)
  }

  #fold(): void {
    this.#foldedMs = this.#now()
    this.#discover()
    for (const watched of this.#watched.values()) {
      let requests = 0
      for (const source of watched.sources) requests += this.#count(source, watched.traffic)
      if (requests !== watched.traffic.requests) this.#foldRoute(watched)
    }
  }

  /** A worker writes a new name with the first request under it: who has new requests knows the name. */
  #count(source: Source, traffic: RouteTraffic): number {
    let requests = 0
    for (let i = 0; i < 6; i++) requests += this.#areas.cells[source.at + ANSWERS + i]!
    if (requests !== source.requests) traffic.name = this.#areas.name(source.area, source.row)
    source.requests = requests
    return requests
  }

  /** A worker may be in the middle of one: the rest of it comes with the route's next. */
  #foldRoute({ traffic, sources }: Watched): void {
    const { cells } = this.#areas
    const { sinceStart } = traffic
    const sums = this.#sums
    sums.fill(0)
    for (const { at } of sources)
      for (let cell = 0; cell < ROUTE_CELLS; cell++) sums[cell]! += cells[at + cell]!
    for (let cell = 0; cell < ROUTE_CELLS; cell++) {
      const more = sums[cell]! - sinceStart[cell]!
      if (more === 0) continue
      traffic.add(this.#tick, cell, more)
      this.total.add(this.#tick, cell, more)
    }
  }

  #discover(): void {
    for (let area = 0; area < this.#areas.count; area++) {
      const taken = this.#areas.taken(area)
      for (let row = this.#known[area]!; row < taken; row++) this.#watch(area, row)
      this.#known[area] = taken
    }
  }

  #watch(area: number, row: number): void {
    const id = this.#areas.id(area, row)
    const watched = this.#watched.get(id) ?? { traffic: new RouteTraffic(id, ''), sources: [] }
    watched.sources.push({ area, row, at: this.#areas.at(area, row), requests: 0 })
    this.#watched.set(id, watched)
  }
}
