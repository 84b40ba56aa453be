/**
 * heartbeat — how the primary notices a worker whose event loop stands still, and what stands in its way.
 *
 * Each worker has a cache line of shared memory: a count that it raises twenty times a second, and the mark of the
 * plugin's step that runs (flow/chain/marks.ts). A loop that is stuck can say nothing; these two words say it for it.
 */
const LINE = 16
const BEAT = 0
const RUNNING = 1

export const LOOK_MS = 250
/** A loop held up longer than this is worth a line in the log. */
export const SLOW_MS = 1000

export function makeBeatBuffer(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer((workers + 1) * LINE * 4)
}

/** A worker's own line. */
export class Heartbeat {
  readonly #words: Int32Array
  /** One word, for the mark of the step that runs. */
  readonly running: Int32Array

  constructor(buffer: SharedArrayBuffer, workerId: number) {
    this.#words = new Int32Array(buffer, workerId * LINE * 4, LINE)
    this.running = this.#words.subarray(RUNNING, RUNNING + 1)
  }

  beat(): void {
    Atomics.add(this.#words, BEAT, 1)
  }

  get count(): number {
    return Atomics.load(this.#words, BEAT)
  }

  get mark(): number {
    return Atomics.load(this.running, 0)
  }
}

export interface HeartbeatEvents {
  /** It stood still for so long, and goes on. `mark` is of the step that was seen to run, 0 for none. */
  slow(workerId: number, ms: number, mark: number): void
  /** It has stood still for `limitMs`. Told once. */
  stuck(workerId: number, ms: number, mark: number): void
}

interface Seen {
  count: number
  sinceMs: number
  mark: number
  isTold: boolean
}

/** The primary's view; `look` is to be called every LOOK_MS. */
export class HeartbeatWatch {
  readonly #buffer: SharedArrayBuffer
  readonly #limitMs: number
  readonly #events: HeartbeatEvents
  readonly #seen = new Map<number, Seen>()
  #lastMs = 0

  /** `limitMs` 0: no worker is ever told to be stuck. */
  constructor(buffer: SharedArrayBuffer, limitMs: number, events: HeartbeatEvents) {
    this.#buffer = buffer
    this.#limitMs = limitMs
    this.#events = events
  }

  /** `ready`: the workers whose loop is to go round. */
  look(nowMs: number, ready: readonly number[]): void {
    // The primary itself was held up, or the machine slept: nothing is known of the others.
    if (nowMs - this.#lastMs > 4 * LOOK_MS) this.#seen.clear()
    this.#lastMs = nowMs
    for (const id of this.#seen.keys()) if (!ready.includes(id)) this.#seen.delete(id)
    for (const id of ready) this.#lookAt(id, nowMs)
  }

  #lookAt(id: number, nowMs: number): void {
    const own = new Heartbeat(this.#buffer, id)
    const { count, mark } = own
    const seen = this.#seen.get(id)
    if (seen === undefined || seen.count !== count) {
      const lateMs = seen === undefined ? 0 : nowMs - seen.sinceMs
      if (seen !== undefined && lateMs >= SLOW_MS && !seen.isTold) this.#events.slow(id, lateMs, seen.mark)
      this.#seen.set(id, { count, sinceMs: nowMs, mark: 0, isTold: false })
      return
    }
    if (mark !== 0) seen.mark = mark
    const lateMs = nowMs - seen.sinceMs
    if (seen.isTold || this.#limitMs === 0 || lateMs < this.#limitMs) return
    seen.isTold = true
    this.#events.stuck(id, lateMs, seen.mark)
  }
}
