/** The worker's exchanges, for reuse: as many as were ever under way at once, up to a bound. */
import { Exchange, STAGE_ABANDONED } from '../../contract/exchange.ts'
import type { ExchangePool } from '../../contract/listener.ts'
import type { HeadLimits } from '../../http1/limits.ts'
import type { RequestIds } from './request-ids.ts'

const KEPT_MAX = 4096
/**
 * An exchange in which a plugin waited is not used again before so many others of its kind are over: a plugin that
 * resumes it twice finds nothing to resume, and not another request at its gate.
 */
const RESTING = 256

export class Exchanges implements ExchangePool {
  readonly #limits: HeadLimits
  readonly #ids: RequestIds
  readonly #free: Exchange[]
  readonly #resting: (Exchange | null)[]
  #oldest: number

  constructor(limits: HeadLimits, ids: RequestIds) {
    this.#limits = limits
    this.#ids = ids
    this.#free = []
    this.#resting = new Array<Exchange | null>(RESTING).fill(null)
    this.#oldest = 0
  }

  acquire(): Exchange {
    const x = this.#free.pop() ?? new Exchange(this.#limits)
    this.#ids.next(x.requestId)
    return x
  }

  release(x: Exchange): void {
    if (x.stage === STAGE_ABANDONED) return
    const rested = x.waits === 0 ? x : this.#rest(x)
    x.reset()
    if (rested !== null && this.#free.length < KEPT_MAX) this.#free.push(rested)
  }

  /** Takes one that has waited, and answers the one that has rested longest, once there are enough. */
  #rest(x: Exchange): Exchange | null {
    const rested = this.#resting[this.#oldest]!
    this.#resting[this.#oldest] = x
    this.#oldest = (this.#oldest + 1) % RESTING
    return rested
  }
}
