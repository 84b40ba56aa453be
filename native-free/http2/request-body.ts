/**
 * request-body — what has come of one request's body: its length against what was announced, its window, its pace, and
 * the bytes that wait while the flow has it stopped.
 *
 * LIMITS  Waiting bytes by the stream's window.
 *
 * HOT     Runs once a read of a body.
 */
import { appendBytes, NO_BYTES } from '../../src/base/append-bytes.ts'
import { type Fault, faults } from '../../src/base/faults.ts'
import type { ListenerLimits } from '../../src/contract/listener.ts'
import { http2Limits } from './http2-limits.ts'

export class RequestBody {
  /** The flow takes what comes. */
  isOpen: boolean
  held: Buffer
  readonly #limits: ListenerLimits
  /** What the client may still send. */
  #window: number
  /** Taken, and not yet given back to the window. */
  #taken: number
  /** Of the announced length; below 0: none was announced. */
  #left: number
  #total: number
  /** Time spent reading, not counting when the flow had us wait. */
  #spentMs: number
  #sinceMs: number

  constructor(limits: ListenerLimits) {
    this.isOpen = false
    this.held = NO_BYTES
    this.#limits = limits
    this.#window = 0
    this.#taken = 0
    this.#left = 0
    this.#total = 0
    this.#spentMs = 0
    this.#sinceMs = 0
  }

  /** `length` below 0: not known. */
  reset(length: number, nowMs: number): void {
    this.isOpen = false
    this.held = NO_BYTES
    this.#window = http2Limits.streamWindow
    this.#taken = 0
    this.#left = length
    this.#total = 0
    this.#spentMs = 0
    this.#sinceMs = nowMs
  }

  /** A frame of so many bytes has begun. False: the client had no right to it. */
  receive(bytes: number): boolean {
    this.#window -= bytes
    return this.#window >= 0
  }

  /** So many of its bytes are here. Answers what is wrong with them, or NONE. */
  count(bytes: number, nowMs: number): Fault {
    this.#total += bytes
    if (this.#left >= 0) {
      this.#left -= bytes
      if (this.#left < 0) return faults.REQUEST_MALFORMED
    }
    const max = this.#limits.bodyBytesMax
    if (max !== 0 && this.#total > max) return faults.REQUEST_BODY_TOO_LARGE
    return this.#isTooSlow(nowMs) ? faults.REQUEST_TIMEOUT : faults.NONE
  }

  /** False when less has come than was announced. */
  get isWhole(): boolean {
    return this.#left <= 0
  }

  hold(bytes: Buffer, start: number, end: number): void {
    this.held = appendBytes(this.held, bytes, start, end)
  }

  /** So many bytes have been taken. Answers by how much the window is to be opened now; 0: not yet. */
  credit(bytes: number): number {
    this.#taken += bytes
    if (this.#taken * 2 < http2Limits.streamWindow) return 0
    const increment = this.#taken
    this.#taken = 0
    this.#window += increment
    return increment
  }

  open(nowMs: number): void {
    this.isOpen = true
    this.#sinceMs = nowMs
  }

  stop(nowMs: number): void {
    this.isOpen = false
    this.#spentMs += nowMs - this.#sinceMs
  }

  /** True once it has taken longer than the time limit and come in at less than the least rate. */
  #isTooSlow(nowMs: number): boolean {
    if (!this.isOpen) return false
    const spentMs = this.#spentMs + nowMs - this.#sinceMs
    return spentMs > this.#limits.bodyTimeoutMs && this.#total * 1000 < this.#limits.bodyRateMin * spentMs
  }
}
