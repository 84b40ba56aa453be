/**
 * round-robin — every target in turn, as often as its weight says.
 *
 * WHAT    A wheel (wheel.ts) and a pointer. One full turn gives exact shares. Each worker starts somewhere else, so
 *         that workers do not send their first requests to the same target. A slot whose target can't be used is
 *         passed over and thereby spent, which keeps the others' shares among themselves. When MISSES_MAX slots in a
 *         row were of no use, this pick is decided by smooth weighted round-robin over what is left: each usable
 *         target gains its weight, the richest is taken and pays what all gained. So is each pick while a target warms
 *         up, with the weights of the moment.
 *
 * WRITES  The worker that owns the balancer.
 *
 * HOT     O(1) while most targets are usable, O(targets) once long runs are not, or while one warms up.
 */
import type { Exchange } from '../../../contract/exchange.ts'
import type { Target } from '../../../contract/target.ts'
import type { Algorithm } from './algorithm.ts'
import { isEligible, roundOf } from './eligible.ts'
import type { SlowStart } from './slow-start.ts'
import { layWheel } from './wheel.ts'

const MISSES_MAX = 8

export class RoundRobin implements Algorithm {
  readonly #random: () => number
  readonly #slowStart: SlowStart
  #targets: readonly Target[]
  #wheel: Int32Array
  #next: number
  #credit: Float64Array

  /** `random`: in [0, 1). */
  constructor(random: () => number, slowStart: SlowStart) {
    this.#random = random
    this.#slowStart = slowStart
    this.#targets = []
    this.#wheel = new Int32Array(0)
    this.#next = 0
    this.#credit = new Float64Array(0)
  }

  build(targets: readonly Target[]): void {
    this.#targets = targets
    this.#slowStart.build(targets)
    this.#wheel = layWheel(targets)
    this.#next = Math.floor(this.#random() * this.#wheel.length) | 0
    this.#credit = new Float64Array(targets.length)
  }

  pick(x: Exchange): Target | null {
    const wheel = this.#wheel
    if (wheel.length === 0) return null
    if (this.#slowStart.look(this.#targets)) return this.#pickRichest(x)
    for (let misses = 0; misses < MISSES_MAX; misses++) {
      const target = this.#targets[wheel[this.#next]!]!
      this.#next = this.#next + 1 === wheel.length ? 0 : this.#next + 1
      if (isEligible(x, target, 0)) return target
    }
    return this.#pickRichest(x)
  }

  #pickRichest(x: Exchange): Target | null {
    const round = roundOf(x, this.#targets)
    const credit = this.#credit
    const factor = this.#slowStart.factor
    let richest = -1
    let gained = 0
    for (let i = 0; i < this.#targets.length; i++) {
      const target = this.#targets[i]!
      if (!isEligible(x, target, round)) continue
      const gain = target.weight * factor[i]!
      credit[i]! += gain
      gained += gain
      if (richest < 0 || credit[i]! > credit[richest]!) richest = i
    }
    if (richest < 0) return null
    credit[richest]! -= gained
    return this.#targets[richest]!
  }

  taken(): void {}

  over(): void {}
}
