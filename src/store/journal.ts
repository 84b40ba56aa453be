/**
 * journal — the state's files at work: appends, begins new logs, writes snapshots, and reads it all back.
 *
 * Order is what makes it safe. A frame follows only when the one before it is on disk, so at most the last frame can be
 * half. A new log stands before anything is written to it; a snapshot gets its name only when it is whole; older files
 * go only when a snapshot that has all they hold has its name.
 */
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { faults, GatewayError } from '../base/faults.ts'
import type { StateEntry, Write } from '../contract/machine/state-store.ts'
import type { LogFile, OpenLogFile } from './log-file.ts'
import { syncFolder } from './log-file.ts'
import {
  endFrame,
  formatFrame,
  generationsOf,
  logName,
  readLog,
  readSnapshot,
  snapshotName,
  writesFrame,
} from './state-files.ts'

const DRAFT = 'state-draft.tmp'
/** Entries in one frame of a snapshot. */
const FRAME_ENTRIES = 256

export interface JournalOptions {
  readonly folder: string
  readonly openFile: OpenLogFile
  /** Each write of the files, in order; then the journal is open. */
  readonly onWrite: (write: Write) => void
  /** Bytes were cut from the end of a log. */
  readonly onTorn: (path: string, bytes: number) => void
}

export class Journal {
  readonly #folder: string
  readonly #openFile: OpenLogFile
  #generation: number
  #file: LogFile
  /** Up to here it is on disk. */
  #length: number
  /** A write has failed, and may have left something behind `#length`. */
  #isDirty = false

  private constructor(options: JournalOptions, generation: number, file: LogFile, length: number) {
    this.#folder = options.folder
    this.#openFile = options.openFile
    this.#generation = generation
    this.#file = file
    this.#length = length
  }

  /** Rejects with GatewayError STATE_UNREADABLE, or with what the file system said. */
  static async open(options: JournalOptions): Promise<Journal> {
    const { folder, openFile } = options
    await rm(join(folder, DRAFT), { force: true })
    const names = await readdir(folder)
    const first = generationsOf(names, 'snapshot').at(-1) ?? 0
    const logs = generationsOf(names, 'log').filter((generation) => generation >= first)
    checkWhole(folder, first, logs, names)
    if (names.includes(snapshotName(first))) {
      const path = join(folder, snapshotName(first))
      for (const write of readSnapshot(await readFile(path), path)) options.onWrite(write)
    }
    const last = logs.at(-1) ?? first
    let length = 0
    for (const generation of logs) length = await replay(options, generation, generation === last)
    const file = await openFile(join(folder, logName(last)))
    const journal = new Journal(options, last, file, length)
    if (length === 0) await journal.#begin()
    await removeOlder(folder, first)
    return journal
  }

  /** Bytes of the log at hand. */
  get length(): number {
    return this.#length
  }

  /** Resolves when it is on disk. Rejects when it is not, and never will be. One at a time. */
  async append(writes: readonly Write[]): Promise<void> {
    await this.#appendFrame(writesFrame(writes))
  }

  async #appendFrame(frame: Buffer): Promise<void> {
    if (this.#isDirty) {
      await this.#file.truncate(this.#length)
      await this.#file.sync()
      this.#isDirty = false
    }
    this.#isDirty = true
    await this.#file.write(frame, this.#length)
    await this.#file.sync()
    this.#length += frame.length
    this.#isDirty = false
  }

  async #begin(): Promise<void> {
    await this.#appendFrame(formatFrame())
    await syncFolder(this.#folder)
  }

  /** Goes on in a new log. Never while an append is under way; when it fails, the log at hand stays. */
  async rotate(): Promise<void> {
    const generation = this.#generation + 1
    const path = join(this.#folder, logName(generation))
    const file = await this.#openFile(path)
    try {
      const next = formatFrame()
      await file.write(next, 0)
      await file.sync()
      await syncFolder(this.#folder)
      await this.#settle()
      await this.#file.close()
      this.#file = file
      this.#generation = generation
      this.#length = next.length
    } catch (cause) {
      await file.close()
      // Else it would be taken for a log that follows a whole one.
      await rm(path, { force: true })
      throw cause
    }
  }

  /** Only the last log may end in half a frame. */
  async #settle(): Promise<void> {
    if (!this.#isDirty) return
    await this.#file.truncate(this.#length)
    await this.#file.sync()
    this.#isDirty = false
  }

  /** `entries`: what there was when the log at hand was begun. Appends may go on meanwhile. */
  async writeSnapshot(entries: readonly StateEntry[]): Promise<void> {
    const generation = this.#generation
    const draft = join(this.#folder, DRAFT)
    await rm(draft, { force: true })
    const file = await this.#openFile(draft)
    try {
      let at = await put(file, formatFrame(), 0)
      for (let i = 0; i < entries.length; i += FRAME_ENTRIES)
        at = await put(file, writesFrame(entries.slice(i, i + FRAME_ENTRIES)), at)
      await put(file, endFrame(entries.length), at)
      await file.sync()
    } catch (cause) {
      await file.close()
      await rm(draft, { force: true })
      throw cause
    }
    await file.close()
    await rename(draft, join(this.#folder, snapshotName(generation)))
    await syncFolder(this.#folder)
    await removeOlder(this.#folder, generation)
  }

  async close(): Promise<void> {
    await this.#settle().catch(() => {}) // it is cut at the next start
    await this.#file.close()
  }
}

async function put(file: LogFile, frame: Buffer, at: number): Promise<number> {
  await file.write(frame, at)
  return at + frame.length
}

async function replay(options: JournalOptions, generation: number, isLast: boolean): Promise<number> {
  const path = join(options.folder, logName(generation))
  const bytes = await readFile(path)
  const { writes, end } = readLog(bytes, path, isLast)
  for (const write of writes) options.onWrite(write)
  if (end === bytes.length) return end
  options.onTorn(path, bytes.length - end)
  const file = await options.openFile(path)
  await file.truncate(end)
  await file.sync()
  await file.close()
  return end
}

function checkWhole(folder: string, first: number, logs: readonly number[], names: readonly string[]): void {
  const missing = logs.findIndex((generation, i) => generation !== first + i)
  const isEmpty = logs.length === 0 && !names.includes(snapshotName(first))
  if (isEmpty || (missing < 0 && logs.length > 0)) return
  const path = join(folder, logName(first + Math.max(missing, 0)))
  const detail = `${path} is missing although files that follow it are there: put a backup of the folder in its place, or move all of its state-* files away and start without what they hold`
  throw new GatewayError(faults.STATE_UNREADABLE, detail)
}

/** They hold nothing that the snapshot does not. */
async function removeOlder(folder: string, generation: number): Promise<void> {
  const names = await readdir(folder)
  const isOlder = (each: number) => each < generation
  const logs = generationsOf(names, 'log').filter(isOlder).map(logName)
  const snapshots = generationsOf(names, 'snapshot').filter(isOlder).map(snapshotName)
  for (const name of [...logs, ...snapshots]) await rm(join(folder, name), { force: true })
}
