/**
 * shared-link — all that one worker asks of one Redis: gathers a turn's checks, sends them, and keeps their
 * deadlines.
 *
 *     check ─▶ queue ─(end of the turn)─▶ batch ─▶ EVALSHA ─▶ answer ─▶ onChecked
 *                                           └─ timeout ─▶ onChecked('timeout'); the answer, should it come, is dropped
 *
 * While the first connection is being made, checks wait in the queue. When Redis is down they are refused at once,
 * and probes of our own, not requests, find out when it is back.
 */
import type { Flushable, Turn } from '../base/turn.ts'
import type { Check, Push, RedisSettings } from '../contract/machine/redis.ts'
import { Batch } from './batch.ts'
import { openClient, type RedisClient } from './client.ts'
import { isCluster } from './client-options.ts'
import { Health } from './health.ts'
import { ProblemLog, type RedisLog } from './problem-log.ts'
import { Queue } from './queue.ts'
import { SCRIPT, SCRIPT_SHA1 } from './script.ts'

/** Checks and counters that wait or are under way; more are refused. */
export const PENDING_MAX = 10_000
/** Answered batches before the oldest that is not are cut off the list in pieces of this. */
const TRIM = 256
/** Errors for the sake of the key or of the user's rights. All others, like OOM, tell of the server. */
const OWN_PROBLEM = /^(?:ERR|WRONGTYPE|NOPERM) /

export interface RedisTools {
  readonly turn: Turn
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly log: RedisLog
  readonly onProblem: () => void
  /** Certificates in PEM of who may sign a server's certificate; empty: those that Node trusts. */
  readonly trusted: readonly string[]
}

export class SharedLink implements Flushable {
  queued: boolean
  /** Commands sent, probes included. */
  commands: number
  readonly #tools: RedisTools
  readonly #timeoutMs: number
  readonly #isCluster: boolean
  readonly #log: ProblemLog
  readonly #health: Health
  readonly #queue: Queue
  #pending: number
  /** In the order of sending, so that deadlines come in the same order; #oldest is the first not answered. */
  readonly #inFlight: Batch[]
  #oldest: number
  #sweep: NodeJS.Timeout | null
  #rest: NodeJS.Timeout | null
  #client: RedisClient | null
  #isConnected: boolean
  #isClosed: boolean
  #downSinceMs: number

  constructor(settings: RedisSettings, tools: RedisTools) {
    this.queued = false
    this.commands = 0
    this.#tools = tools
    this.#timeoutMs = settings.timeout
    this.#isCluster = isCluster(settings)
    this.#log = new ProblemLog(settings, tools.log)
    this.#health = new Health(this.#isCluster)
    this.#queue = new Queue(this.#isCluster)
    this.#pending = 0
    this.#inFlight = []
    this.#oldest = 0
    this.#sweep = null
    this.#client = null
    this.#isConnected = false
    this.#isClosed = false
    this.#downSinceMs = tools.now()
    this.#rest = setTimeout(() => this.#goDown('no connection in time'), settings.timeout)
    this.#open(settings)
  }

  get state() {
    return this.#health.state
  }

  /** What went wrong since the start. */
  get problems(): number {
    return this.#log.count
  }

  #open(settings: RedisSettings): void {
    const events = {
      onReady: () => this.#onReady(),
      onClosed: () => this.#onClosed(),
      onProblem: (text: string) => this.#onProblem(text),
    }
    openClient(settings, this.#tools.trusted, events).then(
      (client) => {
        if (this.#isClosed) client.close()
        else this.#client = client
      },
      (error: unknown) => this.#goDown(String(error)),
    )
  }

  check(check: Check): boolean {
    if (this.#health.state === 'down' || this.#pending >= PENDING_MAX) return false
    this.#pending++
    this.#queue.addCheck(check)
    this.#tools.turn.push(this)
    return true
  }

  push(push: Push): boolean {
    const size = push.keys.length
    if (size === 0 || this.#health.state === 'down' || this.#pending + size > PENDING_MAX) return false
    this.#pending += size
    this.#queue.addPush(push)
    this.#tools.turn.push(this)
    return true
  }

  /** At the end of the turn. While the first connection is being made, all stays queued. */
  flush(): void {
    if (this.#health.state !== 'up') return
    const batches = this.#queue.take()
    for (let i = 0; i < batches.length; i++) this.#send(batches[i]!)
  }

  #send(batch: Batch): void {
    batch.sentAtMs = this.#tools.now()
    this.#inFlight.push(batch)
    if (this.#sweep === null) this.#sweep = setTimeout(() => this.#onSweep(), this.#timeoutMs)
    this.#command(batch)
  }

  #command(batch: Batch): void {
    this.commands++
    const done = (error: Error | null | undefined, reply?: unknown) => this.#onReply(batch, error, reply)
    if (batch.isWhole) this.#client!.send('eval', batch.args(SCRIPT), done)
    else this.#client!.send('evalsha', batch.args(SCRIPT_SHA1), done)
  }

  #onReply(batch: Batch, error: Error | null | undefined, reply: unknown): void {
    if (batch.isOver) return
    if (error?.message.startsWith('NOSCRIPT') && !batch.isWhole) {
      // Nothing of it was carried out, so that it may be sent again.
      batch.isWhole = true
      return this.#command(batch)
    }
    this.#endBatch(batch)
    if (error) {
      batch.fail(error.name === 'ReplyError' ? 'refused' : 'closed')
      return this.#onFailure(batch, error.message)
    }
    if (batch.isProbe) return this.#goUp()
    batch.read(reply)
    if (batch.isDecided) this.#health.succeeded(this.#tools.now())
    if (batch.problem === '') return
    if (batch.isDecided || OWN_PROBLEM.test(batch.problem)) this.#onProblem(batch.problem)
    else this.#onFailure(batch, batch.problem)
  }

  #endBatch(batch: Batch): void {
    batch.isOver = true
    this.#pending -= batch.size
    while (this.#oldest < this.#inFlight.length && this.#inFlight[this.#oldest]!.isOver) this.#oldest++
    if (this.#oldest < TRIM && this.#oldest < this.#inFlight.length) return
    this.#inFlight.splice(0, this.#oldest)
    this.#oldest = 0
  }

  /** One timer for all batches: it is set for the oldest, and when it fires, for the then oldest. */
  #onSweep(): void {
    this.#sweep = null
    const now = this.#tools.now()
    while (this.#oldest < this.#inFlight.length) {
      const batch = this.#inFlight[this.#oldest]!
      const leftMs = batch.sentAtMs + this.#timeoutMs - now
      if (leftMs > 0) {
        this.#sweep ??= setTimeout(() => this.#onSweep(), Math.ceil(leftMs))
        return
      }
      this.#endBatch(batch)
      batch.fail('timeout')
      this.#onFailure(batch, `no answer within ${this.#timeoutMs} ms`)
    }
  }

  #onFailure(batch: Batch, text: string): void {
    const isOneTooMany = this.#health.failed(this.#tools.now()) || batch.isProbe
    this.#onProblem(text)
    if (text.includes('READONLY')) this.#client?.reconnect()
    if (isOneTooMany) this.#goDown('')
  }

  #onProblem(text: string): void {
    this.#tools.onProblem()
    this.#log.problem(text, this.#tools.now())
  }

  /** Connected is not yet up: it may be loading its data, or refuse the script to this user. */
  #onReady(): void {
    this.#isConnected = true
    if (this.#health.state === 'opening' || this.#rest === null) this.#send(new Batch(this.#isCluster))
  }

  #onClosed(): void {
    this.#isConnected = false
    if (!this.#isClosed) this.#goDown('')
  }

  #goDown(text: string): void {
    if (this.#isClosed) return
    if (text !== '') this.#onProblem(text)
    // Already at rest: what fails meanwhile was under way before.
    if (this.#health.state === 'down' && this.#rest !== null) return
    if (this.#health.state === 'up') this.#downSinceMs = this.#tools.now()
    if (this.#rest !== null) clearTimeout(this.#rest)
    this.#rest = setTimeout(() => this.#onRested(), this.#health.goDown())
    this.#rest.unref()
    this.#failQueue()
  }

  #onRested(): void {
    this.#rest = null
    if (this.#isConnected) this.#send(new Batch(this.#isCluster))
  }

  #goUp(): void {
    if (this.#isClosed || this.#health.state === 'up') return
    const wasDown = this.#health.state === 'down'
    if (this.#rest !== null) clearTimeout(this.#rest)
    this.#rest = null
    this.#health.goUp()
    if (wasDown) this.#log.answersAgain(this.#tools.now() - this.#downSinceMs)
    this.flush()
  }

  /** `onChecked` may ask again at once: what it asks is refused, or is queued anew. */
  #failQueue(): void {
    for (const batch of this.#queue.take()) {
      this.#pending -= batch.size
      batch.fail('closed')
    }
  }

  /** The last user has gone. */
  close(): void {
    this.#isClosed = true
    if (this.#rest !== null) clearTimeout(this.#rest)
    if (this.#sweep !== null) clearTimeout(this.#sweep)
    this.#health.goDown()
    for (const batch of this.#inFlight.splice(0)) {
      if (batch.isOver) continue
      batch.isOver = true
      batch.fail('closed')
    }
    this.#failQueue()
    this.#client?.close()
  }
}
