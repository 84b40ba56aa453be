/**
 * log-levels — the level of the operator log, which can be changed while the gateway runs, for a while or for good.
 *
 * WHAT    One word that all threads share: the number of the least important level that is written. A worker looks at
 *         it before it sends a record, so that what nobody would read is never sent.
 *
 * WRITES  The primary. A worker that reads an old word sends a record in vain, or loses one of the instant of a change.
 */
import type { LevelDoor, LevelView } from '../../control/status/log-level.ts'

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

function isLevel(text: string): text is Level {
  return Object.hasOwn(LEVELS, text)
}

export class LogLevels implements LevelDoor {
  /** For workers: see `isWritten`. */
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #configured: Level
  readonly #changed: (level: Level, before: Level) => void
  #level: Level
  #timer: NodeJS.Timeout | null = null
  #untilMs = 0

  /** `changed` is told after each change. */
  constructor(configured: Level, changed: (level: Level, before: Level) => void) {
    this.buffer = new SharedArrayBuffer(4)
    this.#words = new Int32Array(this.buffer)
    this.#configured = configured
    this.#changed = changed
    this.#level = configured
    this.#words[0] = LEVELS[configured]
  }

  get level(): Level {
    return this.#level
  }

  /** The level's number. */
  get least(): number {
    return this.#words[0]!
  }

  show(): LevelView {
    const seconds =
      this.#timer === null ? 0 : Math.max(1, Math.round((this.#untilMs - performance.now()) / 1000))
    return { level: this.#level, configured: this.#configured, seconds }
  }

  /** Goes back to the configured level after so many seconds; 0: stays. False: there is no such level. */
  set(level: string, seconds: number): boolean {
    if (!isLevel(level)) return false
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (seconds > 0 && level !== this.#configured) {
      this.#untilMs = performance.now() + seconds * 1000
      this.#timer = setTimeout(() => this.set(this.#configured, 0), seconds * 1000).unref()
    }
    const before = this.#level
    this.#level = level
    Atomics.store(this.#words, 0, LEVELS[level])
    if (level !== before) this.#changed(level, before)
    return true
  }
}

/** In a worker. `words`: of LogLevels.buffer. */
export function isWritten(words: Int32Array, level: Level): boolean {
  return LEVELS[level] >= words[0]!
}
