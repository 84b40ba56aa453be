/** text-pieces — values of an access line that the exchange holds as a string or a number. */
import type { Exchange } from '../../../contract/exchange.ts'
import type { Pen } from './pen.ts'
import type { Piece } from './piece.ts'

/** `read` answers '' where there is none. It must make no string of its own. */
export class TextPiece implements Piece {
  readonly #read: (x: Exchange) => string

  constructor(read: (x: Exchange) => string) {
    this.#read = read
  }

  put(pen: Pen, x: Exchange): boolean {
    const text = this.#read(x)
    if (text === '') return false
    pen.text(text)
    return true
  }
}

/** `read` answers a number below 0 where there is none. */
export class CountPiece implements Piece {
  readonly #read: (x: Exchange) => number

  constructor(read: (x: Exchange) => number) {
    this.#read = read
  }

  put(pen: Pen, x: Exchange): boolean {
    const value = this.#read(x)
    if (value < 0) return false
    pen.decimal(Math.floor(value))
    return true
  }
}

/** `read` answers bytes that need no escape, or null. */
export class HexPiece implements Piece {
  readonly #read: (x: Exchange) => Uint8Array | null

  constructor(read: (x: Exchange) => Uint8Array | null) {
    this.#read = read
  }

  put(pen: Pen, x: Exchange): boolean {
    const bytes = this.#read(x)
    if (bytes === null) return false
    pen.hex(bytes)
    return true
  }
}

export class RequestIdPiece implements Piece {
  put(pen: Pen, x: Exchange): boolean {
    pen.ours(x.requestId)
    return true
  }
}

/** What is so for every line. */
export class ConstantPiece implements Piece {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  put(pen: Pen): boolean {
    if (this.#text === '') return false
    pen.text(this.#text)
    return true
  }
}
