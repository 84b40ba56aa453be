/** A try that waits for a connection to its target: the carrier of its exchange until there is one. */

import type { Deadlines, Timed } from '../../base/deadlines.ts'
import { type Fault, faults } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { type Target, WAITED_IN_VAIN } from '../../contract/target.ts'
import type { Carrier } from '../../contract/transport.ts'
import type { Pool, WaitingTry } from './pool.ts'

export class QueuedTry implements Carrier, Timed, WaitingTry {
  readonly x: Exchange
  readonly target: Target
  readonly #pool: Pool
  readonly #deadlines: Deadlines
  readonly #failed: (x: Exchange, fault: Fault) => void
  deadlineMs: number
  slot: number

  constructor(x: Exchange, target: Target, pool: Pool, waits: Waits) {
    this.x = x
    this.target = target
    this.#pool = pool
    this.#deadlines = waits.deadlines
    this.#failed = waits.failed
    this.deadlineMs = waits.untilMs
    this.slot = -1
    waits.deadlines.add(this)
  }

  /** It is this try's turn, or it is given up. */
  leave(): void {
    this.#deadlines.remove(this)
  }

  onDeadline(): void {
    this.abort()
    this.x.holds |= WAITED_IN_VAIN
    this.#failed(this.x, faults.TARGET_CONNECT_TIMEOUT)
  }

  abort(): void {
    this.leave()
    this.#pool.forget(this)
  }

  writeBody(): boolean {
    return false
  }

  endBody(): void {}

  pause(): void {}

  resume(): void {}
}

/** How long to wait, and who is told when it was in vain. */
export interface Waits {
  readonly deadlines: Deadlines
  readonly untilMs: number
  readonly failed: (x: Exchange, fault: Fault) => void
}
