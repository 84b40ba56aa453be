/**
 * file-store — the state store that needs no service: all of it in memory, every change in a log on disk.
 *
 * WHAT    Changes wait in a queue. Whoever is in it when the disk is free again goes into one frame of the log and one
 *         fsync, and is answered after that. What is read is on disk already. A frame is decided only when the one
 *         before it is through, so a disk that fails takes nothing with it but the frame at hand.
 *
 * LIMITS  `bytesMax` of state in memory; QUEUE_MAX changes wait. A log is at most as long as the state, or
 *         LOG_BYTES_MIN, before a snapshot takes its place: on disk lies at most about three times the state.
 */
import {
  CHANGE_SIZE_MAX,
  type Change,
  KEY_LENGTH_MAX,
  LIST_MAX,
  NEVER,
  type StateEntry,
  StateError,
  StateStore,
  VALUE_BYTES_MAX,
  type Write,
} from '../contract/machine/state-store.ts'
import { Journal } from './journal.ts'
import { type OpenLogFile, openLogFile } from './log-file.ts'
import { Staged } from './staged.ts'
import { StateTable } from './state-table.ts'

/** Changes in one frame. */
const BATCH_MAX = 512
export const QUEUE_MAX = 20_000
const LOG_BYTES_MIN = 4 * 1024 * 1024

type Tell = (level: 'warn' | 'error', message: string, fields: Record<string, unknown>) => void

export interface FileStoreOptions {
  /** It is there, and nobody else writes to it. */
  readonly folder: string
  readonly bytesMax: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Tell
  readonly openFile?: OpenLogFile
  readonly logBytesMin?: number
}

interface Pending {
  decide(staged: Staged): unknown
  resolve(value: unknown): void
  reject(cause: unknown): void
}

export class FileStore extends StateStore {
  readonly #options: FileStoreOptions
  readonly #table: StateTable
  readonly #journal: Journal
  readonly #queue: Pending[] = []
  #flushing: Promise<void> | null = null
  #snapshot: Promise<void> | null = null
  /** The log is not made shorter before it has this length: after a snapshot that failed. */
  #notBefore = 0
  #isClosed = false

  private constructor(options: FileStoreOptions, table: StateTable, journal: Journal) {
    super()
    this.#options = options
    this.#table = table
    this.#journal = journal
  }

  /** Rejects with GatewayError STATE_UNREADABLE, or with what the file system said. */
  static async open(options: FileStoreOptions): Promise<FileStore> {
    const table = new StateTable()
    const journal = await Journal.open({
      folder: options.folder,
      openFile: options.openFile ?? openLogFile,
      onWrite: (write) => table.apply(write),
      onTorn: (path, bytes) => {
        options.log('warn', 'the end of the state was cut: it was being written when the gateway went down', {
          path,
          bytes,
        })
      },
    })
    table.sweep(options.now())
    return new FileStore(options, table, journal)
  }

  get size(): number {
    return this.#table.size
  }

  override async get(key: string): Promise<Uint8Array | null> {
    return this.#table.get(key, this.#options.now())?.value ?? null
  }

  override async list(prefix: string, after: string, limit: number): Promise<readonly StateEntry[]> {
    return this.#table.list(prefix, after, Math.min(limit, LIST_MAX), this.#options.now())
  }

  override async take(key: string): Promise<Uint8Array | null> {
    const decide = (staged: Staged): Uint8Array | null => {
      const value = staged.get(key)
      if (value !== null) staged.write([{ key, value: null, expiresMs: NEVER }])
      return value
    }
    return (await this.#wait(decide)) as Uint8Array | null // what `decide` answers
  }

  override async commit(change: Change): Promise<boolean> {
    checkChange(change)
    const decide = (staged: Staged): boolean => {
      if (!change.when.every(({ key, is }) => isSame(staged.get(key), is))) return false
      staged.write(change.write)
      return true
    }
    return (await this.#wait(decide)) as boolean // what `decide` answers
  }

  /** Drops what has expired. To be called every now and then. */
  sweep(): void {
    this.#table.sweep(this.#options.now())
  }

  /** Answers what waits, and closes the files. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#flushing
    await this.#snapshot
    await this.#journal.close()
  }

  #wait(decide: (staged: Staged) => unknown): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new StateError('away', 'the state is closed'))
    if (this.#queue.length >= QUEUE_MAX) {
      const busy = new StateError('busy', `${QUEUE_MAX} changes of the state wait for the disk already`)
      return Promise.reject(busy)
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ decide, resolve, reject })
      this.#flushing ??= this.#flush()
    })
  }

  async #flush(): Promise<void> {
    // One turn of promises later: who asks at the same time goes into the same frame.
    await null
    while (this.#queue.length > 0) {
      await this.#writeBatch(this.#queue.splice(0, BATCH_MAX))
      await this.#compact()
    }
    // In the same turn as the look at the queue: who comes next starts anew.
    this.#flushing = null
  }

  async #writeBatch(batch: readonly Pending[]): Promise<void> {
    const staged = new Staged(this.#table, this.#options.now(), this.#options.bytesMax)
    const answers: (() => void)[] = []
    const asked: Pending[] = []
    for (const pending of batch) {
      try {
        const value = pending.decide(staged)
        answers.push(() => pending.resolve(value))
        asked.push(pending)
      } catch (cause) {
        pending.reject(cause)
      }
    }
    try {
      if (staged.writes.length > 0) await this.#journal.append(staged.writes)
    } catch (cause) {
      const error = this.#diskError(cause)
      for (const pending of asked) pending.reject(error)
      return
    }
    for (const write of staged.writes) this.#table.apply(write)
    for (const answer of answers) answer()
  }

  #diskError(cause: unknown): StateError {
    const why = cause instanceof Error ? cause.message : String(cause)
    this.#options.log('error', 'the state could not be written: what asked for it was refused', {
      folder: this.#options.folder,
      why,
    })
    return new StateError('disk', `the state could not be written to ${this.#options.folder}: ${why}`)
  }

  async #compact(): Promise<void> {
    const least = Math.max(this.#options.logBytesMin ?? LOG_BYTES_MIN, this.#table.bytes, this.#notBefore)
    if (this.#snapshot !== null || this.#journal.length < least) return
    try {
      await this.#journal.rotate()
    } catch (cause) {
      return this.#notCompacted(cause)
    }
    this.#notBefore = 0
    const entries = this.#table.copy(this.#options.now())
    const written = this.#journal.writeSnapshot(entries).catch((cause: unknown) => this.#notCompacted(cause))
    this.#snapshot = written.finally(() => {
      this.#snapshot = null
    })
  }

  #notCompacted(cause: unknown): void {
    this.#notBefore = 2 * this.#journal.length
    this.#options.log('warn', "the state's log could not be made shorter; it is tried again", {
      folder: this.#options.folder,
      why: cause instanceof Error ? cause.message : String(cause),
    })
  }
}

function isSame(value: Uint8Array | null, expected: Uint8Array | null): boolean {
  if (value === null || expected === null) return value === expected
  return Buffer.compare(value, expected) === 0
}

/** A programming error of a plugin, so it is thrown, and says what. */
function checkChange({ when, write }: Change): void {
  if (when.length > CHANGE_SIZE_MAX || write.length > CHANGE_SIZE_MAX)
    throw new RangeError(`a change of the state has at most ${CHANGE_SIZE_MAX} conditions and writes`)
  for (const each of write) checkWrite(each)
}

function checkWrite({ key, value, expiresMs }: Write): void {
  if (key === '' || key.length > KEY_LENGTH_MAX)
    throw new RangeError(`a key of the state has 1 to ${KEY_LENGTH_MAX} characters`)
  if (value !== null && value.length > VALUE_BYTES_MAX)
    throw new RangeError(`a value of the state has at most ${VALUE_BYTES_MAX} bytes`)
  if (typeof expiresMs !== 'number' || Number.isNaN(expiresMs)) throw new RangeError('an expiry is a time')
}
