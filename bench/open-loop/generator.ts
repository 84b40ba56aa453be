/**
 * generator — sends requests on time whatever is answered, and times each from the moment it was due.
 *
 * WHAT    Requests are numbers in the order they are due. What is between `sent` and `due` waits for a connection:
 *
 *           0 ······ sent ······ due ······ total        the oldest of those that wait goes first
 *
 *         A request is timed from when it was due and not from its sending: else one slow answer would hide all the
 *         requests that it kept waiting.
 *
 *         Where the generator itself stood still for STILL_US, which a shared machine does to it, what it would say of
 *         the requests of that time is its own delay: they are counted apart (`awake` is all others).
 *
 * LIMITS  A request that waited for the timeout is given up, so at most rate × timeout wait.
 *
 * COST    `#sendDue`, `hasRead` and `answered` run for every request: no closure, no promise, no memory.
 */
import { makeSlots } from './client/make-slots.ts'
import type { Slot, SlotOwner } from './client/slot.ts'
import type { Target } from './client/target.ts'
import { Connections } from './connections.ts'
import type { OpenLoad, OpenResult } from './load.ts'
import { Pacer } from './pacer.ts'
import { Recorder } from './recorder.ts'
import { Schedule } from './schedule.ts'

const SWEEP_US = 5000
/** Nothing that it does in one go takes so long. */
const STILL_US = 1000
/** Between the last connection's opening and the first request. */
const BREATH_US = 10_000

export class Generator implements SlotOwner {
  readonly target: Target
  readonly #load: OpenLoad
  readonly #connections: Connections
  readonly #recorder: Recorder
  readonly #pacer: Pacer
  readonly #timeoutUs: number
  #schedule: Schedule
  #sent = 0
  #due = 0
  #completed = 0
  #sweptUs = 0
  #turnedUs = 0
  /** When it was last seen to run, and when it last stood still until. */
  #seenUs = 0
  #stillUs = 0
  /** Sent, read and given up at the last turn. */
  #stepsBefore = 0
  #reads = 0
  #isOpening = true
  #isOver = false
  #openedUs = 0
  #refusal = ''
  #done: (result: OpenResult) => void = () => {}
  #failed: (cause: Error) => void = () => {}

  constructor(load: OpenLoad, target: Target) {
    this.target = target
    this.#load = load
    this.#connections = new Connections(makeSlots(this, load))
    this.#recorder = new Recorder(load)
    this.#timeoutUs = load.timeoutMs * 1000
    this.#schedule = new Schedule(load, Number.POSITIVE_INFINITY)
    this.#pacer = new Pacer(() => this.#turn())
  }

  /** Rejects when not one connection can be opened. */
  run(): Promise<OpenResult> {
    return new Promise((resolve, reject) => {
      this.#done = resolve
      this.#failed = reject
      this.#openedUs = readUs()
      this.#connections.openAll(this.#openedUs)
      this.#turn()
    })
  }

  #turn(): void {
    const nowUs = readUs()
    this.#see(nowUs)
    if (this.#isOpening) this.#whileOpening(nowUs)
    else {
      this.#tellTurn(nowUs)
      this.#sendDue(nowUs)
    }
    if (nowUs - this.#sweptUs >= SWEEP_US) this.#sweep(nowUs)
    if (this.#isOver) return
    if (this.#completed === this.#schedule.total) return this.#end()
    this.#pacer.next(this.#idleUs(nowUs))
  }

  #see(nowUs: number): void {
    if (nowUs - this.#seenUs > STILL_US) this.#stillUs = nowUs
    this.#seenUs = nowUs
  }

  /** Between the last request's due time and its answer nothing is left to be late with, so that is not told. */
  #tellTurn(nowUs: number): void {
    const steps = this.#sent + this.#completed + this.#reads
    const isCounted = this.#due > this.#schedule.warmUp && this.#due < this.#schedule.total
    if (isCounted) this.#recorder.turned(nowUs - this.#turnedUs, steps !== this.#stepsBefore)
    this.#stepsBefore = steps
    this.#turnedUs = nowUs
  }

  #whileOpening(nowUs: number): void {
    if (!this.#connections.areSettled && nowUs - this.#openedUs < this.#timeoutUs) return
    if (this.#connections.areSettled && this.#connections.areAllClosed) return this.#refuse(this.#refusal)
    this.#connections.closeConnecting()
    if (this.#connections.areAllClosed) return this.#refuse(`none was open after ${this.#load.timeoutMs} ms`)
    this.#isOpening = false
    this.#schedule = new Schedule(this.#load, nowUs + BREATH_US)
  }

  #sendDue(nowUs: number): void {
    const schedule = this.#schedule
    while (this.#due < schedule.total) {
      const dueUs = schedule.dueUs(this.#due)
      if (dueUs > nowUs) return
      const isCounted = this.#due >= schedule.warmUp
      const connection = this.#sent === this.#due ? this.#connections.take() : null
      this.#due++
      if (connection !== null) this.#send(connection)
      const readyUs = connection === null ? nowUs : readUs()
      if (isCounted) this.#recorder.late(readyUs - dueUs, dueUs > this.#stillUs)
    }
  }

  #send(connection: Slot): void {
    const index = this.#sent++
    connection.send(index, this.#schedule.dueUs(index))
  }

  /** What it works off in one go may take longer than STILL_US, a megabyte over TLS for one; each part of it does not. */
  hasRead(): void {
    this.#reads++
    this.#see(readUs())
  }

  opened(connection: Slot): void {
    this.#free(connection)
  }

  answered(connection: Slot, status: number): void {
    const nowUs = readUs()
    this.#see(nowUs)
    const us = nowUs - connection.dueUs
    if (us > this.#timeoutUs) this.#give(connection.index, 'timed out')
    else {
      this.#completed++
      if (connection.index >= this.#schedule.warmUp)
        this.#recorder.answered(us, status, connection.dueUs > this.#stillUs)
    }
    if (connection.isIdle) this.#free(connection)
    else this.#connections.reopen(connection, nowUs)
  }

  failed(connection: Slot, reason: string): void {
    this.#give(connection.index, reason)
    this.#connections.reopen(connection, readUs())
  }

  /** A connection that can't be opened takes the oldest of those that wait with it, so that a dead host is told. */
  ended(connection: Slot, reason: string): void {
    this.#connections.drop(connection)
    this.#refusal = reason === '' ? 'closed at once' : reason
    if (connection.served === 0 && reason !== '' && this.#sent < this.#due) this.#give(this.#sent++, reason)
    // While they are opened each is tried once, or they would never be settled.
    if (!this.#isOpening) this.#connections.reopen(connection, readUs())
  }

  #free(connection: Slot): void {
    if (this.#sent < this.#due) this.#send(connection)
    else this.#connections.put(connection)
  }

  /** This request gets no answer. */
  #give(index: number, reason: string): void {
    this.#completed++
    if (index >= this.#schedule.warmUp) this.#recorder.failed(reason)
  }

  #sweep(nowUs: number): void {
    this.#sweptUs = nowUs
    if (!this.#isOpening) this.#connections.sweep(nowUs, this.#timeoutUs)
    while (this.#sent < this.#due && nowUs - this.#schedule.dueUs(this.#sent) >= this.#timeoutUs)
      this.#give(this.#sent++, 'timed out waiting for a connection')
  }

  /** How long nothing will happen: 0 while anything is under way. */
  #idleUs(nowUs: number): number {
    if (this.#isOpening || this.#completed < this.#due) return 0
    return this.#schedule.dueUs(this.#due) - nowUs
  }

  /** No load was possible, so there is no result. */
  #refuse(why: string): void {
    this.#isOver = true
    this.#connections.closeAll()
    this.#failed(new Error(`no connection to ${this.#load.origin}: ${why}`))
  }

  #end(): void {
    this.#connections.closeAll()
    this.#done(this.#recorder.result())
  }
}

function readUs(): number {
  return performance.now() * 1000
}
