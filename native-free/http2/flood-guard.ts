/**
 * flood-guard — notices a client whose frames cost more than they are worth: resets in rapid succession, and frames
 * without use.
 *
 * WHAT    Frames without use draw on an allowance that time and useful frames fill up again, so that the pings and
 *         window updates of somebody who moves data are never too many. Resets are counted by the second, whoever sends
 *         them: a client can have us reset a stream as well (CVE-2023-44487, CVE-2025-8671).
 *
 * HOT     Additions and comparisons.
 */
import { http2Limits as max } from './http2-limits.ts'

export class FloodGuard {
  /** Too much: the connection is to end. */
  isOver: boolean
  #allowance: number
  #filledMs: number
  #resets: number
  #secondMs: number

  constructor(nowMs: number) {
    this.isOver = false
    this.#allowance = max.idleFramesMax
    this.#filledMs = nowMs
    this.#resets = 0
    this.#secondMs = nowMs
  }

  /** Something useful has come or gone. */
  useful(): void {
    if (this.#allowance < max.idleFramesMax) this.#allowance += max.idleFramesEarned
  }

  /** A frame without use has come. */
  idle(cost: number, nowMs: number): void {
    this.#allowance -= cost
    if (this.#allowance >= 0) return
    this.#allowance += ((nowMs - this.#filledMs) * max.idleFramesRate) / 1000
    if (this.#allowance > max.idleFramesMax) this.#allowance = max.idleFramesMax
    this.#filledMs = nowMs
    if (this.#allowance < 0) this.isOver = true
  }

  reset(nowMs: number): void {
    if (nowMs - this.#secondMs >= 1000) {
      this.#secondMs = nowMs
      this.#resets = 0
    }
    if (++this.#resets > max.resetsMax) this.isOver = true
  }
}
