/** The operator's log: JSON lines by pino, or plain lines where a person reads along on a terminal. */
import { closeSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import type { Logger } from 'pino'
import { openPlace } from '../../shipping/file-writer.ts'

const FILE_MODE = 0o640

/** Kong's names, least important first. */
export const LEVELS = {
  debug: 20,
  info: 30,
  notice: 35,
  warn: 40,
  error: 50,
  crit: 60,
  alert: 70,
  emerg: 80,
} as const

export type Level = keyof typeof LEVELS

export interface OperatorLog {
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
  if (options.place === '') return { write: () => {}, reopen: () => {}, close: () => Promise.resolve() }
  const file = new LogFile(options.place)
  const least = LEVELS[options.level]
  return isatty(file.fd) ? new PlainLog(file, least) : new JsonLog(file, options.level)
}

class LogFile {
  fd: number
  readonly #place: string

  constructor(place: string) {
    this.#place = place
    this.fd = openPlace(place, FILE_MODE)
  }

  reopen(): void {
    const old = this.fd
    this.fd = openPlace(this.#place, FILE_MODE)
    // 0 to 2 are the process's own.
    if (old > 2) closeSync(old)
  }

  /** A log nobody reads any more (EPIPE) or a full pipe (EAGAIN) loses the line; the gateway goes on. */
  write(line: string): void {
    try {
      writeSync(this.fd, line)
    } catch {
      // There is no other place to say it.
    }
  }
}

class PlainLog implements OperatorLog {
  readonly #file: LogFile
  readonly #least: number

  constructor(file: LogFile, least: number) {
    this.#file = file
    this.#least = least
  }

  write(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (LEVELS[level] < this.#least) return
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
  readonly #file: LogFile
  readonly #loading: Promise<void>
  #logger: Logger<Exclude<Level, 'debug' | 'info' | 'warn' | 'error'>> | null = null
  #early: [Level, string, Readonly<Record<string, unknown>>][] = []

  constructor(file: LogFile, level: Level) {
    this.#file = file
    this.#loading = this.#load(file, level)
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

  async #load(file: LogFile, level: Level): Promise<void> {
    const { default: pino } = await import('pino')
    const settings = {
      level,
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

function reopenFile(log: OperatorLog, file: LogFile): void {
  try {
    file.reopen()
    log.write('notice', 'log files are opened anew', {})
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    log.write('error', 'the operator log could not be opened anew: the old file stays', { why })
  }
}
