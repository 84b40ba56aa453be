/** route-traffic — what all workers have counted for one route: since the start, and in the last minute. */
import { ANSWERS, ROUTE_CELLS } from '../../state/route-stats.ts'

/** Slots that a minute is made of, the open one among them; see traffic.ts. */
export const SLOTS = 12

/** What was counted in one stretch of time, by cell: most cells of a route are never touched. */
interface Slot {
  readonly tick: number
  readonly counts: Map<number, number>
}

export class RouteTraffic {
  /** '' for what has no row of its own. */
  readonly id: string
  name: string
  /** The cells of route-stats.ts, as of the last fold. */
  readonly sinceStart: Float64Array
  readonly #slots: Slot[] = []

  constructor(id: string, name: string) {
    this.id = id
    this.name = name
    this.sinceStart = new Float64Array(ROUTE_CELLS)
  }

  get requests(): number {
    let requests = 0
    for (let i = 0; i < 6; i++) requests += this.sinceStart[ANSWERS + i]!
    return requests
  }

  add(tick: number, cell: number, count: number): void {
    this.sinceStart[cell]! += count
    const { counts } = this.#slotOf(tick)
    counts.set(cell, (counts.get(cell) ?? 0) + count)
  }

  /** What was counted in the slots that are kept, in `into`, which is as long as `sinceStart`. */
  lastMinute(into: Float64Array): void {
    into.fill(0)
    for (const { counts } of this.#slots) for (const [cell, count] of counts) into[cell]! += count
  }

  /** The requests of the last minute alone: what routes are ranked by. */
  get recentRequests(): number {
    let requests = 0
    for (const { counts } of this.#slots) for (let i = 0; i < 6; i++) requests += counts.get(ANSWERS + i) ?? 0
    return requests
  }

  /** At each turn: SLOTS slots are kept, that of `tick` among them. */
  forgetBefore(tick: number): void {
    while (this.#slots.length > 0 && this.#slots[0]!.tick <= tick - SLOTS) this.#slots.shift()
  }

  #slotOf(tick: number): Slot {
    const last = this.#slots.at(-1)
    if (last !== undefined && last.tick === tick) return last
    const slot = { tick, counts: new Map<number, number>() }
    this.#slots.push(slot)
    return slot
  }
}
