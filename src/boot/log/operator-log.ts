/** The operator's log: JSON lines by pino, or plain lines where a person reads along on a terminal. */
import { writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import type { Logger } from 'pino'
import { openPlace } from './access-file.ts'

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
  /** Resolves when all is written. */
  close(): Promise<void>
}

export interface OperatorLogOptions {
  readonly level: Level
  /** A path, /dev/stderr, or '' for nowhere. */
  readonly place: string
}

export function openOperatorLog(options: OperatorLogOptions): OperatorLog {
  if (options.place === '') return { write: () => {}, close: () => Promise.resolve() }
  const fd = openPlace(options.place)
  const least = LEVELS[options.level]
  return isatty(fd) ? new PlainLog(fd, least) : new JsonLog(fd, options.level)
}

class PlainLog implements OperatorLog {
  readonly #fd: number
  readonly #least: number

  constructor(fd: number, least: number) {
    this.#fd = fd
    this.#least = least
  }

  write(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (LEVELS[level] < this.#least) return
    const time = new Date().toTimeString().slice(0, 8)
    const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${plain(value)}`)
    writeQuietly(this.#fd, `${time} ${level.padEnd(6)} ${message}${rest.join('')}\n`)
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
  readonly #loading: Promise<void>
  #logger: Logger<Exclude<Level, 'debug' | 'info' | 'warn' | 'error'>> | null = null
  #early: [Level, string, Readonly<Record<string, unknown>>][] = []

  constructor(fd: number, level: Level) {
    this.#loading = this.#load(fd, level)
  }

  write(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (this.#logger === null) this.#early.push([level, message, fields])
    else this.#logger[level](fields, message)
  }

  async close(): Promise<void> {
    await this.#loading
  }

  async #load(fd: number, level: Level): Promise<void> {
    const { default: pino } = await import('pino')
    const settings = {
      level,
      customLevels: { notice: LEVELS.notice, crit: LEVELS.crit, alert: LEVELS.alert, emerg: LEVELS.emerg },
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
    }
    // Synchronous: the primary carries no traffic, and a line about a crash must be out before the exit.
    this.#logger = pino(settings, { write: (line: string) => writeQuietly(fd, line) })
    for (const [early, message, fields] of this.#early) this.#logger[early](fields, message)
    this.#early = []
  }
}

/** A log nobody reads any more (EPIPE) or a full pipe (EAGAIN) loses the line; the gateway goes on. */
function writeQuietly(fd: number, line: string): void {
  try {
    writeSync(fd, line)
  } catch {
    // There is no other place to say it.
  }
}
