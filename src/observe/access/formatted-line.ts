/**
 * formatted-line — one line an exchange, in a format that was compiled from PROXY_ACCESS_LOG_FORMAT.
 *
 * WHAT    parts in turn: a text of the format's, or a piece that writes its value. A value that is not there is `-`, or
 *         nothing where the format is JSON.
 *
 * HOT     `put` runs once a request while a format is set: no allocation.
 */
import type { Outbox } from '../../base/outbox.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { timersOf } from '../../contract/record/timers.ts'
import type { Format } from './access-format.ts'
import { Pen } from './pieces/pen.ts'
import type { LineFacts, Piece } from './pieces/piece.ts'

/** Writes an exchange's line, with its newline. */
export interface LineWriter {
  put(out: Outbox, x: Exchange): void
}

const NEWLINE = 10
const NOTHING = 45
const EMPTY = new Uint8Array(0)

export class FormattedLine implements LineWriter {
  readonly #pen: Pen
  readonly #timers: Float64Array
  /** What stands before each piece, and behind the last. */
  readonly #texts: Uint8Array[]
  readonly #pieces: Piece[]
  readonly #isJson: boolean

  constructor(format: Format, facts: LineFacts) {
    this.#pen = new Pen(format.isJson)
    this.#timers = facts.timers
    this.#texts = []
    this.#pieces = []
    this.#isJson = format.isJson
    let before = EMPTY
    for (const part of format.parts) {
      if (part instanceof Uint8Array) before = new Uint8Array(part)
      else {
        this.#texts.push(before)
        this.#pieces.push(part)
        before = EMPTY
      }
    }
    this.#texts.push(before)
  }

  put(out: Outbox, x: Exchange): void {
    const pen = this.#pen
    const pieces = this.#pieces
    const count = pieces.length
    pen.out = out
    timersOf(x, this.#timers)
    for (let i = 0; i < count; i++) {
      pen.ours(this.#texts[i]!)
      if (!pieces[i]!.put(pen, x) && !this.#isJson) pen.byte(NOTHING)
    }
    pen.ours(this.#texts[count]!)
    pen.byte(NEWLINE)
  }
}
