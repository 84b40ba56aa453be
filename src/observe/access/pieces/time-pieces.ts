/**
 * time-pieces — when it was, and how long it took.
 *
 * HOT     `put` runs once a request and piece where a format is set: no allocation but once a second.
 */
import type { Exchange } from '../../../contract/exchange.ts'
import type { Pen } from './pen.ts'
import type { LineFacts, Piece } from './piece.ts'
import { commonTime, isoTime, SecondText } from './second-text.ts'

const DOT = 46
const ZERO = 48
const UTC = Buffer.from('Z')
const UTC_OFFSET = Buffer.from('+00:00')

/** How long: one of timers.ts. */
export class TimerPiece implements Piece {
  readonly #timers: Float64Array
  readonly #timer: number
  readonly #inSeconds: boolean

  constructor(facts: LineFacts, timer: number, unit: 'ms' | 's') {
    this.#timers = facts.timers
    this.#timer = timer
    this.#inSeconds = unit === 's'
  }

  put(pen: Pen): boolean {
    const ms = this.#timers[this.#timer]!
    if (ms < 0) return false
    if (this.#inSeconds) pen.seconds(ms)
    else pen.decimal(Math.floor(ms))
    return true
  }
}

/** When the line is written: `common` as in Apache's log, `iso` in seconds, `unix` as seconds and milliseconds. */
export class TimeOfLine implements Piece {
  readonly #facts: LineFacts
  readonly #form: 'common' | 'iso' | 'unix'
  readonly #second: SecondText

  constructor(facts: LineFacts, form: 'common' | 'iso' | 'unix') {
    this.#facts = facts
    this.#form = form
    this.#second = new SecondText(form === 'common' ? commonTime : isoTime)
  }

  put(pen: Pen): boolean {
    const wallMs = this.#facts.clock.wall()
    if (this.#form === 'unix') pen.seconds(wallMs)
    else pen.ours(this.#second.read(wallMs))
    if (this.#form === 'iso') pen.ours(UTC_OFFSET)
    return true
  }
}

/** When the first byte came, to the millisecond: 2026-11-22T20:15:09.123Z. */
export class StartTime implements Piece {
  readonly #facts: LineFacts
  readonly #second: SecondText

  constructor(facts: LineFacts) {
    this.#facts = facts
    this.#second = new SecondText(isoTime)
  }

  put(pen: Pen, x: Exchange): boolean {
    const clock = this.#facts.clock
    const wallMs = Math.floor(clock.wall() - (x.startMs === 0 ? 0 : clock.now() - x.startMs))
    const ms = wallMs % 1000
    pen.ours(this.#second.read(wallMs))
    pen.byte(DOT)
    pen.byte(ZERO + ((ms / 100) | 0))
    pen.byte(ZERO + (((ms / 10) | 0) % 10))
    pen.byte(ZERO + (ms % 10))
    pen.ours(UTC)
    return true
  }
}
