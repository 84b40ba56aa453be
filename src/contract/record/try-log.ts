/**
 * try-log — what became of each try of an exchange, for logs and traces.
 *
 * LIMITS  The first TRIES_KEPT - 1 tries and the last one are kept; `all` counts every one.
 *
 * HOT     `begin`, `answered` and `ended` run once a request: a few stores.
 */
import { empty } from '../../base/empty.ts'
import { type Fault, faults } from '../../base/faults.ts'
import type { Target } from '../target.ts'

export const TRIES_KEPT = 8

/** Columns of `times`, in milliseconds of the worker's clock; 0 is "not reached". */
export const TRY_START = 0
/** A connection was there and the request went out. */
export const TRY_SENT = 1
/** The head of the answer was whole. */
export const TRY_HEAD = 2
/** The answer was whole, or the try was given up. */
export const TRY_END = 3
const COLUMNS = 4

export class TryLog {
  /** How many there were, also those that are not kept. */
  all: number
  /** One a try that is kept, in order. */
  readonly targets: Target[]
  /** NONE while nothing has gone wrong. */
  readonly faults: Fault[]
  /** Of the answer; 0 for none. */
  readonly statuses: Int32Array
  /** 1: it had to wait until a connection was free. */
  readonly queued: Uint8Array
  readonly #times: Float64Array

  constructor() {
    this.all = 0
    this.targets = []
    this.faults = []
    this.statuses = new Int32Array(TRIES_KEPT)
    this.queued = new Uint8Array(TRIES_KEPT)
    this.#times = new Float64Array(TRIES_KEPT * COLUMNS)
  }

  /** Of those that are kept. */
  get count(): number {
    return this.targets.length
  }

  /** `column`: TRY_START to TRY_END. */
  time(index: number, column: number): number {
    return this.#times[index * COLUMNS + column]!
  }

  begin(target: Target, nowMs: number): void {
    this.all++
    if (this.targets.length === TRIES_KEPT) {
      this.targets.pop()
      this.faults.pop()
    }
    const index = this.targets.length
    this.targets.push(target)
    this.faults.push(faults.NONE)
    this.statuses[index] = 0
    this.queued[index] = 0
    const at = index * COLUMNS
    this.#times[at + TRY_START] = nowMs
    this.#times[at + TRY_SENT] = 0
    this.#times[at + TRY_HEAD] = 0
    this.#times[at + TRY_END] = 0
  }

  /** The try under way waits for a connection. */
  waits(): void {
    this.queued[this.targets.length - 1] = 1
  }

  answered(status: number, sentMs: number, nowMs: number): void {
    const index = this.targets.length - 1
    const at = index * COLUMNS
    this.statuses[index] = status
    this.#times[at + TRY_SENT] = sentMs
    this.#times[at + TRY_HEAD] = nowMs
  }

  ended(nowMs: number): void {
    this.#times[(this.targets.length - 1) * COLUMNS + TRY_END] = nowMs
  }

  failed(fault: Fault, sentMs: number, nowMs: number): void {
    const index = this.targets.length - 1
    this.faults[index] = fault
    this.#times[index * COLUMNS + TRY_SENT] = sentMs
    this.#times[index * COLUMNS + TRY_END] = nowMs
  }

  reset(): void {
    this.all = 0
    empty(this.targets)
    empty(this.faults)
  }
}
