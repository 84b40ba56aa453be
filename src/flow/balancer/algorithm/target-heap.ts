/**
 * target-heap — the targets of one balancer ordered by a score, the lowest on top.
 *
 * WHAT    A binary heap of indices, with the scores beside it in typed arrays.
 *
 *           heap    [ 4 | 0 | 2 | ... ]    indices of targets; heap[0] ranks first
 *           where   [ 1 | . | 2 | ... ]    where in `heap` each index stands
 *           score   [ double per target ]  rank  [ the score, or Infinity while it is out ]
 *           turn    [ double per target ]  when it was last moved back, which decides between equals
 *
 *         Equal scores go by who has waited longest, so that idle targets take turns and none is starved.
 *         A target found out of order at the top (unhealthy, no weight) is put out: it sinks to the bottom, so that it
 *         is not met again at every pick. Each pick looks whether some of those that are out have come back.
 *
 * LIMITS  READMITS_MAX of those that are out are looked at in a pick, in turn: one that has recovered gets requests
 *         again after at most out / READMITS_MAX picks.
 *
 * WRITES  The worker that owns the balancer.
 *
 * HOT     `scored` is O(log targets), `best` O(1), but O(targets) on a retry whose tries stand at the top.
 */
import type { Exchange } from '../../../contract/exchange.ts'
import type { Target } from '../../../contract/target.ts'
import { isEligible, isUsable, roundOf } from './eligible.ts'

const READMITS_MAX = 16

export class TargetHeap {
  readonly targets: readonly Target[]
  readonly #heap: Int32Array
  readonly #where: Int32Array
  /** Write here, then call `scored`: a double handed over as an argument may cost an object. */
  readonly score: Float64Array
  readonly #rank: Float64Array
  /** Indices of those that are out, in [0, outCount). */
  readonly #out: Int32Array
  #outCount: number
  #outNext: number
  readonly #turn: Float64Array
  #turns: number

  /** All scores are 0. `random` decides who is first, so that workers do not all start with the same target. */
  constructor(targets: readonly Target[], random: () => number) {
    const count = targets.length
    this.targets = targets
    this.#heap = Int32Array.from(targets, (_, i) => i)
    this.#where = Int32Array.from(targets, (_, i) => i)
    this.score = new Float64Array(count)
    this.#rank = new Float64Array(count)
    this.#out = new Int32Array(count)
    this.#outCount = 0
    this.#outNext = 0
    this.#turns = count
    const first = Math.floor(random() * count)
    this.#turn = Float64Array.from(targets, (_, i) => (i + count - first) % count)
    for (let at = (count >> 1) - 1; at >= 0; at--) this.#sink(at)
  }

  /** The eligible target with the lowest score, or null. */
  best(x: Exchange): Target | null {
    if (this.targets.length === 0) return null
    if (this.#outCount > 0) this.#readmit()
    // Ends at the latest when all ranks are Infinity.
    for (;;) {
      const index = this.#heap[0]!
      const top = this.targets[index]!
      if (isEligible(x, top, 0)) return top
      if (isUsable(top) || this.#rank[index] === Infinity) break
      this.#putOut(index)
    }
    return this.#scan(x)
  }

  #putOut(index: number): void {
    this.#out[this.#outCount++] = index
    this.#rank[index] = Infinity
    this.#settle(index)
  }

  #readmit(): void {
    for (let looks = Math.min(this.#outCount, READMITS_MAX); looks > 0; looks--) {
      if (this.#outNext >= this.#outCount) this.#outNext = 0
      const index = this.#out[this.#outNext]!
      if (!isUsable(this.targets[index]!)) {
        this.#outNext++
        continue
      }
      this.#out[this.#outNext] = this.#out[--this.#outCount]!
      this.#rank[index] = this.score[index]!
      this.#settle(index)
    }
  }

  #scan(x: Exchange): Target | null {
    const round = roundOf(x, this.targets)
    let best = -1
    for (let i = 0; i < this.targets.length; i++) {
      if (!isEligible(x, this.targets[i]!, round)) continue
      if (best < 0 || this.#isBefore(i, best)) best = i
    }
    return best < 0 ? null : this.targets[best]!
  }

  /** Puts the target at the end of its equals. */
  touch(index: number): void {
    this.#turn[index] = this.#turns++
  }

  scored(index: number): void {
    if (this.#rank[index] === Infinity) return
    this.#rank[index] = this.score[index]!
    this.#settle(index)
  }

  #settle(index: number): void {
    const at = this.#where[index]!
    if (!this.#rise(at)) this.#sink(at)
  }

  #isBefore(a: number, b: number): boolean {
    const rank = this.#rank
    if (rank[a]! !== rank[b]!) return rank[a]! < rank[b]!
    return this.#turn[a]! < this.#turn[b]!
  }

  #rise(from: number): boolean {
    const heap = this.#heap
    const index = heap[from]!
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(index, heap[parent]!)) break
      this.#put(at, heap[parent]!)
      at = parent
    }
    this.#put(at, index)
    return at !== from
  }

  #sink(from: number): void {
    const heap = this.#heap
    const index = heap[from]!
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!this.#isBefore(heap[child]!, index)) break
      this.#put(at, heap[child]!)
      at = child
    }
    this.#put(at, index)
  }

  #put(at: number, index: number): void {
    this.#heap[at] = index
    this.#where[index] = at
  }
}
