/**
 * uws-body — the body bytes of one request on their way to the flow: what came while the flow had us wait is held, and
 * size and speed are bounded.
 *
 * WHAT    uWebSockets.js has decoded the framing already. It hands over up to one read of its own (512 KiB) at a time,
 *         also after `pause`, so what is held is bounded by HELD_HIGH plus one such read.
 *
 * HOT     `take` runs once a read of a body. Only what must be held is copied.
 */
import type { ListenerLimits } from '../../../contract/listener.ts'

/** Held bytes from which on the socket is paused. */
export const HELD_HIGH = 64 * 1024

export class UwsBody {
  readonly #limits: ListenerLimits
  readonly held: Buffer[]
  heldBytes: number
  /** All of it has come, though some may be held. */
  isWhole: boolean
  total: number
  #spentMs: number
  #sinceMs: number

  constructor(limits: ListenerLimits) {
    this.#limits = limits
    this.held = []
    this.heldBytes = 0
    this.isWhole = true
    this.total = 0
    this.#spentMs = 0
    this.#sinceMs = 0
  }

  reset(isWhole: boolean): void {
    if (this.held.length !== 0) this.held.length = 0
    this.heldBytes = 0
    this.isWhole = isWhole
    this.total = 0
    this.#spentMs = 0
    this.#sinceMs = 0
  }

  /** Counts what came; false when it is more than a body may have. */
  count(bytes: number, isLast: boolean): boolean {
    this.total += bytes
    if (isLast) this.isWhole = true
    return this.#limits.bodyBytesMax === 0 || this.total <= this.#limits.bodyBytesMax
  }

  /** Keeps a copy. True when enough is held for the socket to be paused. */
  hold(bytes: Buffer): boolean {
    if (bytes.length === 0) return false
    this.held.push(Buffer.from(bytes))
    this.heldBytes += bytes.length
    return this.heldBytes >= HELD_HIGH
  }

  /** The oldest bytes held; there are some. */
  next(): Buffer {
    const bytes = this.held.shift()!
    this.heldBytes -= bytes.length
    return bytes
  }

  started(nowMs: number): void {
    this.#sinceMs = nowMs
  }

  stopped(nowMs: number): void {
    this.#spentMs += nowMs - this.#sinceMs
    this.#sinceMs = nowMs
  }

  /** True once the body has taken longer than the time limit and come in at less than the least rate. */
  isTooSlow(nowMs: number): boolean {
    const spentMs = this.#spentMs + nowMs - this.#sinceMs
    return spentMs > this.#limits.bodyTimeoutMs && this.total * 1000 < this.#limits.bodyRateMin * spentMs
  }
}
