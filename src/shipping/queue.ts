/**
 * queue — entries that wait until they can be sent, as Kong's queue has it: sent in batches, retried, bounded.
 *
 *     put ─▶ waiting ──(batch full, or the oldest has waited long enough)──▶ deliver ─▶ done
 *              │ full: the oldest is lost                  ▲         │ fails
 *              ▼                                           └─ delay ─┴─▶ time over: lost
 *
 * WHAT    Pure but for the clock and timers that are given. `deliver` sends one batch and rejects with what went wrong.
 *         The order of entries is kept where one batch at a time is under way.
 *
 * LIMITS  Waiting entries: `maxEntries`; bytes, of those under way too: `maxBytes`, and never more than
 *         WAITING_BYTES_MAX; batches under way: 1, or UNDER_WAY_MAX; bytes of a batch: BATCH_BYTES_MAX or one entry.
 *         What is lost is counted by why, and said once a minute.
 */
import { Complaints } from './complaints.ts'
import { Undelivered } from './undelivered.ts'
import { Waiting } from './waiting.ts'

/** Plain data: it is part of a sink's settings. */
export interface QueueSettings {
  readonly maxBatchSize: number
  readonly maxCoalescingDelayMs: number
  readonly maxEntries: number
  /** Null: WAITING_BYTES_MAX. */
  readonly maxBytes: number | null
  /** From the first try of a batch; below 0: it is tried once. */
  readonly maxRetryTimeMs: number
  readonly initialRetryDelayMs: number
  readonly maxRetryDelayMs: number
  /** 1, or -1 for as many as there are. */
  readonly concurrency: number
}

/** SinkTools has all but `later`. */
export interface QueueTools {
  now(): number
  later(ms: number, callback: () => void): () => void
  lost(count: number, why: string): void
  delivered(count: number): void
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void
}

/** Sends a batch. Rejects with an Error whose message names no secret; an Undelivered may say more. */
export type Deliver<T> = (batch: readonly T[]) => Promise<void>

export const WAITING_BYTES_MAX = 64 * 1024 * 1024
export const BATCH_BYTES_MAX = 8 * 1024 * 1024
const UNDER_WAY_MAX = 64
/** A receiver that asks for more is asked again then all the same. */
const PAUSE_MS_MAX = 60_000

export const QUEUE_FULL = 'queue full'
export const RETRIES_OVER = 'retries over'
export const TOO_LARGE = 'too large'
export const REFUSED = 'refused'
export const CLOSED = 'closed'

interface Batch<T> {
  readonly entries: readonly T[]
  readonly bytes: number
  readonly startedMs: number
  tries: number
  /** Of the wait for the next try; null while the batch is being sent. */
  callOff: (() => void) | null
}

export class Queue<T> {
  readonly #settings: QueueSettings
  readonly #deliver: Deliver<T>
  readonly #tools: QueueTools
  readonly #complaints: Complaints
  readonly #bytesMax: number
  readonly #waiting: Waiting<T>
  readonly #underWay: Set<Batch<T>>
  /** Of what waits and what is under way. */
  #bytes: number
  /** Since when the oldest entry waits to be sent with others. */
  #sinceMs: number
  #callOff: (() => void) | null
  #onEmpty: (() => void) | null
  #isClosing: boolean
  #isClosed: boolean

  /** `name`: for the log, of the plugin and of where the entries go. */
  constructor(name: string, settings: QueueSettings, deliver: Deliver<T>, tools: QueueTools) {
    this.#settings = settings
    this.#deliver = deliver
    this.#tools = tools
    this.#complaints = new Complaints(name, tools)
    this.#bytesMax = Math.min(settings.maxBytes ?? WAITING_BYTES_MAX, WAITING_BYTES_MAX)
    this.#waiting = new Waiting()
    this.#underWay = new Set()
    this.#bytes = 0
    this.#sinceMs = 0
    this.#callOff = null
    this.#onEmpty = null
    this.#isClosing = false
    this.#isClosed = false
  }

  /** Entries that wait or are under way. */
  get waiting(): number {
    let count = this.#waiting.count
    for (const batch of this.#underWay) count += batch.entries.length
    return count
  }

  /** `bytes`: what the entry weighs. */
  put(entry: T, bytes: number): void {
    if (this.#isClosed) return this.#lose(1, CLOSED, 'the sink is closed')
    if (bytes > this.#bytesMax)
      return this.#lose(1, TOO_LARGE, `a record of ${bytes} bytes is larger than the queue`)
    if (!this.#makeRoom(bytes)) return this.#lose(1, QUEUE_FULL, 'the queue is full')
    if (this.#waiting.count === 0) this.#sinceMs = this.#tools.now()
    this.#waiting.push(entry, bytes)
    this.#bytes += bytes
    this.#sendDue()
  }

  /** Sends what waits at once, and gives up after `graceMs` what could not be sent until then. */
  close(graceMs: number): Promise<void> {
    this.#isClosing = true
    for (const batch of this.#underWay) if (batch.callOff !== null) this.#tryAgain(batch)
    this.#sendDue()
    return new Promise((resolve) => {
      const callOff = this.#tools.later(graceMs, () => this.#giveUp())
      this.#onEmpty = () => {
        callOff()
        this.#isClosed = true
        resolve()
      }
      this.#checkEmpty()
    })
  }

  /** The oldest that wait make room. False: what is under way alone fills it. */
  #makeRoom(bytes: number): boolean {
    let dropped = 0
    while (
      this.#waiting.count > 0 &&
      (this.#waiting.count >= this.#settings.maxEntries || this.#bytes + bytes > this.#bytesMax)
    ) {
      this.#bytes -= this.#waiting.dropOldest()
      dropped++
    }
    if (dropped > 0) this.#lose(dropped, QUEUE_FULL, 'the queue is full')
    return this.#bytes + bytes <= this.#bytesMax
  }

  #sendDue(): void {
    const { maxBatchSize, maxCoalescingDelayMs } = this.#settings
    while (this.#waiting.count > 0 && this.#hasTurn()) {
      const waitMs = this.#sinceMs + maxCoalescingDelayMs - this.#tools.now()
      const isFull = this.#waiting.count >= maxBatchSize || this.#bytes >= BATCH_BYTES_MAX
      if (!isFull && !this.#isClosing && waitMs > 0) return this.#sendLater(waitMs)
      this.#start()
    }
  }

  #hasTurn(): boolean {
    return this.#underWay.size < (this.#settings.concurrency === 1 ? 1 : UNDER_WAY_MAX)
  }

  #sendLater(waitMs: number): void {
    this.#callOff ??= this.#tools.later(Math.ceil(waitMs), () => {
      this.#callOff = null
      this.#sendDue()
    })
  }

  #start(): void {
    this.#callOff?.()
    this.#callOff = null
    const { entries, bytes } = this.#waiting.take(this.#settings.maxBatchSize, BATCH_BYTES_MAX)
    const nowMs = this.#tools.now()
    this.#sinceMs = nowMs
    const batch: Batch<T> = { entries, bytes, startedMs: nowMs, tries: 0, callOff: null }
    this.#underWay.add(batch)
    this.#try(batch)
  }

  #try(batch: Batch<T>): void {
    batch.tries++
    this.#deliver(batch.entries).then(
      () => this.#succeeded(batch),
      (error: unknown) => this.#failed(batch, error),
    )
  }

  #succeeded(batch: Batch<T>): void {
    if (!this.#underWay.has(batch)) return
    this.#tools.delivered(batch.entries.length)
    this.#complaints.isWell()
    this.#end(batch)
  }

  #failed(batch: Batch<T>, error: unknown): void {
    if (!this.#underWay.has(batch)) return
    this.#complaints.failed()
    const reason = error instanceof Error ? error.message : String(error)
    const told = error instanceof Undelivered ? error : null
    if (told?.isFinal === true) {
      this.#lose(batch.entries.length, REFUSED, reason)
      return this.#end(batch)
    }
    const { maxRetryTimeMs, initialRetryDelayMs, maxRetryDelayMs } = this.#settings
    if (this.#tools.now() - batch.startedMs > maxRetryTimeMs) {
      this.#lose(batch.entries.length, RETRIES_OVER, reason)
      return this.#end(batch)
    }
    this.#complaints.trouble(reason)
    const ownMs = Math.min(maxRetryDelayMs, initialRetryDelayMs * 2 ** (batch.tries - 1))
    const waitMs = Math.max(ownMs, told === null ? 0 : Math.min(told.afterMs, PAUSE_MS_MAX))
    batch.callOff = this.#tools.later(waitMs, () => this.#tryAgain(batch))
  }

  #tryAgain(batch: Batch<T>): void {
    batch.callOff?.()
    batch.callOff = null
    this.#try(batch)
  }

  #end(batch: Batch<T>): void {
    this.#underWay.delete(batch)
    this.#bytes -= batch.bytes
    this.#sendDue()
    this.#checkEmpty()
  }

  #checkEmpty(): void {
    if (this.#underWay.size > 0 || this.#waiting.count > 0) return
    this.#onEmpty?.()
    this.#onEmpty = null
  }

  #giveUp(): void {
    const count = this.waiting
    if (count > 0) this.#lose(count, CLOSED, 'the receiver did not take them in time')
    for (const batch of this.#underWay) batch.callOff?.()
    this.#underWay.clear()
    this.#waiting.clear()
    this.#bytes = 0
    this.#callOff?.()
    this.#checkEmpty()
  }

  #lose(count: number, why: string, reason: string): void {
    this.#tools.lost(count, why)
    this.#complaints.lost(count, why, reason)
  }
}
