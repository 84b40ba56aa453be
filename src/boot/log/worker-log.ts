/** A worker's logs: operator records go to the primary, access lines into the ring. */
import { type Counters, LOGS_DROPPED } from '../../state/counters.ts'
import type { LogLevel, WorkerLog } from '../plane/data-plane.ts'
import type { FromWorker } from '../workers/messages.ts'
import { isWritten } from './log-levels.ts'
import type { RingLines } from './ring-lines.ts'

/** Records a worker may send in one second; a fault that every request meets must not drown the primary. */
const RECORDS_A_SECOND = 100

export interface WorkerLogOptions {
  readonly post: (message: FromWorker) => void
  readonly now: () => number
  readonly counters: Counters
  /** Of LogLevels. */
  readonly levels: SharedArrayBuffer
  /** Null for nowhere. */
  readonly access: RingLines | null
  /** The same for lines of streams. */
  readonly streamAccess: RingLines | null
}

export class MessageLog implements WorkerLog {
  readonly #options: WorkerLogOptions
  readonly access: RingLines | null
  readonly streamAccess: RingLines | null
  readonly #levels: Int32Array
  #second = 0
  #sent = 0
  #dropped = 0

  constructor(options: WorkerLogOptions) {
    this.#options = options
    this.#levels = new Int32Array(options.levels)
    this.access = options.access
    this.streamAccess = options.streamAccess
  }

  operator(level: LogLevel, message: string, fields?: Record<string, unknown>): void {
    if (!isWritten(this.#levels, level)) return
    const second = Math.floor(this.#options.now() / 1000)
    if (second !== this.#second) this.#startSecond(second)
    if (this.#sent >= RECORDS_A_SECOND) {
      this.#dropped++
      this.#options.counters.add(LOGS_DROPPED, 1)
      return
    }
    this.#sent++
    this.#options.post({ type: 'log', level, message, fields: fields ?? null })
  }

  /** Every access line is in the ring then, where it outlives this worker. */
  flush(): void {
    this.access?.flush()
    this.streamAccess?.flush()
  }

  #startSecond(second: number): void {
    const dropped = this.#dropped
    this.#second = second
    this.#sent = 0
    this.#dropped = 0
    if (dropped > 0)
      this.operator('warn', 'log records were dropped because too many came at once', { dropped })
  }
}
