/**
 * connections — all of a generator's connections, or streams of them: which are free, used in turn so that all are, and
 * which must be opened anew.
 *
 * LIMITS  A connection that ended before it served is opened again after RETRY_US, so that a dead host is not hammered.
 *
 * COST    `take` and `put` run for every request.
 */
import type { Slot } from './client/slot.ts'

const RETRY_US = 100_000

export class Connections {
  readonly #all: readonly Slot[]
  /** A ring of the free ones: at most all of them. */
  readonly #free: Slot[]
  #first = 0
  #count = 0

  constructor(all: readonly Slot[]) {
    this.#all = all
    this.#free = all.slice()
  }

  openAll(nowUs: number): void {
    for (const connection of this.#all) connection.open(nowUs)
  }

  /** None is on its way any more. */
  get areSettled(): boolean {
    return !this.#all.some((connection) => connection.isConnecting)
  }

  get areAllClosed(): boolean {
    return this.#all.every((connection) => connection.isClosed)
  }

  /** The one that has been free for longest, or null. */
  take(): Slot | null {
    if (this.#count === 0) return null
    const connection = this.#free[this.#first]!
    this.#first = this.#first + 1 === this.#free.length ? 0 : this.#first + 1
    this.#count--
    return connection
  }

  put(connection: Slot): void {
    const at = this.#first + this.#count
    this.#free[at < this.#free.length ? at : at - this.#free.length] = connection
    this.#count++
  }

  /** One has ended: if it was free it is so no more. */
  drop(connection: Slot): void {
    for (let left = this.#count; left > 0; left--) {
      const next = this.take()!
      if (next !== connection) this.put(next)
    }
  }

  /** Gives up what has taken too long, and opens again what has ended. */
  sweep(nowUs: number, timeoutUs: number): void {
    for (const connection of this.#all) {
      if (connection.isBusy && nowUs - connection.dueUs >= timeoutUs) connection.fail('timed out')
      if (connection.isConnecting && nowUs - connection.openedUs >= timeoutUs) connection.close()
      if (connection.isClosed) this.reopen(connection, nowUs)
    }
  }

  /** At once where it had served; else not before its time, which a sweep finds. */
  reopen(connection: Slot, nowUs: number): void {
    if (connection.served > 0 || nowUs - connection.openedUs >= RETRY_US) connection.open(nowUs)
  }

  /** Gives up what is still on its way; a sweep opens it again. */
  closeConnecting(): void {
    for (const connection of this.#all) if (connection.isConnecting) connection.close()
  }

  closeAll(): void {
    for (const connection of this.#all) connection.close()
  }
}
