/**
 * latency — the target that has answered fastest of late, for its weight (peak EWMA).
 *
 * WHAT    Each answer moves the target's average: ewma = ewma * f + sample * (1 - f) with f = e^(-dt / 10 s), where a
 *         sample is connecting plus waiting for the first byte. At a pick, averages are taken as decayed until now, so
 *         a target that was slow is looked at again. Lowest ewma * (inFlight + 1) / weight wins.
 *         inFlight is what Kong's formula lacks: without it all requests go to one target until its answer arrives.
 *         All averages decay by the same factor, so their order changes only at a sample: with
 *         log(ewma * (inFlight + 1) / weight) + touched / 10 s as the score, a heap holds it.
 *
 * LIMITS  A try that failed before its first byte counts as FAILED_MS at once: a target that refuses quickly must
 *         not look fast. A client that goes away says nothing about the target.
 *
 * HOT     A pick is O(1); two moves in a heap and two logarithms keep the order.
 */
import type { Clock } from '../../../base/clock.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import type { Target } from '../../../contract/target.ts'
import type { Algorithm } from './algorithm.ts'
import { isEligible, roundOf } from './eligible.ts'
import type { SlowStart } from './slow-start.ts'
import { TargetHeap } from './target-heap.ts'

export const DECAY_MS = 10_000
export const FAILED_MS = 1_000
/**
 * Times are read once a turn, so an answer within the turn measures as 0; it must still differ from "never
 * measured".
 */
const SAMPLE_MIN_MS = 0.01

export class Latency implements Algorithm {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #slowStart: SlowStart
  #heap: TargetHeap

  constructor(clock: Clock, random: () => number, slowStart: SlowStart) {
    this.#clock = clock
    this.#random = random
    this.#slowStart = slowStart
    this.#heap = new TargetHeap([], random)
  }

  build(targets: readonly Target[]): void {
    const now = this.#clock.now()
    const mean = meanOf(targets, now)
    this.#slowStart.build(targets)
    this.#heap = new TargetHeap(targets, this.#random)
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!
      if (target.ewmaMs === 0) {
        target.ewmaMs = mean
        target.ewmaAtMs = now
      }
      this.#score(target)
    }
  }

  pick(x: Exchange): Target | null {
    return this.#slowStart.look(this.#heap.targets) ? this.#bestWarming(x) : this.#heap.best(x)
  }

  /** The order changes from turn to turn while a target warms up: all are compared. */
  #bestWarming(x: Exchange): Target | null {
    const heap = this.#heap
    const round = roundOf(x, heap.targets)
    let best = -1
    let bestScore = 0
    for (let i = 0; i < heap.targets.length; i++) {
      if (!isEligible(x, heap.targets[i]!, round)) continue
      const score = heap.score[i]! - Math.log(this.#slowStart.factor[i]!)
      if (best >= 0 && score >= bestScore) continue
      best = i
      bestScore = score
    }
    return best < 0 ? null : heap.targets[best]!
  }

  taken(target: Target): void {
    this.#heap.touch(target.place)
    this.#score(target)
  }

  over(x: Exchange, target: Target, isFailed: boolean): void {
    if (x.firstByteMs > 0 && x.firstByteMs >= x.sentMs) this.#observe(x, target)
    else if (isFailed) this.#fail(target)
    if (target.place >= 0) this.#score(target)
  }

  #observe(x: Exchange, target: Target): void {
    const now = this.#clock.now()
    const sample = Math.max(x.firstByteMs - x.sentMs, SAMPLE_MIN_MS)
    // Not by factorAt: where V8 does not inline it, its double costs an object.
    const factor = target.ewmaMs === 0 ? 0 : Math.exp(Math.min(target.ewmaAtMs - now, 0) / DECAY_MS)
    target.ewmaMs = target.ewmaMs * factor + sample * (1 - factor)
    target.ewmaAtMs = now
  }

  #fail(target: Target): void {
    const now = this.#clock.now()
    target.ewmaMs = Math.max(target.ewmaMs * factorAt(target, now), FAILED_MS)
    target.ewmaAtMs = now
  }

  /** Never measured: minus infinity, so that it is tried first. Without weight: never eligible, and last. */
  #score(target: Target): void {
    const place = target.place
    const load = (target.ewmaMs * (target.inFlight + 1)) / target.weight
    this.#heap.score[place] = target.weight <= 0 ? Infinity : Math.log(load) + target.ewmaAtMs / DECAY_MS
    this.#heap.scored(place)
  }
}

function factorAt(target: Target, now: number): number {
  return Math.exp(-Math.max(now - target.ewmaAtMs, 0) / DECAY_MS)
}

/** What the targets measured so far stand at now, on average; 0 without any. */
function meanOf(targets: readonly Target[], now: number): number {
  let sum = 0
  let count = 0
  for (let i = 0; i < targets.length; i++) {
    if (targets[i]!.ewmaMs === 0) continue
    sum += targets[i]!.ewmaMs * factorAt(targets[i]!, now)
    count++
  }
  return count === 0 ? 0 : sum / count
}
