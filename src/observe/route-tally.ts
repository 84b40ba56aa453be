/**
 * route-tally — counts an exchange in the row of its route: what became of it, and how long it took.
 *
 * `upstream` is the time from the request sent to the head of the answer; where none came, all from the first try on.
 * `gateway` is the time until the first try, in which plugins run and the request is read: Kong's `kong` latency. A
 * tunnel's total ends with its 101, or it would be as long as somebody looks at a page.
 *
 * HOT     `exchange` runs once a request: some 15 loads and stores, in memory that no other thread writes to. The row
 *         is found by a field of the route's mark, and looked for by its id once a plan.
 */
import type { Blame } from '../base/faults.ts'
import { faultList, faults } from '../base/faults.ts'
import { type Exchange, UPGRADED } from '../contract/exchange.ts'
import type { Route } from '../contract/plan.ts'
import { TRY_START } from '../contract/record/try-log.ts'
import { bucketOfMs } from '../state/log-linear.ts'
import {
  ANSWERS,
  FAULTS_OTHER,
  FAULTS_OWN,
  FAULTS_TARGET,
  GATEWAY_MS,
  GATEWAY_TIMES,
  LIMITED,
  ROUTE_BYTES_IN,
  ROUTE_BYTES_OUT,
  type RouteStats,
  TOTAL_MS,
  TOTAL_TIMES,
  UPSTREAM_MS,
  UPSTREAM_TIMES,
} from '../state/route-stats.ts'

const TOO_MANY_REQUESTS = 429
const NOT_ASKED = -1

export class RouteTally {
  readonly #stats: RouteStats
  readonly #cells: Float64Array

  constructor(stats: RouteStats) {
    this.#stats = stats
    this.#cells = stats.cells
  }

  exchange(x: Exchange): void {
    const cells = this.#cells
    const at = x.route === null ? this.#stats.other : this.#rowOf(x.route)
    const status = x.status
    const statusClass = status >= 100 && status < 600 ? (status / 100) | 0 : 0
    add(cells, at + ANSWERS + statusClass, 1)
    if (x.fault !== faults.NONE) add(cells, at + FAULT_COLUMNS[x.fault.id]!, 1)
    if (status === TOO_MANY_REQUESTS && !x.proxied) add(cells, at + LIMITED, 1)
    if (x.requestBytes !== 0) add(cells, at + ROUTE_BYTES_IN, x.requestBytes)
    if (x.responseBytes !== 0) add(cells, at + ROUTE_BYTES_OUT, x.responseBytes)
    this.#times(x, at)
  }

  #times(x: Exchange, at: number): void {
    const cells = this.#cells
    const startMs = x.startMs
    const endMs = x.upgrade === UPGRADED && x.firstByteMs !== 0 ? x.firstByteMs : x.endMs
    const total = startMs !== 0 && endMs > startMs ? endMs - startMs : 0
    let gateway = total
    if (x.tries.count !== 0) {
      const triedMs = x.tries.time(0, TRY_START)
      gateway = startMs !== 0 && triedMs > startMs ? triedMs - startMs : 0
      const isAnswered = x.firstByteMs !== 0 && x.sentMs !== 0
      const upstream = isAnswered ? x.firstByteMs - x.sentMs : endMs - triedMs
      // A target may answer before its request is out.
      if (upstream > 0) add(cells, at + UPSTREAM_MS, upstream)
      add(cells, at + UPSTREAM_TIMES + bucketOfMs(upstream), 1)
    }
    add(cells, at + TOTAL_MS, total)
    add(cells, at + GATEWAY_MS, gateway)
    add(cells, at + TOTAL_TIMES + bucketOfMs(total), 1)
    add(cells, at + GATEWAY_TIMES + bucketOfMs(gateway), 1)
  }

  #rowOf(route: Route): number {
    const mark = route.mark
    if (mark.row === NOT_ASKED) mark.row = this.#stats.rowOf(route.id, route.name ?? '')
    return mark.row
  }
}

function add(cells: Float64Array, at: number, count: number): void {
  cells[at] = cells[at]! + count
}

const COLUMN_OF: Readonly<Record<Blame, number>> = {
  gateway: FAULTS_OWN,
  upstream: FAULTS_TARGET,
  client: FAULTS_OTHER,
  operator: FAULTS_OTHER,
}

/** By the number of a fault. */
const FAULT_COLUMNS = Uint8Array.from(faultList, ({ blame }) => COLUMN_OF[blame])
