/**
 * least-connections — the target with the fewest exchanges under way for its weight: lowest (inFlight + 1) / weight.
 *
 * The counts are this worker's own. Among equals the one that has waited longest is taken.
 *
 * HOT     A pick is O(1), and two moves in a heap, O(log targets), keep the counts' order.
 */
import type { Exchange } from '../../../contract/exchange.ts'
import type { Target } from '../../../contract/target.ts'
import type { Algorithm } from './algorithm.ts'
import { TargetHeap } from './target-heap.ts'

export class LeastConnections implements Algorithm {
  readonly #random: () => number
  #heap: TargetHeap

  constructor(random: () => number) {
    this.#random = random
    this.#heap = new TargetHeap([], random)
  }

  build(targets: readonly Target[]): void {
    this.#heap = new TargetHeap(targets, this.#random)
    for (let i = 0; i < targets.length; i++) this.#score(targets[i]!)
  }

  pick(x: Exchange): Target | null {
    return this.#heap.best(x)
  }

  taken(target: Target): void {
    this.#heap.touch(target.place)
    this.#score(target)
  }

  over(_x: Exchange, target: Target): void {
    if (target.place >= 0) this.#score(target)
  }

  /** A target without weight scores Infinity and is never eligible. */
  #score(target: Target): void {
    this.#heap.score[target.place] = (target.inFlight + 1) / target.weight
    this.#heap.scored(target.place)
  }
}
