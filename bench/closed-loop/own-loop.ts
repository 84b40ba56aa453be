/**
 * own-loop — a closed loop over the open loop's slots, for what the known tools cannot do: each slot sends again when
 * it has been answered, and all that is told is how many were.
 */
import { makeSlots } from '../open-loop/client/make-slots.ts'
import type { Slot, SlotOwner } from '../open-loop/client/slot.ts'
import type { Target } from '../open-loop/client/target.ts'
import type { ClosedLoad, ClosedResult } from './load-result.ts'

/** So long a slot that failed stays closed. */
const SWEEP_MS = 100

export class OwnLoop implements SlotOwner {
  readonly target: Target
  readonly #load: ClosedLoad
  readonly #slots: readonly Slot[]
  #sent = 0
  #answered = 0
  #errors = 0
  #reason = ''
  #isOver = false

  constructor(load: ClosedLoad, target: Target) {
    this.target = target
    this.#load = load
    this.#slots = makeSlots(this, load)
  }

  /** Rejects when nothing was answered. */
  async run(): Promise<ClosedResult> {
    const startMs = performance.now()
    this.#sweep()
    const sweeping = setInterval(() => this.#sweep(), SWEEP_MS)
    await new Promise((resolve) => setTimeout(resolve, this.#load.seconds * 1000))
    clearInterval(sweeping)
    this.#isOver = true
    const seconds = (performance.now() - startMs) / 1000
    for (const slot of this.#slots) slot.close()
    if (this.#answered === 0) throw new Error(`nothing answered at ${this.#load.origin}: ${this.#reason}`)
    return { requests: this.#answered, seconds, errors: this.#errors, closedLoopHistogram: null }
  }

  #sweep(): void {
    for (const slot of this.#slots) if (slot.isClosed) slot.open(readUs())
  }

  /** Nothing but answers is counted. */
  hasRead(): void {}

  opened(slot: Slot): void {
    if (!this.#isOver) slot.send(this.#sent++, readUs())
  }

  answered(slot: Slot, status: number): void {
    if (this.#isOver) return
    this.#answered++
    if (status >= 400) this.#fail(`status ${status}`)
    if (slot.isIdle) slot.send(this.#sent++, readUs())
    else slot.open(readUs())
  }

  failed(_slot: Slot, reason: string): void {
    this.#fail(reason)
  }

  ended(_slot: Slot, reason: string): void {
    if (reason !== '') this.#fail(reason)
  }

  #fail(reason: string): void {
    if (this.#isOver) return
    this.#errors++
    this.#reason = reason
  }
}

function readUs(): number {
  return performance.now() * 1000
}
