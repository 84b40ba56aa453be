/** A worker's logs: operator records go to the primary, access lines straight to their file, once a turn. */
import { openSync, write } from 'node:fs'
import { type Counters, LOGS_DROPPED } from '../../state/counters.ts'
import type { LogLevel, WorkerLog } from '../plane/data-plane.ts'
import type { FromWorker } from '../workers/messages.ts'

/** Records a worker may send in one second; a fault that every request meets must not drown the primary. */
const RECORDS_A_SECOND = 100
/** Bytes of access lines that may wait for a slow disk or pipe. Beyond that lines are dropped, and counted. */
const ACCESS_BYTES_MAX = 4 * 1024 * 1024

export interface WorkerLogOptions {
  readonly post: (message: FromWorker) => void
  readonly now: () => number
  readonly counters: Counters
  /** Where access lines go; '' for nowhere. */
  readonly accessPlace: string
}

export class MessageLog implements WorkerLog {
  readonly #options: WorkerLogOptions
  readonly #access: AccessFile | null
  #second = 0
  #sent = 0
  #dropped = 0

  constructor(options: WorkerLogOptions) {
    this.#options = options
    this.#access = options.accessPlace === '' ? null : new AccessFile(options.accessPlace, options.counters)
  }

  get hasAccess(): boolean {
    return this.#access !== null
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

  access(line: Uint8Array): void {
    this.#access?.put(line)
  }

  /** Resolves when every access line is written, or has failed to be. */
  written(): Promise<void> {
    return this.#access === null ? Promise.resolve() : this.#access.idle()
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

class AccessFile {
  readonly #fd: number
  readonly #counters: Counters
  #lines: Uint8Array[] = []
  #waiting = 0
  #writing = false
  #onIdle: (() => void) | null = null

  constructor(place: string, counters: Counters) {
    this.#fd = openPlace(place)
    this.#counters = counters
  }

  put(line: Uint8Array): void {
    if (this.#waiting + line.length > ACCESS_BYTES_MAX) {
      this.#counters.add(LOGS_DROPPED, 1)
      return
    }
    if (this.#lines.length === 0 && !this.#writing) setImmediate(this.#flush)
    this.#lines.push(line.slice())
    this.#waiting += line.length
  }

  idle(): Promise<void> {
    if (this.#waiting === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle = resolve
    })
  }

  /** One append for all lines of a turn. O_APPEND keeps lines of several workers whole. */
  readonly #flush = (): void => {
    const batch = Buffer.concat(this.#lines)
    this.#lines = []
    this.#writing = true
    this.#write(batch, 0)
  }

  #write(batch: Buffer, from: number): void {
    write(this.#fd, batch, from, batch.length - from, null, (cause, written) => {
      const isPipeFull = (cause as NodeJS.ErrnoException | null)?.code === 'EAGAIN'
      const at = from + written
      if (isPipeFull) setTimeout(() => this.#write(batch, from), 10)
      // A disk that is full or gone must not stop traffic: the batch is lost and counted.
      else if (cause !== null) this.#written(batch.length, true)
      else if (at < batch.length) this.#write(batch, at)
      else this.#written(batch.length, false)
    })
  }

  #written(count: number, isLost: boolean): void {
    if (isLost) this.#counters.add(LOGS_DROPPED, 1)
    this.#waiting -= count
    this.#writing = false
    if (this.#lines.length > 0) this.#flush()
    else this.#onIdle?.()
  }
}

/** The standard streams by number: opening /dev/stdout fails where it is a socket, as under systemd. */
export function openPlace(place: string): number {
  if (place === '/dev/stdout') return 1
  if (place === '/dev/stderr') return 2
  return openSync(place, 'a', 0o640)
}
