/** Where response-ratelimiting counts: on this machine, or in Redis with this machine's counts in reserve. */

import { ADD, Check, type RedisFailure, type RedisLink } from '../../contract/machine/redis.ts'
import type { Host } from '../../contract/plugin.ts'
import type { Found, LimitBy } from '../../limits/identity.ts'
import { PERIODS } from '../../limits/periods.ts'
import { FixedWindows, WindowAsk } from '../../state/fixed-windows.ts'
import type { NamedLimit } from './named-limit.ts'

/** Whom a limit counts, and what they had used before this request, by period. */
export class Used implements Found {
  readonly limit: NamedLimit
  readonly counts = new Int32Array(PERIODS)
  a = 0
  b = 0
  text = ''
  by: LimitBy = 'ip'

  constructor(limit: NamedLimit) {
    this.limit = limit
    limit.identity.keep(this)
  }

  left(period: number): number {
    return this.limit.set.limits[period]! - this.counts[period]!
  }
}

export class Counts {
  readonly #windows: FixedWindows
  readonly #host: Host
  readonly #link: RedisLink | null

  constructor(host: Host, link: RedisLink | null) {
    this.#host = host
    this.#link = link
    this.#windows = new FixedWindows(host.shared.limits)
  }

  get isShared(): boolean {
    return this.#link !== null
  }

  /** What this machine knows. */
  read(used: Used): void {
    const { identity, set } = used.limit
    identity.restore(used)
    this.#windows.read(identity.key, set.ask, this.#nowS())
    used.counts.set(set.ask.used)
  }

  /** What Redis knows: `done` is called once, later. False: it can't be asked. */
  ask(used: Used, done: (failure: RedisFailure | null) => void): boolean {
    return this.#send(used, 0, done)
  }

  add(used: Used, amount: number): void {
    const sent = this.#send(used, amount, (failure) => {
      if (failure !== null) this.#addHere(used, amount)
    })
    if (!sent) this.#addHere(used, amount)
  }

  #addHere(used: Used, amount: number): void {
    const { identity, set } = used.limit
    identity.restore(used)
    this.#windows.add(identity.key, set.ask, amount, this.#nowS())
  }

  #send(used: Used, amount: number, done: (failure: RedisFailure | null) => void): boolean {
    if (this.#link === null) return false
    const { keys, set } = used.limit
    const check = new CountCheck(set.ask, (failure) => {
      if (failure === null) this.#learn(used, check, amount)
      done(failure)
    })
    check.ask(ADD, keys.nameOf(used.text), amount)
    keys.addWindows(check, set)
    return this.#link.check(check)
  }

  #learn(used: Used, check: CountCheck, amount: number): void {
    const { identity, set } = used.limit
    const totals = new Int32Array(PERIODS)
    set.periods.forEach((period, i) => {
      totals[period] = check.used[i]! + amount
    })
    identity.restore(used)
    this.#windows.raise(identity.key, check.windowAsk, totals, this.#nowS())
    // This machine may know more, of a time when Redis was away or from before it came back empty.
    this.#windows.read(identity.key, check.windowAsk, this.#nowS())
    for (const period of set.periods) used.counts[period] = check.windowAsk.used[period]! - amount
  }

  #nowS(): number {
    return (this.#host.now() / 1000) | 0
  }

  close(): void {
    this.#link?.close()
  }
}

class CountCheck extends Check {
  /** The windows that were asked for. */
  readonly windowAsk = new WindowAsk()
  readonly #done: (failure: RedisFailure | null) => void

  constructor(ask: WindowAsk, done: (failure: RedisFailure | null) => void) {
    super()
    this.#done = done
    this.windowAsk.copy(ask)
  }

  onChecked(failure: RedisFailure | null): void {
    this.#done(failure)
  }
}
