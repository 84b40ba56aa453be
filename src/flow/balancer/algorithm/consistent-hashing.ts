/**
 * consistent-hashing — the same value of the request goes to the same target, whatever the worker.
 *
 * The value (hashing/hash-input.ts) picks a slot of the continuum; its owner is the answer, or, when that one can't be
 * used, the owner of the next point below. A request without a value hashes the empty string.
 *
 * HOT     One hash and one look-up while the owner is usable; else at most one way round the points.
 */

import { xxHash32 } from '../../../base/hash.ts'
import { Outbox } from '../../../base/outbox.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import type { Target } from '../../../contract/target.ts'
import type { Algorithm } from './algorithm.ts'
import { isEligible, roundOf } from './eligible.ts'
import { type Continuum, layContinuum } from './hashing/continuum.ts'
import type { HashInput } from './hashing/hash-input.ts'

/** Where a request's value is gathered; used within one pick only, so one per worker is enough. */
const VALUE = new Outbox()

export interface HashingOptions {
  readonly slots: number
  /** How many targets with weight the upstream names. */
  readonly configured: number
  readonly input: HashInput
  readonly fallback: HashInput
}

export class ConsistentHashing implements Algorithm {
  readonly #slots: number
  readonly #configured: number
  readonly #input: HashInput
  readonly #fallback: HashInput
  #targets: readonly Target[]
  #continuum: Continuum

  constructor(options: HashingOptions) {
    this.#slots = options.slots
    this.#configured = options.configured
    this.#input = options.input
    this.#fallback = options.fallback
    this.#targets = []
    this.#continuum = layContinuum([], options.slots, 0)
  }

  build(targets: readonly Target[]): void {
    this.#targets = targets
    this.#continuum = layContinuum(targets, this.#slots, this.#configured)
  }

  pick(x: Exchange): Target | null {
    const owner = this.#continuum.owner
    const slot = (this.#hash(x) >>> 0) % owner.length
    const index = owner[slot]!
    if (index < 0) return null
    const target = this.#targets[index]!
    return isEligible(x, target, 0) ? target : this.#walk(x, slot)
  }

  #hash(x: Exchange): number {
    VALUE.used = 0
    if (!this.#input.put(x, VALUE)) {
      VALUE.used = 0
      if (!this.#fallback.put(x, VALUE)) VALUE.used = 0
    }
    return xxHash32(VALUE.bytes, 0, VALUE.used)
  }

  #walk(x: Exchange, from: number): Target | null {
    const round = roundOf(x, this.#targets)
    if (round < 0) return null
    const owner = this.#continuum.owner
    const below = this.#continuum.below
    let slot = from
    for (let steps = 0; steps <= owner.length; steps++) {
      const target = this.#targets[owner[slot]!]!
      if (isEligible(x, target, round)) return target
      slot = below[slot]!
    }
    return null
  }

  taken(): void {}

  over(): void {}
}
