/**
 * plans — the plan in use, and those that still have exchanges under way.
 *
 * A reload swaps one reference between two turns. Exchanges finish with the plan they began with; an old plan is
 * closed when its last one has left.
 *
 * HOT     `enter` and `leave` run once a request.
 */
import { invariant } from '../base/invariant.ts'
import type { Exchange } from '../contract/exchange.ts'
import type { Plan } from '../contract/plan.ts'

export class Plans {
  #current: Plan | null
  #users: number
  /** Plans that were replaced, with how many exchanges each still has. */
  readonly #old: Map<Plan, number>

  constructor() {
    this.#current = null
    this.#users = 0
    this.#old = new Map()
  }

  get current(): Plan {
    invariant(this.#current !== null, 'a plan is loaded before the listener opens')
    return this.#current
  }

  /** Exchanges, of all plans. */
  get underWay(): number {
    let sum = this.#users
    for (const users of this.#old.values()) sum += users
    return sum
  }

  swap(plan: Plan): void {
    const old = this.#current
    if (old !== null) {
      if (this.#users === 0) old.close()
      else this.#old.set(old, this.#users)
    }
    this.#current = plan
    this.#users = 0
  }

  enter(x: Exchange): Plan {
    const plan = this.#current!
    x.plan = plan
    this.#users++
    return plan
  }

  leave(x: Exchange): void {
    if (x.plan === this.#current) this.#users--
    else this.#leaveOld(x.plan!)
  }

  #leaveOld(plan: Plan): void {
    const left = this.#old.get(plan)! - 1
    if (left > 0) {
      this.#old.set(plan, left)
      return
    }
    this.#old.delete(plan)
    plan.close()
  }
}
