/** A worker's logs: operator records go to the primary, access lines straight to their file. */
import { type Counters, LOGS_DROPPED } from '../../state/counters.ts'
import type { LogLevel, WorkerLog } from '../plane/data-plane.ts'
import type { FromWorker } from '../workers/messages.ts'
import { AccessFile } from './access-file.ts'

/** Records a worker may send in one second; a fault that every request meets must not drown the primary. */
const RECORDS_A_SECOND = 100

export interface WorkerLogOptions {
  readonly post: (message: FromWorker) => void
  readonly now: () => number
  readonly counters: Counters
  /** Where access lines go; '' for nowhere. */
  readonly accessPlace: string
  /** The same for lines of streams. */
  readonly streamAccessPlace?: string
}

export class MessageLog implements WorkerLog {
  readonly #options: WorkerLogOptions
  readonly access: AccessFile | null
  readonly streamAccess: AccessFile | null
  #second = 0
  #sent = 0
  #dropped = 0

  constructor(options: WorkerLogOptions) {
    const { accessPlace, streamAccessPlace = '', counters, now } = options
    this.#options = options
    this.access = accessPlace === '' ? null : new AccessFile(accessPlace, counters, now)
    this.streamAccess = streamAccessPlace === '' ? null : new AccessFile(streamAccessPlace, counters, now)
  }

  operator(level: LogLevel, message: string, fields?: Record<string, unknown>): void {
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

  /** Resolves when every access line is written, or has failed to be. */
  async written(): Promise<void> {
    const files = [this.access, this.streamAccess].filter((file) => file !== null)
    await Promise.all(files.map((file) => new Promise<void>((resolve) => file.whenIdle(resolve))))
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
