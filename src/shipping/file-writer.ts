/**
 * file-writer — lines on their way into a file, in the log thread: for the access logs and for sinks that write files.
 *
 * WHAT    Two boxes take turns: lines are put into one while the other is being written, so that no batch is copied.
 *
 *           openLine · closeLine ──▶ gathering ──swap──▶ leaving ──▶ one append by a thread of libuv's
 *                                        ▲                  │
 *                                        └──────────────────┘
 *
 *         Lines leave together after PAUSE_MS, or at once when BATCH_BYTES have gathered: an append costs as much as
 *         making twenty lines. A write that fails (full disk) is tried again every RETRY_MS with the same bytes, so a
 *         line is never torn, and nothing is lost before WAITING_BYTES_MAX wait.
 *
 * REOPEN  `reopen` opens the file anew by its name, once the write under way has ended. Until then a file that was
 *         renamed or removed gets its lines.
 *
 * LIMITS  WAITING_BYTES_MAX may wait for a slow disk or pipe; beyond that lines are lost, and counted. What went wrong
 *         is said once in SAID_MS. A box that had to grow is given back when it has been written.
 */
import { close, closeSync, constants, openSync, write } from 'node:fs'
import { Outbox } from '../base/outbox.ts'
import type { SinkTools } from '../contract/machine/log-sinks.ts'

export const WAITING_BYTES_MAX = 4 * 1024 * 1024
const PAUSE_MS = 5
const BATCH_BYTES = 64 * 1024
/** What a box has from the start: a batch, and the longest line that is not rare. */
const BOX_BYTES = 2 * BATCH_BYTES
/** Between two tries to write to a pipe that nobody reads. */
const FULL_MS = 10
/** Between two tries to write to a disk that is full, or to open what cannot be opened. */
const RETRY_MS = 250
const SAID_MS = 60_000
const CLOSED = -1

export interface FileWriterOptions {
  /** Also /dev/stdout and /dev/stderr. */
  readonly path: string
  /** Of a file that is not there yet. */
  readonly mode: number
  /** Open the file anew for each batch. */
  readonly reopensAlways?: boolean
  readonly tools: Pick<SinkTools, 'now' | 'lost' | 'delivered' | 'log'>
}

export class FileWriter {
  readonly #options: FileWriterOptions
  readonly #waiters: (() => void)[]
  #fd: number
  #gathering: Outbox
  #leaving: Outbox
  /** End of the last whole line in `#gathering`, and how many lines that is. */
  #ready: number
  #readyLines: number
  /** Of `#leaving`: 0 when nothing is being written. */
  #left: number
  #leftLines: number
  #written: number
  /** Of the next flush, or of the next try. */
  #timer: NodeJS.Timeout | null
  #isWriting: boolean
  #isReopenDue: boolean
  #isClosed: boolean
  #saidMs: number
  #failures: number
  #overflow: number

  /** Opens nothing yet: a file that cannot be opened is said, and tried again. */
  constructor(options: FileWriterOptions) {
    this.#options = options
    this.#waiters = []
    this.#fd = CLOSED
    this.#gathering = new Outbox()
    this.#leaving = new Outbox()
    this.#gathering.reserve(BOX_BYTES)
    this.#leaving.reserve(BOX_BYTES)
    this.#ready = 0
    this.#readyLines = 0
    this.#left = 0
    this.#leftLines = 0
    this.#written = 0
    this.#timer = null
    this.#isWriting = false
    this.#isReopenDue = false
    this.#isClosed = false
    this.#saidMs = -Infinity
    this.#failures = 0
    this.#overflow = 0
  }

  /** Lines that are not written yet. */
  get waiting(): number {
    return this.#readyLines + this.#leftLines
  }

  /** Where the next line is to be put; it counts from `closeLine` on. */
  openLine(): Outbox {
    // What somebody failed to finish is no line.
    this.#gathering.used = this.#ready
    return this.#gathering
  }

  /** It has been put there, with its newline. */
  closeLine(): void {
    this.#take(1)
  }

  /** Whole lines, `count` of them, at [start, end). */
  putLines(bytes: Uint8Array, start: number, end: number, count: number): void {
    this.openLine().put(bytes, start, end)
    this.#take(count)
  }

  /** The file is opened anew by its name. Lines that wait go to the new one. */
  reopen(): void {
    this.#isReopenDue = true
    // A disk that was full may have been left behind.
    if (!this.#isWriting && this.#left > 0) this.#write()
  }

  /** Calls `done` when every line is written: also those that come until then. */
  whenIdle(done: () => void): void {
    this.#waiters.push(done)
    this.#flush()
    this.#tellIdle()
  }

  /** What is not written within `graceMs` is lost, and counted. */
  async close(graceMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, graceMs)
      this.whenIdle(() => {
        clearTimeout(late)
        resolve()
      })
    })
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.waiting > 0) this.#options.tools.lost(this.waiting, 'not written')
    this.#readyLines = 0
    this.#ready = 0
    this.#leftLines = 0
    // A write under way still needs it; the process ends soon.
    if (!this.#isWriting) this.#closeFile()
  }

  #take(count: number): void {
    const used = this.#gathering.used
    if (this.#isClosed || this.#left + used > WAITING_BYTES_MAX) return this.#lose(count)
    this.#ready = used
    this.#readyLines += count
    if (used >= BATCH_BYTES && this.#left === 0) this.#flush()
    else if (this.#timer === null) this.#timer = setTimeout(this.#onTimer, PAUSE_MS)
  }

  #lose(count: number): void {
    this.#gathering.used = this.#ready
    this.#overflow += count
    this.#options.tools.lost(count, 'queue full')
    this.#say('warn', 'a log file is slower than its lines: some are lost', { lost: this.#overflow })
  }

  readonly #onTimer = (): void => {
    this.#timer = null
    if (this.#left === 0) this.#flush()
    else if (!this.#isWriting) this.#write()
  }

  #flush(): void {
    if (this.#left !== 0 || this.#ready === 0) return
    const batch = this.#gathering
    this.#gathering = this.#leaving
    this.#leaving = batch
    this.#left = this.#ready
    this.#leftLines = this.#readyLines
    this.#ready = 0
    this.#readyLines = 0
    this.#written = 0
    if (this.#options.reopensAlways === true) this.#isReopenDue = true
    this.#write()
  }

  #write(): void {
    if (this.#isReopenDue) this.#closeFile()
    this.#isReopenDue = false
    if (this.#fd === CLOSED && !this.#open()) return
    this.#isWriting = true
    const from = this.#written
    write(this.#fd, this.#leaving.bytes, from, this.#left - from, null, this.#onWrite)
  }

  #open(): boolean {
    try {
      this.#fd = openPlace(this.#options.path, this.#options.mode)
      return true
    } catch (cause) {
      this.#failed(cause as NodeJS.ErrnoException) // openSync throws nothing else
      return false
    }
  }

  readonly #onWrite = (cause: NodeJS.ErrnoException | null, count: number): void => {
    this.#isWriting = false
    if (this.#isClosed) return this.#closeFile()
    if (cause !== null) return this.#failed(cause)
    this.#written += count
    if (this.#written < this.#left) return this.#write()
    if (this.#failures > 0) this.#recovered()
    this.#options.tools.delivered(this.#leftLines)
    this.#ended()
  }

  /** The batch stays, and is tried again. */
  #failed(cause: NodeJS.ErrnoException): void {
    const isFull = cause.code === 'EAGAIN'
    if (!isFull) {
      this.#failures++
      this.#say('error', 'a log file cannot be written', { why: cause.code ?? cause.message })
    }
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#onTimer, isFull ? FULL_MS : RETRY_MS)
  }

  #recovered(): void {
    this.#failures = 0
    // At once, so that whoever reads of the fault reads of its end.
    this.#saidMs = -Infinity
    this.#say('info', 'a log file is written again', { lost: this.#overflow })
    this.#overflow = 0
    this.#saidMs = -Infinity
  }

  #ended(): void {
    this.#left = 0
    this.#leftLines = 0
    if (this.#leaving.bytes.length > BOX_BYTES) {
      this.#leaving.release()
      this.#leaving.reserve(BOX_BYTES)
    }
    this.#leaving.used = 0
    if (this.#waiters.length !== 0 || this.#ready >= BATCH_BYTES) this.#flush()
    // The timer may have run out while this batch was being written.
    else if (this.#ready > 0 && this.#timer === null) this.#timer = setTimeout(this.#onTimer, PAUSE_MS)
    this.#tellIdle()
  }

  #tellIdle(): void {
    while (this.#left === 0 && this.#ready === 0 && this.#waiters.length !== 0) this.#waiters.shift()!()
  }

  #say(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void {
    const { tools, path } = this.#options
    const now = tools.now()
    if (now - this.#saidMs < SAID_MS) return
    this.#saidMs = now
    tools.log(level, message, { path, ...fields, waiting: this.waiting })
  }

  #closeFile(): void {
    // 0 to 2 are the process's own.
    if (this.#fd > 2) close(this.#fd, () => {})
    this.#fd = CLOSED
  }
}

/**
 * For appending. The standard streams by number: opening /dev/stdout fails where it is a socket, as under systemd. A
 * pipe that nobody reads is an error, and not a wait.
 */
export function openPlace(path: string, mode: number): number {
  if (path === '/dev/stdout') return 1
  if (path === '/dev/stderr') return 2
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, mode)
}

/** Throws what openPlace does: whether lines could be written there. */
export function tryPlace(path: string, mode: number): void {
  const fd = openPlace(path, mode)
  if (fd > 2) closeSync(fd)
}
