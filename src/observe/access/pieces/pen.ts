/**
 * pen — writes values into an access line so that nothing in them can end the line or forge a part of it.
 *
 * WHAT    Quotes, backslashes, controls and bytes from 0x7f on are written as \xHH in a line of text, and as JSON has
 *         them in a line of JSON; characters beyond 0xff, which only configuration can hold, as \uHHHH. Bytes of others
 *         are read as Latin-1.
 *
 * LIMITS  A byte becomes six at most.
 *
 * HOT     A dozen calls a request where PROXY_ACCESS_LOG_FORMAT is set. No string is made, and nothing allocated.
 */
import { Outbox } from '../../../base/outbox.ts'

const DOT = 46
const ZERO = 48
const QUOTE = 34
const BACKSLASH = 92
const SMALL_U = 117
const SMALL_X = 120
const LONGEST = 6

/** 1 for a byte that is escaped. Here and not imported, so that the compiler folds it. */
const UNSAFE = new Uint8Array(256)
UNSAFE.fill(1, 0, 32)
UNSAFE.fill(1, 127)
UNSAFE[QUOTE] = 1
UNSAFE[BACKSLASH] = 1

const HEX = Buffer.from('0123456789ABCDEF')

export class Pen {
  /** Where the line under way is put. */
  out: Outbox
  readonly #isJson: boolean

  constructor(isJson: boolean) {
    this.out = new Outbox()
    this.#isJson = isJson
  }

  /** What needs no escape. */
  ours(source: Uint8Array): void {
    const out = this.out
    const count = source.length | 0
    out.reserve(count)
    const bytes = out.bytes
    const at = out.used | 0
    for (let i = 0; i < count; i = (i + 1) | 0) bytes[(at + i) | 0] = source[i]!
    out.used = (at + count) | 0
  }

  byte(byte: number): void {
    this.out.reserve(1)
    this.out.bytes[this.out.used++] = byte
  }

  /** An integer that is not negative. */
  decimal(value: number): void {
    this.out.putDecimal(value)
  }

  /** Milliseconds as seconds with three digits behind the point. */
  seconds(ms: number): void {
    const whole = Math.floor(ms)
    const rest = whole % 1000
    this.out.putDecimal((whole - rest) / 1000)
    this.byte(DOT)
    this.byte(ZERO + ((rest / 100) | 0))
    this.byte(ZERO + (((rest / 10) | 0) % 10))
    this.byte(ZERO + (rest % 10))
  }

  /** Bytes [start, end). */
  bytes(source: Uint8Array, start: number, end: number): void {
    const out = this.out
    out.reserve((end - start) * LONGEST)
    const bytes = out.bytes
    let at = out.used | 0
    for (let i = start | 0; i < end; i = (i + 1) | 0) {
      const byte = source[i]!
      if (UNSAFE[byte] !== 0) at = this.#escape(bytes, at, byte)
      else {
        bytes[at] = byte
        at = (at + 1) | 0
      }
    }
    out.used = at
  }

  text(text: string): void {
    this.part(text, text.length)
  }

  /** The first `count` characters of it. */
  part(text: string, count: number): void {
    const out = this.out
    const end = count < text.length ? count : text.length
    out.reserve(end * LONGEST)
    const bytes = out.bytes
    let at = out.used | 0
    for (let i = 0; i < end; i++) {
      const code = text.charCodeAt(i)
      if (code > 255 || UNSAFE[code] !== 0) at = this.#escape(bytes, at, code)
      else bytes[at++] = code
    }
    out.used = at
  }

  /** Bytes as lower-case hexadecimal. */
  hex(source: Uint8Array): void {
    const out = this.out
    out.reserve(source.length * 2)
    const bytes = out.bytes
    for (let i = 0; i < source.length; i++) {
      const byte = source[i]!
      bytes[out.used++] = HEX[byte >> 4]! | 32
      bytes[out.used++] = HEX[byte & 15]! | 32
    }
  }

  /** Answers where the next is to go. */
  #escape(bytes: Uint8Array, from: number, code: number): number {
    let at = from
    bytes[at++] = BACKSLASH
    if (this.#isJson && (code === QUOTE || code === BACKSLASH)) {
      bytes[at++] = code
      return at
    }
    const isShort = code < 256 && !this.#isJson
    bytes[at++] = isShort ? SMALL_X : SMALL_U
    for (let shift = isShort ? 4 : 12; shift >= 0; shift -= 4) bytes[at++] = HEX[(code >> shift) & 15]!
    return at
  }
}
