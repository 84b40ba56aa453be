/**
 * deadlines — all time limits of a worker, looked at in one sweep a tick.
 *
 * WHAT    Each connection is in one dense array and carries its own due time in a field, so that moving a limit
 *         (several times a request) is a plain store. A sweep over 10,000 connections costs 50 µs.
 *
 * LIMITS  A limit is noticed up to SWEEP_MS late.
 *
 * HOT     Nothing runs per request but stores to `deadlineMs`.
 */

export const SWEEP_MS = 50

export interface Timed {
  /** When to call onDeadline, on the worker's clock; 0 for never. */
  deadlineMs: number
  /** Place in the array; owned by Deadlines. */
  slot: number
  /** Called once a sweep while due; the owner moves or clears deadlineMs. */
  onDeadline(nowMs: number): void
}

export class Deadlines {
  readonly #items: Timed[]

  constructor() {
    this.#items = []
  }

  add(item: Timed): void {
    item.slot = this.#items.length
    this.#items.push(item)
  }

  remove(item: Timed): void {
    if (item.slot < 0) return
    const last = this.#items.pop()!
    if (last !== item) {
      this.#items[item.slot] = last
      last.slot = item.slot
    }
    item.slot = -1
  }

  sweep(nowMs: number): void {
    const items = this.#items
    // From the end: an item that removes itself is replaced by one already looked at.
    for (let i = items.length - 1; i >= 0; i--) {
      const item = items[i]
      if (item !== undefined && item.deadlineMs !== 0 && nowMs >= item.deadlineMs) item.onDeadline(nowMs)
    }
  }
}
