/** schedule — when each request of an open-loop run is due: fixed before the first is sent, whatever is answered. */
import type { OpenLoad } from './load.ts'

const US_PER_S = 1_000_000

export class Schedule {
  /** Requests in all, the warm-up's included. */
  readonly total: number
  /** The first so many are not counted. */
  readonly warmUp: number
  readonly #startUs: number
  readonly #rate: number

  constructor(load: Pick<OpenLoad, 'rate' | 'seconds' | 'warmUpSeconds'>, startUs: number) {
    this.warmUp = Math.round(load.rate * load.warmUpSeconds)
    this.total = this.warmUp + Math.max(1, Math.round(load.rate * load.seconds))
    this.#startUs = startUs
    this.#rate = load.rate
  }

  /** Each by itself from the start, so that no error adds up. */
  dueUs(index: number): number {
    return this.#startUs + (index * US_PER_S) / this.#rate
  }
}
