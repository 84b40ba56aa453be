/**
 * least-request — of two targets drawn by chance the one with fewer exchanges under way for its weight (Envoy's way).
 *
 * WHAT    The counts are those of all workers, which choose each for itself: that all of them see the same idlest
 *         target and send their requests there together is what drawing by chance prevents. The two are never the
 *         same one.
 *
 * WRITES  Nothing but what the balancer counts.
 *
 * HOT     O(1) while most targets are usable, O(targets) when DRAWS_MAX draws found none that is.
 */
import type { Exchange } from '../../../contract/exchange.ts'
import type { Target } from '../../../contract/target.ts'
import type { Algorithm } from './algorithm.ts'
import { Dice } from './dice.ts'
import { isEligible, roundOf } from './eligible.ts'
import type { SlowStart } from './slow-start.ts'

const CHOICES = 2
const DRAWS_MAX = 8

export class LeastRequest implements Algorithm {
  readonly #dice: Dice
  readonly #slowStart: SlowStart
  #targets: readonly Target[]

  /** `random`: in [0, 1). */
  constructor(random: () => number, slowStart: SlowStart) {
    this.#dice = new Dice(random)
    this.#slowStart = slowStart
    this.#targets = []
  }

  build(targets: readonly Target[]): void {
    this.#targets = targets
    this.#slowStart.build(targets)
  }

  pick(x: Exchange): Target | null {
    const targets = this.#targets
    if (targets.length === 0) return null
    this.#slowStart.look(targets)
    let best = -1
    for (let draws = 0, drawn = 0; draws < DRAWS_MAX && drawn < CHOICES; draws++) {
      const i = this.#dice.throw(targets.length)
      if (i === best || !isEligible(x, targets[i]!, 0)) continue
      drawn++
      if (best < 0 || this.#isLighter(i, best)) best = i
    }
    return best < 0 ? this.#lightest(x) : targets[best]!
  }

  #lightest(x: Exchange): Target | null {
    const targets = this.#targets
    const round = roundOf(x, targets)
    let best = -1
    for (let i = 0; i < targets.length; i++)
      if (isEligible(x, targets[i]!, round) && (best < 0 || this.#isLighter(i, best))) best = i
    return best < 0 ? null : targets[best]!
  }

  #isLighter(i: number, best: number): boolean {
    const factor = this.#slowStart.factor
    const one = this.#targets[i]!
    const other = this.#targets[best]!
    const load = (one.state.inFlight + 1) * other.weight * factor[best]!
    return load < (other.state.inFlight + 1) * one.weight * factor[i]!
  }

  taken(): void {}

  over(): void {}
}
