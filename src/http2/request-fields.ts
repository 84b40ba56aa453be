/**
 * request-fields — a request's fields as HPACK brings them, checked (RFC 9113 §8.2, §8.3), and written as the head
 * of an HTTP/1.1 message.
 *
 * WHAT    Router, plugins and transport know one form of a head. Whatever could end a line or forge a field is refused
 *         here, before a byte of it is written; the strict codec that reads the text then is the second guard.
 *         Pseudo-fields come first, so the first line is written when the first other field comes.
 *
 * WRITES  The owning worker: one object serves all of its connections, a head at a time.
 *
 * LIMITS  The decoder's bound of a list of fields.
 *
 * HOT     `field` runs for every field of a request.
 */
import { Outbox } from '../base/outbox.ts'
import { COLON, CR, FIELD, HT, LF, SLASH, SP, TOKEN } from '../http1/chars.ts'
import { isOfConnection, isWord } from './field-checks.ts'
import type { FieldSink } from './hpack/hpack-decoder.ts'

const METHOD = Buffer.from(':method')
const SCHEME = Buffer.from(':scheme')
const AUTHORITY = Buffer.from(':authority')
const PATH = Buffer.from(':path')
const TE = Buffer.from('te')
const TRAILERS = Buffer.from('trailers')
const HOST = Buffer.from('host')
const COOKIE = Buffer.from('cookie')
const HTTP = Buffer.from('http')
const HTTPS = Buffer.from('https')
const CONNECT = Buffer.from('CONNECT')
const ASTERISK = Buffer.from('*')

const VERSION_AND_HOST = Buffer.from(' HTTP/1.1\r\nhost: ')
const VERSION = Buffer.from(' HTTP/1.1\r\n')
const COOKIE_START = Buffer.from('cookie: ')
const COOKIE_NEXT = Buffer.from('; ')
const CRLF = Buffer.from('\r\n')

/** Which pseudo-fields have come, as bits. */
const HAS_METHOD = 1
const HAS_SCHEME = 2
const HAS_AUTHORITY = 4
const HAS_PATH = 8
const HAS_REQUEST_LINE = HAS_METHOD | HAS_SCHEME | HAS_PATH

/** What tells no other bytes apart than these: no control, no space, nothing beyond ASCII. */
function isGraphic(byte: number): boolean {
  return byte > SP && byte < 127
}

export class RequestFields implements FieldSink {
  /** The head as text once `finish` has answered true. */
  readonly text: Outbox
  isMalformed: boolean
  readonly #pseudo: Outbox
  readonly #cookies: Outbox
  #isTrailers: boolean
  #begun: boolean
  #seen: number
  #methodEnd: number
  #authorityStart: number
  #authorityEnd: number
  #pathStart: number
  #pathEnd: number
  #methodStart: number

  constructor() {
    this.text = new Outbox()
    this.isMalformed = false
    this.#pseudo = new Outbox()
    this.#cookies = new Outbox()
    this.#isTrailers = false
    this.#begun = false
    this.#seen = 0
    this.#methodStart = 0
    this.#methodEnd = 0
    this.#authorityStart = 0
    this.#authorityEnd = 0
    this.#pathStart = 0
    this.#pathEnd = 0
  }

  reset(isTrailers: boolean): void {
    this.text.used = 0
    this.isMalformed = false
    this.#pseudo.used = 0
    this.#cookies.used = 0
    this.#isTrailers = isTrailers
    this.#begun = isTrailers
    this.#seen = 0
  }

  field(
    bytes: Buffer,
    nameStart: number,
    nameEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    if (this.isMalformed) return
    if (nameStart < nameEnd && bytes[nameStart] === COLON) {
      if (this.#begun || !this.#takePseudo(bytes, nameStart, nameEnd, value, valueStart, valueEnd))
        this.isMalformed = true
      return
    }
    if (!this.#begun && !this.#begin()) this.isMalformed = true
    else if (!this.#takeField(bytes, nameStart, nameEnd, value, valueStart, valueEnd)) this.isMalformed = true
  }

  /** All fields have come. True when they are a head, or trailers, and `text` is it. */
  finish(): boolean {
    if (!this.#begun && !this.isMalformed && !this.#begin()) this.isMalformed = true
    if (this.isMalformed) return false
    if (this.#cookies.used > 0) {
      this.text.putAll(COOKIE_START)
      this.text.put(this.#cookies.bytes, 0, this.#cookies.used)
      this.text.putAll(CRLF)
    }
    this.text.putAll(CRLF)
    return true
  }

  #takePseudo(
    bytes: Buffer,
    nameStart: number,
    nameEnd: number,
    value: Buffer,
    start: number,
    end: number,
  ): boolean {
    const out = this.#pseudo
    const at = out.used
    let bit = 0
    if (isWord(bytes, nameStart, nameEnd, METHOD)) {
      bit = HAS_METHOD
      this.#methodStart = at
      this.#methodEnd = at + end - start
    } else if (isWord(bytes, nameStart, nameEnd, PATH)) {
      bit = HAS_PATH
      this.#pathStart = at
      this.#pathEnd = at + end - start
    } else if (isWord(bytes, nameStart, nameEnd, AUTHORITY)) {
      bit = HAS_AUTHORITY
      this.#authorityStart = at
      this.#authorityEnd = at + end - start
    } else if (isWord(bytes, nameStart, nameEnd, SCHEME)) {
      bit = HAS_SCHEME
      if (!isWord(value, start, end, HTTP) && !isWord(value, start, end, HTTPS)) return false
    }
    if (bit === 0 || (this.#seen & bit) !== 0) return false
    this.#seen |= bit
    for (let i = start; i < end; i++) if (!isGraphic(value[i]!)) return false
    if (bit !== HAS_SCHEME) out.put(value, start, end)
    return true
  }

  /** The pseudo-fields are complete: writes the first line, and Host from :authority. */
  #begin(): boolean {
    this.#begun = true
    const pseudo = this.#pseudo.bytes
    const out = this.text
    if (!this.#hasFirstLine(pseudo)) return false
    for (let i = this.#methodStart; i < this.#methodEnd; i++) if (TOKEN[pseudo[i]!] === 0) return false
    if (this.#methodEnd === this.#methodStart) return false
    out.put(pseudo, this.#methodStart, this.#methodEnd)
    out.putLatin1(' ')
    if ((this.#seen & HAS_PATH) !== 0) out.put(pseudo, this.#pathStart, this.#pathEnd)
    else out.put(pseudo, this.#authorityStart, this.#authorityEnd)
    if ((this.#seen & HAS_AUTHORITY) === 0) {
      out.putAll(VERSION)
      return true
    }
    out.putAll(VERSION_AND_HOST)
    out.put(pseudo, this.#authorityStart, this.#authorityEnd)
    out.putAll(CRLF)
    return true
  }

  /** None missing and none too many: CONNECT has an authority and nothing else (RFC 9113 §8.5). */
  #hasFirstLine(pseudo: Buffer): boolean {
    if ((this.#seen & HAS_METHOD) === 0) return false
    if (isWord(pseudo, this.#methodStart, this.#methodEnd, CONNECT))
      return this.#seen === (HAS_METHOD | HAS_AUTHORITY) && this.#authorityEnd > this.#authorityStart
    if ((this.#seen & HAS_REQUEST_LINE) !== HAS_REQUEST_LINE) return false
    if (pseudo[this.#pathStart] === SLASH) return this.#pathEnd > this.#pathStart
    return isWord(pseudo, this.#pathStart, this.#pathEnd, ASTERISK)
  }

  #takeField(
    bytes: Buffer,
    nameStart: number,
    nameEnd: number,
    value: Buffer,
    start: number,
    end: number,
  ): boolean {
    if (nameStart === nameEnd || isOfConnection(bytes, nameStart, nameEnd)) return false
    if (start < end && (isBlank(value[start]!) || isBlank(value[end - 1]!))) return false
    switch (nameEnd - nameStart) {
      case 2:
        if (isWord(bytes, nameStart, nameEnd, TE) && !isWord(value, start, end, TRAILERS)) return false
        break
      case 4:
        if (isWord(bytes, nameStart, nameEnd, HOST) && (this.#seen & HAS_AUTHORITY) !== 0)
          return this.#isAuthority(value, start, end)
        break
      case 6:
        if (isWord(bytes, nameStart, nameEnd, COOKIE) && !this.#isTrailers)
          return this.#takeCookie(value, start, end)
        break
      default:
    }
    const out = this.text
    out.reserve(nameEnd - nameStart + end - start + 4)
    const to = out.bytes
    let at = out.used
    for (let i = nameStart; i < nameEnd; i++) {
      const byte = bytes[i]!
      if (byte === 0 || TOKEN[byte] !== byte) return false
      to[at++] = byte
    }
    to[at++] = COLON
    to[at++] = SP
    for (let i = start; i < end; i++) {
      const byte = value[i]!
      if (FIELD[byte] === 0) return false
      to[at++] = byte
    }
    to[at++] = CR
    to[at++] = LF
    out.used = at
    return true
  }

  /** Host beside :authority may only repeat it (RFC 9113 §8.3.1), and is then not written twice. */
  #isAuthority(value: Buffer, start: number, end: number): boolean {
    const count = this.#authorityEnd - this.#authorityStart
    if (end - start !== count) return false
    const pseudo = this.#pseudo.bytes
    for (let i = 0; i < count; i++)
      if (fold(value[start + i]!) !== fold(pseudo[this.#authorityStart + i]!)) return false
    return true
  }

  /** Cookies may come in pieces (RFC 9113 §8.2.3). */
  #takeCookie(value: Buffer, start: number, end: number): boolean {
    for (let i = start; i < end; i++) if (FIELD[value[i]!] === 0) return false
    if (start === end) return true
    if (this.#cookies.used > 0) this.#cookies.putAll(COOKIE_NEXT)
    this.#cookies.put(value, start, end)
    return true
  }
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HT
}

function fold(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte
}
