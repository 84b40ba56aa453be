/**
 * The first line of a request (RFC 9112 §3) and of a response (RFC 9112 §4), strictly.
 *
 * HOT     Runs once a message. Writes spans relative to `base` into the head and answers the position behind the
 *         line, or one of the head's negative answers.
 */

import { BAD_VERSION, MALFORMED, MORE, TARGET_TOO_LONG } from './answers.ts'
import { ASTERISK, COLON, CR, FIELD, LF, QUESTION, SLASH, SP, TARGET, TOKEN } from './chars.ts'
import type { HeadLimits } from './limits.ts'

/** No registered method is longer than 17 characters (RFC 9110 §16.1 registry). */
const METHOD_BYTES_MAX = 32
/** Empty lines before a request line that are passed over (RFC 9112 §2.2 asks for at least one). */
const EMPTY_LINES_MAX = 4
const DOT = 46
/** 'HTTP/1.' */
const VERSION = Buffer.from('HTTP/1.')

export class FirstLine {
  readonly limits: HeadLimits
  /** Start of the line to be parsed next. In a request whose first line is done: see Head. */
  line: number
  /** Where the method starts, behind any empty lines. */
  methodStart: number
  methodEnd: number
  targetStart: number
  targetEnd: number
  /** Where the path starts; behind the authority in absolute-form. */
  pathStart: number
  /** Where '?' stands, or targetEnd. */
  pathEnd: number
  /** True when the path holds anything that normalisation may change. */
  pathOdd: boolean
  /** The authority of absolute-form (RFC 9112 §3.2.2); both 0 in the other forms. */
  authorityStart: number
  authorityEnd: number
  /** HTTP/1.`minor`. */
  minor: number
  status: number
  reasonStart: number
  reasonEnd: number

  constructor(limits: HeadLimits) {
    this.limits = limits
    this.line = 0
    this.methodStart = 0
    this.methodEnd = 0
    this.targetStart = 0
    this.targetEnd = 0
    this.pathEnd = 0
    this.pathStart = 0
    this.pathOdd = false
    this.authorityStart = 0
    this.authorityEnd = 0
    this.minor = 1
    this.status = 0
    this.reasonStart = 0
    this.reasonEnd = 0
  }

  resetFirstLine(): void {
    this.line = 0
    this.methodStart = 0
    this.methodEnd = 0
    this.targetStart = 0
    this.targetEnd = 0
    this.pathEnd = 0
    this.pathStart = 0
    this.pathOdd = false
    this.authorityStart = 0
    this.authorityEnd = 0
    this.minor = 1
    this.status = 0
    this.reasonStart = 0
    this.reasonEnd = 0
  }

  parseRequestLine(source: Buffer, base: number, end: number): number {
    let i = skipEmptyLines(source, base + this.line, end)
    if (i < 0) return i
    const method = i
    while (i < end && TOKEN[source[i]!] !== 0) i++
    if (i - method > METHOD_BYTES_MAX) return MALFORMED
    if (i >= end) return MORE
    if (source[i] !== SP || i === method) return MALFORMED
    this.methodStart = method - base
    this.methodEnd = i - base
    const target = i + 1
    i = this.#parseTarget(source, base, target, end)
    if (i < 0) return i
    if (i === target) return MALFORMED
    if (i >= end) return MORE
    if (source[i] !== SP) return MALFORMED
    i = this.#parseVersion(source, i + 1, end)
    if (i < 0) return i
    return endOfLine(source, i, end)
  }

  /** Position behind the request-target, its parts noted here. */
  #parseTarget(source: Buffer, base: number, from: number, end: number): number {
    let i = from
    let query = -1
    let odd = false
    let kind = 0
    let before = 0
    while (i < end && (kind = TARGET[source[i]!]!) !== 0) {
      if (query < 0) {
        if (kind === 4) odd = true
        else if (kind === 2) query = i
        else if (before === SLASH && (source[i] === DOT || source[i] === SLASH)) odd = true
        before = source[i]!
      }
      i++
    }
    if (i - from > this.limits.targetBytesMax) return TARGET_TOO_LONG
    this.targetStart = from - base
    this.targetEnd = i - base
    this.pathEnd = (query < 0 ? i : query) - base
    this.pathStart = from - base
    this.pathOdd = odd
    if (i > from && source[from] !== SLASH) return this.#parseOtherForm(source, base, from, i)
    return i
  }

  /** Absolute-form and asterisk-form; anything else that does not start with a slash is refused (RFC 9112 §3.2). */
  #parseOtherForm(source: Buffer, base: number, from: number, end: number): number {
    if (source[from] === ASTERISK && end === from + 1) return end
    let i = from
    for (; i < end && source[i] !== COLON; i++) if (TOKEN[source[i]!] === 0) return MALFORMED
    const scheme = source.latin1Slice(from, i).toLowerCase()
    if (scheme !== 'http' && scheme !== 'https') return MALFORMED
    if (source[i + 1] !== SLASH || source[i + 2] !== SLASH || i + 3 >= end) return MALFORMED
    const authority = i + 3
    for (i = authority; i < end && source[i] !== SLASH && source[i] !== QUESTION; ) i++
    if (i === authority) return MALFORMED
    this.authorityStart = authority - base
    this.authorityEnd = i - base
    this.pathStart = i - base
    if (this.pathEnd < this.pathStart) this.pathEnd = this.pathStart
    return end
  }

  /** Position behind "HTTP/1.x", with x in `minor`; MORE; BAD_VERSION for another HTTP, MALFORMED for anything else. */
  #parseVersion(source: Buffer, at: number, end: number): number {
    let i = at
    for (let k = 0; k < VERSION.length; k++, i++) {
      if (i >= end) return MORE
      if (source[i] !== VERSION[k]) return k >= 5 && isDigit(source[i]!) ? BAD_VERSION : MALFORMED
    }
    if (i >= end) return MORE
    const minor = source[i]! - 48
    if (minor !== 0 && minor !== 1) return minor >= 2 && minor <= 9 ? BAD_VERSION : MALFORMED
    this.minor = minor
    return i + 1
  }

  parseStatusLine(source: Buffer, base: number, end: number): number {
    let i = this.#parseVersion(source, base + this.line, end)
    if (i < 0) return i
    if (i + 4 >= end) return MORE
    if (source[i] !== SP) return MALFORMED
    if (!isDigit(source[i + 1]!) || !isDigit(source[i + 2]!) || !isDigit(source[i + 3]!)) return MALFORMED
    this.status = (source[i + 1]! - 48) * 100 + (source[i + 2]! - 48) * 10 + (source[i + 3]! - 48)
    if (this.status < 100) return MALFORMED
    i += 4
    // RFC 9112 §4 wants the space even before an empty reason; servers that leave it out are common and harmless.
    if (source[i] === SP) i++
    else if (source[i] !== CR) return MALFORMED
    this.reasonStart = i - base
    while (i < end && FIELD[source[i]!] === 1) i++
    this.reasonEnd = i - base
    return endOfLine(source, i, end)
  }
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}

function skipEmptyLines(source: Buffer, from: number, end: number): number {
  let i = from
  for (let lines = 0; i < end && source[i] === CR; lines++) {
    if (lines === EMPTY_LINES_MAX) return MALFORMED
    if (i + 1 >= end) return MORE
    if (source[i + 1] !== LF) return MALFORMED
    i += 2
  }
  return i < end ? i : MORE
}

function endOfLine(source: Buffer, at: number, end: number): number {
  if (at >= end) return MORE
  if (source[at] !== CR) return MALFORMED
  if (at + 1 >= end) return MORE
  return source[at + 1] === LF ? at + 2 : MALFORMED
}
