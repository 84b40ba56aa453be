/** The worker's exchanges, for reuse: as many as were ever under way at once, up to a bound. */
import { Exchange, STAGE_ABANDONED } from '../../contract/exchange.ts'
import type { ExchangePool } from '../../contract/listener.ts'
import type { HeadLimits } from '../../http1/limits.ts'
import type { RequestIds } from './request-ids.ts'

const KEPT_MAX = 4096

export class Exchanges implements ExchangePool {
  readonly #limits: HeadLimits
  readonly #ids: RequestIds
  readonly #free: Exchange[]

  constructor(limits: HeadLimits, ids: RequestIds) {
    this.#limits = limits
    this.#ids = ids
    this.#free = []
  }

  acquire(): Exchange {
    const x = this.#free.pop() ?? new Exchange(this.#limits)
    this.#ids.next(x.requestId)
    return x
  }

  release(x: Exchange): void {
    if (x.stage === STAGE_ABANDONED) return
    x.reset()
    if (this.#free.length < KEPT_MAX) this.#free.push(x)
  }
}
