/** The operator's log: JSON lines by pino, or plain lines where a person reads along on a terminal. */
import { closeSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import type { Logger } from 'pino'
import { openPlace } from '../../shipping/file-writer.ts'
import { LEVELS, type Level, LogLevels } from './log-levels.ts'

const FILE_MODE = 0o640

export interface OperatorLog {
  /** Which of its lines are written, in all threads. */
  readonly levels: LogLevels
  write(level: Level, message: string, fields?: Readonly<Record<string, unknown>>): void
  /** The file is opened anew by its name; where that fails the old one stays. */
  reopen(): void
  /** Resolves when all is written. */
  close(): Promise<void>
}

export interface OperatorLogOptions {
  readonly level: Level
  /** A path, /dev/stderr, or '' for nowhere. */
  readonly place: string
}

export function openOperatorLog(options: OperatorLogOptions): OperatorLog {
  if (options.place === '') return noLog(options.level)
  const file = new LogFile(options.place)
  const log: OperatorLog = isatty(file.fd)
    ? new PlainLog(file, options.level)
    : new JsonLog(file, options.level)
  return log
}

function noLog(level: Level): OperatorLog {
  const levels = new LogLevels(level, () => {})
  return { levels, write: () => {}, reopen: () => {}, close: () => Promise.resolve() }
}

class LogFile {
  fd: number
  readonly #place: string
  /** The last line is there in part. */
  #isTorn = false

  constructor(place: string) {
    this.#place = place
    this.fd = openPlace(place, FILE_MODE)
  }

  reopen(): void {
    const old = this.fd
    this.fd = openPlace(this.#place, FILE_MODE)
    this.#isTorn = false
    // 0 to 2 are the process's own.
    if (old > 2) closeSync(old)
  }

  /**
   * A log nobody reads any more (EPIPE), a full pipe (EAGAIN) or a full disk loses the line; the gateway goes on. What
   * was written of it is ended before the next one.
   */
  write(line: string): void {
    const bytes = Buffer.from(this.#isTorn ? `\n${line}` : line)
    let written = 0
    try {
      while (written < bytes.length) written += writeSync(this.fd, bytes, written)
    } catch {
      // There is no other place to say it.
    }
    if (written > 0) this.#isTorn = written < bytes.length
  }
}

class PlainLog implements OperatorLog {
  readonly levels: LogLevels
  readonly #file: LogFile

  constructor(file: LogFile, level: Level) {
    this.#file = file
    this.levels = new LogLevels(level, (now, before) => tellChange(this, now, before))
  }

  write(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (LEVELS[level] < this.levels.least) return
    const time = new Date().toTimeString().slice(0, 8)
    const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${plain(value)}`)
    this.#file.write(`${time} ${level.padEnd(6)} ${message}${rest.join('')}\n`)
  }

  reopen(): void {
    reopenFile(this, this.#file)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function plain(value: unknown): string {
  return typeof value === 'string' && /^[\w./:[\]-]+$/.test(value) ? value : (JSON.stringify(value) ?? '')
}

/** pino costs 40 ms to load, so it loads while workers start, and what is logged until then waits. */
class JsonLog implements OperatorLog {
  readonly levels: LogLevels
  readonly #file: LogFile
  readonly #loading: Promise<void>
  #logger: Logger<Exclude<Level, 'debug' | 'info' | 'warn' | 'error'>> | null = null
  #early: [Level, string, Readonly<Record<string, unknown>>][] = []

  constructor(file: LogFile, level: Level) {
    this.#file = file
    this.levels = new LogLevels(level, (now, before) => {
      if (this.#logger !== null) this.#logger.level = now
      tellChange(this, now, before)
    })
    this.#loading = this.#load(file)
  }

  write(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (this.#logger === null) this.#early.push([level, message, fields])
    else this.#logger[level](fields, message)
  }

  reopen(): void {
    reopenFile(this, this.#file)
  }

  async close(): Promise<void> {
    await this.#loading
  }

  async #load(file: LogFile): Promise<void> {
    const { default: pino } = await import('pino')
    const settings = {
      level: this.levels.level,
      customLevels: { notice: LEVELS.notice, crit: LEVELS.crit, alert: LEVELS.alert, emerg: LEVELS.emerg },
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
    }
    // Synchronous: the primary carries no traffic, and a line about a crash must be out before the exit.
    this.#logger = pino(settings, { write: (line: string) => file.write(line) })
    for (const [early, message, fields] of this.#early) this.#logger[early](fields, message)
    this.#early = []
  }
}

/** At a level that is written before and after it. */
function tellChange(log: OperatorLog, level: Level, before: Level): void {
  const told = LEVELS[level] > LEVELS.notice ? level : 'notice'
  log.write(told, 'the log level was changed', { level, before })
}

function reopenFile(log: OperatorLog, file: LogFile): void {
  try {
    file.reopen()
    log.write('notice', 'log files are opened anew', {})
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    log.write('error', 'the operator log could not be opened anew: the old file stays', { why })
  }
}
