/**
 * chunked — reads the chunked transfer coding (RFC 9112 §7.1) out of a stream of reads, without copying data.
 *
 * WHAT    `next` looks at bytes [from, end) and answers DATA with the span of body bytes in [dataStart, dataEnd), or
 *         MORE when the read is used up, TRAILERS when the last chunk's line is behind, or BAD. `pos` says how far
 *         it got; after TRAILERS a Head of kind TRAILERS takes over, after TRAILERS or BAD only `reset` may follow.
 *
 *           line  "1a;ext" CRLF ─▶ data ─▶ CRLF ─▶ line …       line "0" CRLF ─▶ TRAILERS
 *
 * LIMITS  A size of at most 13 hex digits, a line of at most CHUNK_LINE_MAX bytes before its CRLF. Extensions are
 *         checked and dropped: nothing of ours reads them, and what is sent on is chunked anew.
 *
 * HOT     Once or twice a chunk.
 */
import { CR, HEX, LF, SEMICOLON } from '../chars.ts'
import { CHUNK_LINE_MAX } from '../limits.ts'
import { EXTENSION_END, EXTENSION_START, stepExtension } from './chunk-extension.ts'

export const CHUNK_MORE = 0
export const CHUNK_DATA = 1
export const CHUNK_TRAILERS = 2
export const CHUNK_BAD = 3

const IN_SIZE = 0
const IN_EXTENSION = 1
const IN_SIZE_LF = 2
const IN_DATA = 3
const IN_DATA_CR = 4
const IN_DATA_LF = 5

const SIZE_DIGITS_MAX = 13

export class ChunkedReader {
  pos: number
  dataStart: number
  dataEnd: number
  #state: number
  #size: number
  #digits: number
  #line: number
  #extension: number

  constructor() {
    this.pos = 0
    this.dataStart = 0
    this.dataEnd = 0
    this.#state = IN_SIZE
    this.#size = 0
    this.#digits = 0
    this.#line = 0
    this.#extension = EXTENSION_START
  }

  reset(): void {
    this.pos = 0
    this.dataStart = 0
    this.dataEnd = 0
    this.#state = IN_SIZE
    this.#size = 0
    this.#digits = 0
    this.#line = 0
    this.#extension = EXTENSION_START
  }

  next(source: Uint8Array, from: number, end: number): number {
    let i = from
    while (i < end) {
      if (this.#state === IN_DATA) {
        this.dataStart = i
        this.dataEnd = Math.min(end, i + this.#size)
        this.#size -= this.dataEnd - i
        if (this.#size === 0) this.#state = IN_DATA_CR
        this.pos = this.dataEnd
        return CHUNK_DATA
      }
      const verdict = this.#step(source[i]!)
      i++
      if (verdict !== CHUNK_MORE) {
        this.pos = i
        return verdict
      }
    }
    this.pos = i
    return CHUNK_MORE
  }

  #step(byte: number): number {
    switch (this.#state) {
      case IN_SIZE:
        return this.#stepSize(byte)
      case IN_EXTENSION:
        return this.#stepExtension(byte)
      case IN_SIZE_LF:
        if (byte !== LF) return CHUNK_BAD
        this.#line = 0
        this.#digits = 0
        if (this.#size === 0) return CHUNK_TRAILERS
        this.#state = IN_DATA
        return CHUNK_MORE
      case IN_DATA_CR:
        if (byte !== CR) return CHUNK_BAD
        this.#state = IN_DATA_LF
        return CHUNK_MORE
      default:
        if (byte !== LF) return CHUNK_BAD
        this.#state = IN_SIZE
        return CHUNK_MORE
    }
  }

  #stepSize(byte: number): number {
    const digit = HEX[byte]!
    if (digit !== 255) {
      this.#line++
      if (++this.#digits > SIZE_DIGITS_MAX) return CHUNK_BAD
      this.#size = this.#size * 16 + digit
      return CHUNK_MORE
    }
    if (this.#digits === 0) return CHUNK_BAD
    if (byte === CR) {
      this.#state = IN_SIZE_LF
      return CHUNK_MORE
    }
    if (byte !== SEMICOLON) return CHUNK_BAD
    this.#line++
    this.#state = IN_EXTENSION
    this.#extension = EXTENSION_START
    return CHUNK_MORE
  }

  #stepExtension(byte: number): number {
    this.#extension = stepExtension(this.#extension, byte)
    if (this.#extension === EXTENSION_END) {
      this.#state = IN_SIZE_LF
      return CHUNK_MORE
    }
    return this.#extension < 0 || ++this.#line > CHUNK_LINE_MAX ? CHUNK_BAD : CHUNK_MORE
  }
}
