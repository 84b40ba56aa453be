/**
 * slow-start — a target that has just come, or come back, gets its share step by step (as Envoy).
 *
 * WHAT    weight x max(min_weight_percent, (time since it came / window) ^ (1 / aggression)), until the window is over.
 *         Since when a target takes traffic is in its shared state, so all workers warm it up together.
 *
 * LIMITS  Looked at once a turn, by a scan, and only where slow_start is configured.
 *
 * HOT     `look` runs at each pick of such an upstream; all but the first of a turn read a field.
 */
import type { Clock } from '../../../base/clock.ts'
import type { Target } from '../../../contract/target.ts'
import type { SlowStartInput } from '../upstream-input.ts'

export class SlowStart {
  readonly #windowMs: number
  readonly #exponent: number
  readonly #least: number
  readonly #clock: Clock
  #lookedMs: number
  #isWarming: boolean
  /** What each target's weight is multiplied by, by place; 1 for those that are warm. */
  factor: Float64Array

  /** `input` null: nothing ever warms up. */
  constructor(input: SlowStartInput | null, clock: Clock) {
    this.#windowMs = input === null ? 0 : input.window * 1000
    this.#exponent = input === null ? 1 : 1 / input.aggression
    this.#least = input === null ? 1 : input.min_weight_percent / 100
    this.#clock = clock
    this.#lookedMs = -1
    this.#isWarming = false
    this.factor = new Float64Array(0)
  }

  /** The targets are now these. */
  build(targets: readonly Target[]): void {
    this.factor = new Float64Array(targets.length).fill(1)
    this.#lookedMs = -1
    this.#isWarming = false
  }

  /** True while any of them warms up; `factor` is then up to date. */
  look(targets: readonly Target[]): boolean {
    if (this.#windowMs === 0) return false
    const now = this.#clock.now()
    if (now === this.#lookedMs) return this.#isWarming
    this.#lookedMs = now
    this.#isWarming = false
    for (let i = 0; i < targets.length; i++) {
      const since = targets[i]!.state.healthySinceMs
      const age = now - since
      const isWarm = since === 0 || age >= this.#windowMs
      this.factor[i] = isWarm
        ? 1
        : Math.max(this.#least, (Math.max(age, 1) / this.#windowMs) ** this.#exponent)
      if (!isWarm) this.#isWarming = true
    }
    return this.#isWarming
  }
}
