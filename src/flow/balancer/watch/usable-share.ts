/**
 * usable-share — whether enough of an upstream is usable: Kong's `threshold`, and Envoy's panic.
 *
 * WHAT    threshold   the upstream serves only while more than this percentage of its weight is usable
 *         panic       while less than this percentage of its targets is usable, all with weight get traffic
 *         The threshold asks for a refusal and is asked first.
 *
 * WRITES  `ignoresHealth` of the targets, which are this worker's own.
 *
 * LIMITS  Looked up at most once a turn, by a scan: any thread may take a target out, and a load a target a turn is
 *         cheaper than a shared count that every writer would have to keep. So a change in the middle of a turn is
 *         seen in the next.
 *
 * HOT     Runs at each pick; all but the first of a turn read a field.
 */
import type { Clock } from '../../../base/clock.ts'
import type { Target } from '../../../contract/target.ts'

export class UsableShare {
  readonly #thresholdPercent: number
  readonly #panicPercent: number
  readonly #clock: Clock
  #lookedMs: number
  #isEnough: boolean
  #isPanic: boolean

  constructor(thresholdPercent: number, panicPercent: number, clock: Clock) {
    this.#thresholdPercent = thresholdPercent
    this.#panicPercent = panicPercent
    this.#clock = clock
    this.#lookedMs = -1
    this.#isEnough = true
    this.#isPanic = false
  }

  /** The targets are others: looks again at the next pick. */
  reset(): void {
    this.#lookedMs = -1
    this.#isPanic = false
  }

  /** False: the upstream is not to serve. */
  isEnough(targets: readonly Target[]): boolean {
    const now = this.#clock.now()
    if (now === this.#lookedMs) return this.#isEnough
    this.#lookedMs = now
    let weight = 0
    let usableWeight = 0
    let count = 0
    let usable = 0
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!
      if (target.weight <= 0) continue
      count++
      weight += target.weight
      if (target.state.isOut) continue
      usable++
      usableWeight += target.weight
    }
    this.#isEnough = this.#thresholdPercent <= 0 || usableWeight * 100 > this.#thresholdPercent * weight
    this.#setPanic(targets, usable * 100 < this.#panicPercent * count)
    return this.#isEnough
  }

  #setPanic(targets: readonly Target[], isPanic: boolean): void {
    if (isPanic === this.#isPanic) return
    this.#isPanic = isPanic
    for (let i = 0; i < targets.length; i++) targets[i]!.ignoresHealth = isPanic
  }
}
