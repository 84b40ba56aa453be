/**
 * least-connections — the target with the fewest exchanges under way for its weight: lowest (inFlight + 1) / weight.
 *
 * WHAT    The counts are those of all workers. Up to SCAN_MAX targets all are compared, above that the best of SAMPLES
 *         drawn by chance, which is nearly as even and does not grow with the upstream; when none of them can be used,
 *         all are. Among equals the one that has waited longest is taken, so that idle targets take turns.
 *
 * WRITES  The worker that owns the balancer; the counts are the targets' shared state.
 *
 * HOT     A pick is at most SCAN_MAX loads, O(targets) only where most are out.
 */
import type { Exchange } from '../../../contract/exchange.ts'
import type { Target } from '../../../contract/target.ts'
import type { Algorithm } from './algorithm.ts'
import { Dice } from './dice.ts'
import { isEligible, roundOf } from './eligible.ts'
import type { SlowStart } from './slow-start.ts'

export const SCAN_MAX = 32
const SAMPLES = 3

export class LeastConnections implements Algorithm {
  readonly #random: () => number
  readonly #dice: Dice
  readonly #slowStart: SlowStart
  #targets: readonly Target[]
  /** Of each target when it was last compared. A table, because a double on its own would be an object. */
  #load: Float64Array
  /** When each was last taken. */
  #turn: Float64Array
  #turns: number

  /** `random`: in [0, 1). */
  constructor(random: () => number, slowStart: SlowStart) {
    this.#random = random
    this.#dice = new Dice(random)
    this.#slowStart = slowStart
    this.#targets = []
    this.#load = new Float64Array(0)
    this.#turn = new Float64Array(0)
    this.#turns = 0
  }

  build(targets: readonly Target[]): void {
    const count = targets.length
    this.#targets = targets
    this.#slowStart.build(targets)
    this.#load = new Float64Array(count)
    // Workers do not all start with the same target.
    const first = Math.floor(this.#random() * count)
    this.#turn = Float64Array.from(targets, (_, i) => (i + count - first) % count)
    this.#turns = count
  }

  pick(x: Exchange): Target | null {
    const targets = this.#targets
    this.#slowStart.look(targets)
    let best = targets.length > SCAN_MAX ? this.#bestOfSome(x) : this.#bestOfAll(x, 0)
    if (best < 0) best = this.#bestOfAll(x, roundOf(x, targets))
    return best < 0 ? null : targets[best]!
  }

  /** An index, or -1. */
  #bestOfSome(x: Exchange): number {
    const targets = this.#targets
    let best = -1
    for (let n = 0; n < SAMPLES; n++) {
      const i = this.#dice.throw(targets.length)
      if (isEligible(x, targets[i]!, 0) && this.#isBetter(i, best)) best = i
    }
    return best
  }

  #bestOfAll(x: Exchange, round: number): number {
    const targets = this.#targets
    let best = -1
    for (let i = 0; i < targets.length; i++)
      if (isEligible(x, targets[i]!, round) && this.#isBetter(i, best)) best = i
    return best
  }

  #isBetter(i: number, best: number): boolean {
    const target = this.#targets[i]!
    const load = this.#load
    load[i] = (target.state.inFlight + 1) / (target.weight * this.#slowStart.factor[i]!)
    if (best < 0 || load[i]! < load[best]!) return true
    return load[i] === load[best] && this.#turn[i]! < this.#turn[best]!
  }

  taken(target: Target): void {
    this.#turn[target.place] = this.#turns++
  }

  over(): void {}
}
