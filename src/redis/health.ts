/**
 * health — whether Redis is asked at all: after a few failures in a row it is left alone for a short, growing time,
 * so that a request does not have to wait for a timeout to learn that there is no answer.
 */
import type { RedisState } from '../contract/machine/redis.ts'

/** So many commands in a row must fail. */
export const FAILURES_MAX = 3
export const DOWN_MS_MIN = 50
export const DOWN_MS_MAX = 1000
/**
 * In a cluster the failures of one node must not speak for the others: none of them may have answered for so long.
 */
const QUIET_MS = 1000

export class Health {
  state: RedisState
  readonly #quietMs: number
  #failures: number
  #downMs: number
  #succeededMs: number

  constructor(isCluster: boolean) {
    this.state = 'opening'
    this.#quietMs = isCluster ? QUIET_MS : 0
    this.#succeededMs = Number.NEGATIVE_INFINITY
    this.#failures = 0
    this.#downMs = DOWN_MS_MIN
  }

  succeeded(nowMs: number): void {
    this.#succeededMs = nowMs
    this.#failures = 0
    this.#downMs = DOWN_MS_MIN
  }

  /** True when that was one too many. */
  failed(nowMs: number): boolean {
    this.#failures++
    return this.#failures >= FAILURES_MAX && nowMs - this.#succeededMs >= this.#quietMs
  }

  /** Answers how many milliseconds to leave it alone. */
  goDown(): number {
    const ms = this.#downMs
    this.state = 'down'
    this.#downMs = Math.min(2 * ms, DOWN_MS_MAX)
    return ms
  }

  /** A probe was answered. That is not yet a decision: the next failure alone is one too many. */
  goUp(): void {
    this.state = 'up'
    this.#failures = FAILURES_MAX - 1
  }
}
