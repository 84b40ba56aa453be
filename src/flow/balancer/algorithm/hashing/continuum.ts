/**
 * continuum — the ring of consistent hashing: who owns each of its slots.
 *
 * WHAT    `slots` places on a circle. A target of average weight has POINTS of them, at hashes of its address, and
 *         owns every slot from a point up to the next one. Taking a target out therefore hands over its own slots and
 *         moves nobody else's.
 *
 *           slot    0    1    2    3    4    5
 *           point   .    A    .    .    B    .         owner   B    A    A    A    B    B
 *
 *         Number, names and order of the points are Kong's, so the same value reaches the same target as there. With
 *         more targets than the ring has room for, points are shed evenly, highest number first, so that the rest
 *         stay where they are.
 *
 * LIMITS  FILL_MAX of the slots hold points, so a free one is found after a few tries. A ring too small for POINTS_MIN
 *         points an address is doubled, which moves most values once.
 */
import { xxHash32Text } from '../../../../base/hash.ts'
import type { Target } from '../../../../contract/target.ts'

const POINTS = 160
const POINTS_MIN = 4
const SLOTS_MIN = 1000
const FILL_MAX = 0.75

export interface Continuum {
  /** Index of the target that owns a slot; -1 in all of them when no target has weight. */
  readonly owner: Int32Array
  /** The slot of the next point strictly below, going round. */
  readonly below: Int32Array
}

/** `configured` is how many targets with weight the upstream names; one target may have several addresses. */
export function layContinuum(targets: readonly Target[], slots: number, configured: number): Continuum {
  let size = Math.max(slots, SLOTS_MIN)
  while (size * FILL_MAX < targets.length * POINTS_MIN) size *= 2
  const owner = new Int32Array(size).fill(-1)
  const total = targets.reduce((sum, target) => sum + target.weight, 0)
  const points = Math.min(configured * POINTS, Math.floor(size * FILL_MAX))
  let free = Math.floor(size * FILL_MAX)
  for (const index of sorted(targets)) {
    const { weight, address } = targets[index]!
    if (weight <= 0) continue
    let wanted = Math.min(free, Math.max(1, Math.floor((weight / total) * points)))
    free -= wanted
    for (let i = 1; wanted > 0; i++) {
      const slot = (xxHash32Text(`${address.ip}::${address.port} ${i}`) >>> 0) % size
      if (owner[slot] !== -1) continue
      owner[slot] = index
      wanted--
    }
  }
  return { owner: spread(owner), below: descend(owner) }
}

/** By configured name and port, then by address, as in Kong: who comes first keeps a contested slot. */
function sorted(targets: readonly Target[]): number[] {
  const keys = targets.map(({ name, address }) => {
    const colon = name.lastIndexOf(':')
    return [name.slice(0, colon), name.slice(colon + 1).padStart(5, '0'), `${address.ip}:${address.port}`]
  })
  return targets.map((_, i) => i).sort((a, b) => compare(keys[a]!, keys[b]!) || a - b)
}

function compare(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1
  return 0
}

function spread(points: Int32Array): Int32Array {
  const owner = new Int32Array(points)
  let last = -1
  for (let turn = 0; turn < 2; turn++)
    for (let slot = 0; slot < points.length; slot++) {
      if (points[slot] !== -1) last = points[slot]!
      owner[slot] = last
    }
  return owner
}

function descend(points: Int32Array): Int32Array {
  const below = new Int32Array(points.length)
  let last = 0
  for (let turn = 0; turn < 2; turn++)
    for (let slot = 0; slot < points.length; slot++) {
      below[slot] = last
      if (points[slot] !== -1) last = slot
    }
  return below
}
