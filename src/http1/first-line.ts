/**
 * The first line of a request (RFC 9112 §3) and of a response (RFC 9112 §4), strictly.
 *
 * WHAT    Reads the line out of `bytes` [line, used) into offsets, and answers the position behind it or a refusal of
 *         answers.ts. A byte 0 stands at `used`: no class of bytes has it, so loops need no second bound.
 *
 * HOT     Runs once a message.
 */
import { BAD_VERSION, MALFORMED, MORE, TARGET_TOO_LONG } from './answers.ts'
import { ASTERISK, COLON, CR, DOT, FIELD, LF, QUESTION, SLASH, SP, TOKEN } from './chars.ts'
import type { HeadLimits } from './limits.ts'

/** No registered method is longer than 17 characters (RFC 9110 §16.1 registry). */
const METHOD_BYTES_MAX = 32
/** Empty lines before a request line that are passed over (RFC 9112 §2.2 asks for at least one). */
const EMPTY_LINES_MAX = 4
const START_BYTES = 2048
const HTTP_1 = Buffer.from('HTTP/1.')
/** Where a byte other than HTTP_1's means another version of HTTP. */
const MAJOR = 5
const HTTP = Buffer.from('http')
const OPTIONS = Buffer.from('OPTIONS')
const CONNECT = Buffer.from('CONNECT')

/** What a request-target's byte asks of the parser. Here and not imported, so that the compiler folds them. */
const BAD = 0
const PLAIN = 1
const QUERY = 2
const PATH_SLASH = 3
const ODD = 4

/**
 * The classes of a request-target's bytes. Odd ones want a closer look by the router. Refused are controls, spaces,
 * bytes above 127 (RFC 3986 §2 has none of them), and '#': a fragment is never sent (RFC 9112 §3.2).
 */
const TARGET = new Uint8Array(256).fill(PLAIN)
TARGET.fill(BAD, 0, 33)
TARGET.fill(BAD, 127)
TARGET[0x23] = BAD
for (const char of '"<>\\^`{|}%') TARGET[char.charCodeAt(0)] = ODD
TARGET[QUESTION] = QUERY
TARGET[SLASH] = PATH_SLASH

export class FirstLine {
  readonly limits: HeadLimits
  /** The head as received, from offset 0, in memory of its own; behind it a byte 0. */
  bytes: Buffer
  /** Bytes held. Once complete: the length of the head. */
  used: number
  /** Start of the line to be parsed next. */
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
    this.bytes = Buffer.allocUnsafeSlow(START_BYTES)
    this.used = 0
    this.line = 0
    this.methodStart = 0
    this.methodEnd = 0
    this.targetStart = 0
    this.targetEnd = 0
    this.pathStart = 0
    this.pathEnd = 0
    this.pathOdd = false
    this.authorityStart = 0
    this.authorityEnd = 0
    this.minor = 1
    this.status = 0
    this.reasonStart = 0
    this.reasonEnd = 0
  }

  resetFirstLine(): void {
    this.used = 0
    this.line = 0
    this.methodStart = 0
    this.methodEnd = 0
    this.targetStart = 0
    this.targetEnd = 0
    this.pathStart = 0
    this.pathEnd = 0
    this.pathOdd = false
    this.authorityStart = 0
    this.authorityEnd = 0
    this.minor = 1
    this.status = 0
    this.reasonStart = 0
    this.reasonEnd = 0
  }

  /** What it means that a scan stopped at `at`: the bytes ran out there, or the byte may not stand there. */
  protected stoppedAt(at: number): number {
    return at >= this.used ? MORE : MALFORMED
  }

  protected parseRequestLine(): number {
    const bytes = this.bytes
    const method = this.#skipEmptyLines()
    if (method < 0) return method
    let i = method
    while (TOKEN[bytes[i]!] !== 0) i++
    if (i - method > METHOD_BYTES_MAX) return MALFORMED
    if (bytes[i] !== SP || i === method) return this.stoppedAt(i)
    this.methodStart = method
    this.methodEnd = i
    i = this.#parseTarget(i + 1)
    if (i < 0) return i
    i = this.#parseVersion(i + 1)
    return i < 0 ? i : this.#endOfLine(i)
  }

  #skipEmptyLines(): number {
    const bytes = this.bytes
    let i = this.line
    for (let lines = 0; bytes[i] === CR; lines++) {
      if (lines === EMPTY_LINES_MAX) return MALFORMED
      if (bytes[i + 1] !== LF) return this.stoppedAt(i + 1)
      i += 2
    }
    return i < this.used ? i : MORE
  }

  /** Where the request-target ends, at a space; its parts are noted. */
  #parseTarget(from: number): number {
    const bytes = this.bytes
    let i = from
    let kind = 0
    let odd = false
    while ((kind = TARGET[bytes[i]!]!) !== BAD && kind !== QUERY) {
      i++
      if (kind === ODD) odd = true
      else if (kind === PATH_SLASH && (bytes[i] === DOT || bytes[i] === SLASH)) odd = true
    }
    this.pathEnd = i
    if (kind === QUERY) while (TARGET[bytes[i]!] !== BAD) i++
    if (i - from > this.limits.targetBytesMax) return TARGET_TOO_LONG
    if (bytes[i] !== SP || i === from) return this.stoppedAt(i)
    this.targetStart = from
    this.targetEnd = i
    this.pathStart = from
    this.pathOdd = odd
    return bytes[from] === SLASH ? i : this.#parseOtherForm(from, i)
  }

  /** Absolute-form and asterisk-form; anything else that does not start with a slash is refused (RFC 9112 §3.2). */
  #parseOtherForm(from: number, end: number): number {
    const bytes = this.bytes
    // Its target is an authority, which nobody looks at: CONNECT is refused by name when it is admitted.
    if (this.#isMethod(CONNECT)) return end
    if (bytes[from] === ASTERISK && end === from + 1) return this.#isMethod(OPTIONS) ? end : MALFORMED
    let i = from
    for (let k = 0; k < HTTP.length; k++, i++) if (TOKEN[bytes[i]!] !== HTTP[k]) return MALFORMED
    if (bytes[i] === 0x73 || bytes[i] === 0x53) i++ // https
    if (bytes[i] !== COLON || bytes[i + 1] !== SLASH || bytes[i + 2] !== SLASH) return MALFORMED
    const authority = i + 3
    for (i = authority; i < end && bytes[i] !== SLASH && bytes[i] !== QUESTION; ) i++
    if (i === authority) return MALFORMED
    this.authorityStart = authority
    this.authorityEnd = i
    this.pathStart = i
    return end
  }

  #isMethod(method: Uint8Array): boolean {
    if (this.methodEnd - this.methodStart !== method.length) return false
    for (let i = 0; i < method.length; i++) if (this.bytes[this.methodStart + i] !== method[i]) return false
    return true
  }

  /** Position behind "HTTP/1.x", with x in `minor`. BAD_VERSION for another HTTP, MALFORMED for anything else. */
  #parseVersion(at: number): number {
    const bytes = this.bytes
    let i = at
    for (let k = 0; k < HTTP_1.length; k++, i++) {
      if (bytes[i] === HTTP_1[k]) continue
      if (k !== MAJOR || !isDigit(bytes[i]!)) return this.stoppedAt(i)
      return bytes[i + 1] === DOT ? BAD_VERSION : this.stoppedAt(i + 1)
    }
    const minor = bytes[i]! - 48
    if (minor !== 0 && minor !== 1) return minor >= 2 && minor <= 9 ? BAD_VERSION : this.stoppedAt(i)
    this.minor = minor
    return i + 1
  }

  protected parseStatusLine(): number {
    const bytes = this.bytes
    let i = this.#parseVersion(this.line)
    if (i < 0) return i
    if (bytes[i] !== SP) return this.stoppedAt(i)
    const digits = i + 1
    for (i = digits; i < digits + 3; i++) if (!isDigit(bytes[i]!)) return this.stoppedAt(i)
    this.status = (bytes[digits]! - 48) * 100 + (bytes[digits + 1]! - 48) * 10 + (bytes[digits + 2]! - 48)
    if (this.status < 100) return MALFORMED
    // RFC 9112 §4 wants the space even before an empty reason; servers that leave it out are common and harmless.
    if (bytes[i] === SP) i++
    else if (bytes[i] !== CR) return this.stoppedAt(i)
    this.reasonStart = i
    while (FIELD[bytes[i]!] === 1) i++
    this.reasonEnd = i
    return this.#endOfLine(i)
  }

  #endOfLine(at: number): number {
    if (this.bytes[at] !== CR) return this.stoppedAt(at)
    return this.bytes[at + 1] === LF ? at + 2 : this.stoppedAt(at + 1)
  }
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}
