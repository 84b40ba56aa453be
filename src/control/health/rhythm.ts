/**
 * rhythm — calls a task again and again: first at any moment of its interval, then every interval give or take a tenth.
 *
 * So neither many upstreams of one process nor many machines in front of one target beat together. A task that takes
 * longer than its interval is called again as soon as it is over, never twice at once.
 */
const SHARE = 0.1

export interface RhythmTools {
  /** Monotonic milliseconds. */
  now(): number
  /** Calls back once; answers a function that calls it off. */
  later(ms: number, call: () => void): () => void
  /** In [0, 1). */
  random(): number
}

export class Rhythm {
  readonly #intervalMs: number
  readonly #task: () => Promise<void>
  readonly #tools: RhythmTools
  #dueMs: number
  #cancel: () => void
  #isStopped: boolean

  /**
   * `dueMs`: when the one that this rhythm follows would have called next; NaN without one. Reloads that come faster
   * than the interval would else put off a call for ever.
   */
  constructor(intervalMs: number, task: () => Promise<void>, tools: RhythmTools, dueMs = Number.NaN) {
    const nowMs = tools.now()
    this.#intervalMs = intervalMs
    this.#task = task
    this.#tools = tools
    const firstMs = nowMs + intervalMs * tools.random()
    this.#dueMs = Number.isNaN(dueMs) ? firstMs : Math.min(dueMs, nowMs + intervalMs * (1 + SHARE))
    this.#cancel = () => {}
    this.#isStopped = false
    this.#wait()
  }

  get dueMs(): number {
    return this.#dueMs
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  #wait(): void {
    if (this.#isStopped) return
    this.#cancel = this.#tools.later(Math.max(0, this.#dueMs - this.#tools.now()), () => this.#beat())
  }

  #beat(): void {
    const share = 1 - SHARE + 2 * SHARE * this.#tools.random()
    this.#dueMs = this.#tools.now() + this.#intervalMs * share
    const again = () => this.#wait()
    this.#task().then(again, again)
  }
}
