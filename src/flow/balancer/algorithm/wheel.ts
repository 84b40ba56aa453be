/**
 * wheel — the order in which round-robin goes through its targets, laid out once per change.
 *
 * A wheel has sum(weight) / gcd(weights) slots, and a target owns weight / gcd of them, spread evenly: its j-th slot
 * belongs at (j + 1/2) / weight of the way round, and all slots are sorted by that place. So a heavy target never
 * comes in a burst, and one turn of the wheel hits every target exactly as its weight says.
 */
import type { Target } from '../../../contract/target.ts'

/**
 * Slots above this are not laid out: the weights are scaled down first, to 1 at least. Only four targets of coprime
 * weights near 65535 get there; a share is then off by less than one in 100,000.
 */
const SLOTS_MAX = 2 ** 18

/**
 * A place in [0, 1) in steps of 2^-32 and an index below 2^20, in one double: sorting numbers alone is ten
 * times faster.
 */
const PLACES = 2 ** 32
const INDICES = 2 ** 20

/** Indices of `targets`, one a slot; empty when all weights are 0. */
export function layWheel(targets: readonly Target[]): Int32Array {
  const shares = reduce(targets.map((target) => target.weight))
  const slots = new Float64Array(shares.reduce((sum, share) => sum + share, 0))
  let next = 0
  shares.forEach((share, index) => {
    for (let j = 0; j < share; j++) slots[next++] = Math.floor(((j + 0.5) / share) * PLACES) * INDICES + index
  })
  return Int32Array.from(slots.sort(), (slot) => slot % INDICES)
}

function reduce(weights: readonly number[]): number[] {
  const divisor = weights.reduce(gcd, 0) || 1
  const sum = weights.reduce((total, weight) => total + weight / divisor, 0)
  if (sum <= SLOTS_MAX) return weights.map((weight) => weight / divisor)
  const scale = SLOTS_MAX / sum / divisor
  return weights.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.floor(weight * scale))))
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
