/** What a request counts as: fixed, or named by a header of the request or of its answer. HOT: `of`. */
import type { Exchange } from '../../contract/exchange.ts'
import { getField, removeField } from '../../http1/fields.ts'
import type { Head } from '../../http1/head.ts'
import type { Config } from './schema.ts'

export class CostReader {
  /** The answer names it: one is taken before, the rest afterwards. */
  readonly isLate: boolean
  readonly #name: string
  readonly #fixed: number
  readonly #usual: number
  readonly #max: number

  constructor(cost: Config['cost']) {
    const by = cost?.by ?? 'fixed'
    this.isLate = by === 'response_header'
    this.#name = by === 'fixed' ? '' : (cost?.name ?? '').toLowerCase()
    this.#fixed = cost?.value ?? 1
    this.#usual = cost?.default ?? 1
    this.#max = cost?.max ?? 1
  }

  of(x: Exchange): number {
    if (this.isLate) return 1
    return this.#name === '' ? this.#fixed : this.#read(x.request)
  }

  /** What the answer says; the field is for us and goes no further. */
  ofAnswer(x: Exchange): number {
    const cost = this.#read(x.response)
    removeField(x.response, this.#name)
    return cost
  }

  #read(head: Head): number {
    const text = getField(head, this.#name)
    const cost = text === null || text === '' ? Number.NaN : Math.ceil(Number(text))
    if (!(cost >= 0)) return this.#usual
    return cost < 1 ? 1 : cost > this.#max ? this.#max : cost
  }
}
