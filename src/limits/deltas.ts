/**
 * deltas — what this worker has admitted and Redis does not know yet, by key and window; and the pushing of it.
 *
 * What could not be pushed is kept until its window ends. So many keys are kept at once as KEYS_MAX says: those beyond
 * are counted on this machine alone.
 */
import { Push, type RedisFailure, type RedisLink } from '../contract/machine/redis.ts'
import type { Calendar } from './calendar.ts'
import type { Found } from './identity.ts'
import type { KeyWindow, OtherCounts } from './other-counts.ts'
import { PERIODS } from './periods.ts'
import type { RedisKeys } from './redis-keys.ts'

export const KEYS_MAX = 65_536
/** Counters in one push: half of the places that a link has. What is left over goes out when it has come through. */
export const PUSH_MAX = 5000

/** One key's. */
class Delta {
  readonly name: string
  readonly a: number
  readonly b: number
  readonly ids = new Int32Array(PERIODS)
  readonly counts = new Int32Array(PERIODS)
  /** The part of `counts` that OtherCounts has been told of. */
  readonly told = new Int32Array(PERIODS)

  constructor(name: string, found: Found) {
    this.name = name
    this.a = found.a
    this.b = found.b
  }

  enter(period: number, id: number): void {
    if (this.ids[period] === id) return
    this.ids[period] = id
    this.counts[period] = 0
    this.told[period] = 0
  }
}

export interface DeltasOptions {
  readonly link: RedisLink
  readonly calendar: Calendar
  readonly keys: RedisKeys
  readonly others: OtherCounts
  now(): number
}

export class Deltas {
  readonly #options: DeltasOptions
  readonly #byName = new Map<string, Delta>()
  readonly #push: DeltaPush
  #isCut = false
  #isClosed = false

  constructor(options: DeltasOptions) {
    this.#options = options
    this.#push = new DeltaPush(this)
  }

  /** Keys that have something to be pushed. */
  get size(): number {
    return this.#byName.size
  }

  /** False: too many keys, so the others will not hear of this. */
  add(found: Found, periods: Int32Array, ids: Int32Array, cost: number): boolean {
    const name = this.#options.keys.nameOf(found.text)
    let delta = this.#byName.get(name)
    if (delta === undefined) {
      if (this.#byName.size >= KEYS_MAX) return false
      delta = new Delta(name, found)
      this.#byName.set(name, delta)
    }
    for (let i = 0; i < periods.length; i++) {
      const period = periods[i]!
      delta.enter(period, ids[period]!)
      delta.counts[period]! += cost
    }
    return true
  }

  /** Sends what is gathered, as one; nothing while the last is under way. */
  push(): void {
    const push = this.#push
    if (push.isPending) return
    const nowMs = this.#options.now()
    this.#options.calendar.refresh(nowMs)
    push.clear()
    push.parts.length = 0
    this.#isCut = false
    for (const delta of this.#byName.values()) {
      if (push.keys.length > PUSH_MAX - PERIODS) {
        this.#isCut = true
        break
      }
      if (!this.#gather(delta, nowMs)) this.#byName.delete(delta.name)
    }
    if (push.keys.length > 0) this.#options.link.push(push)
  }

  /** False: nothing is left of it. */
  #gather(delta: Delta, nowMs: number): boolean {
    const { calendar, keys, others } = this.#options
    let isLeft = false
    for (let period = 0; period < PERIODS; period++) {
      if (delta.counts[period] === 0) continue
      const id = calendar.ids[period]!
      delta.enter(period, id)
      const count = delta.counts[period]!
      if (count === 0) continue
      isLeft = true
      const part = { a: delta.a, b: delta.b, period, id, untilS: this.#untilS(period, nowMs), delta, count }
      const untold = count - delta.told[period]!
      if (untold > 0) others.tell(part, untold, (nowMs / 1000) | 0)
      delta.told[period] = count
      this.#push.add(delta.name, keys.windowKey(delta.name, period), count, keys.expireAtS(period))
      this.#push.parts.push(part)
    }
    return isLeft
  }

  #untilS(period: number, nowMs: number): number {
    const { calendar } = this.#options
    return (nowMs / 1000 + calendar.endsS[period]! - calendar.wallS) | 0
  }

  /** The last push; should one be under way, another follows it. */
  close(): void {
    this.#isClosed = true
    this.push()
  }

  /** What came through has a total. */
  onPushed(push: DeltaPush, failure: RedisFailure | null): void {
    const nowS = (this.#options.now() / 1000) | 0
    for (let i = 0; i < push.parts.length; i++) {
      const total = push.totals[i]
      if (total === undefined || Number.isNaN(total)) continue
      const part = push.parts[i]!
      const { delta, period, id, count } = part
      if (delta.ids[period] === id) {
        delta.counts[period]! -= count
        delta.told[period]! -= count
      }
      this.#options.others.learn(part, total, nowS)
    }
    if (failure === null && (this.#isCut || this.#isClosed)) this.push()
  }
}

interface Part extends KeyWindow {
  readonly delta: Delta
  readonly count: number
}

class DeltaPush extends Push {
  readonly parts: Part[] = []
  readonly #owner: Deltas

  constructor(owner: Deltas) {
    super()
    this.#owner = owner
  }

  onPushed(failure: RedisFailure | null): void {
    this.#owner.onPushed(this, failure)
  }
}
