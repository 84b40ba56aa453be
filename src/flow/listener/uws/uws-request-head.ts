/**
 * uws-request-head — puts a request that uWebSockets.js has parsed back into the bytes of a head, and has our own codec
 * read them.
 *
 * WHAT    The engine is lenient (two lengths, any transfer coding, odd names): what counts is the verdict of http1 on
 *         the same fields in the same order. Names come in lower case and the version is always HTTP/1.1.
 *
 * LIMITS  The scratch memory holds a little more than the largest head that is let in; the rest is not looked at.
 *
 * HOT     `read` runs once a request: one string built by one forEach, one write, one pass of the codec.
 */
import { MALFORMED } from '../../../http1/answers.ts'
import type { Head } from '../../../http1/head.ts'
import type { UwsRequest } from './uws-api.ts'

/** What the engine puts where a byte was not UTF-8. */
const REPLACED = '\ufffd'
/** A character takes at most this many bytes. */
const UTF8_MAX = 3

export class UwsRequestHead {
  readonly #bytes: Buffer
  readonly #append: (name: string, value: string) => void
  #text: string

  constructor(headBytesMax: number) {
    this.#bytes = Buffer.allocUnsafeSlow(headBytesMax + UTF8_MAX + 1)
    this.#text = ''
    this.#append = (name, value) => {
      this.#text += `${name}: ${value}\r\n`
    }
  }

  /** As Head.feed: the length of the head, or one of the negative refusals. */
  read(req: UwsRequest, head: Head): number {
    this.#text = requestLine(req)
    req.forEach(this.#append)
    this.#text += '\r\n'
    const text = this.#text
    this.#text = ''
    const used = this.#bytes.utf8Write(text, 0, this.#bytes.length)
    // As many bytes as characters: all of it is ASCII, as nearly always.
    if (used !== text.length && text.includes(REPLACED)) return this.#readOdd(req, head)
    return feedWhole(head, this.#bytes, used)
  }

  #readOdd(req: UwsRequest, head: Head): number {
    const bytes = makeOddHead(req)
    return bytes === null ? MALFORMED : feedWhole(head, bytes, bytes.length)
  }
}

function requestLine(req: UwsRequest): string {
  let line = req.getCaseSensitiveMethod()
  line += ' '
  line += req.getUrl()
  const query = req.getQuery()
  if (query !== undefined) {
    line += '?'
    line += query
  }
  line += ' HTTP/1.1\r\n'
  return line
}

/** Bytes left over would mean that a field holds an empty line: then the two parsers do not agree. */
function feedWhole(head: Head, bytes: Buffer, used: number): number {
  const at = head.feed(bytes, 0, used)
  if (at < -1) return at
  return at === used ? at : MALFORMED
}

/**
 * A head with values that are not UTF-8: those are read again, byte for byte. That gives only the first field of a
 * name, so null where such a name comes twice, or such a byte is in the target: what can't be passed on unchanged is
 * refused.
 */
function makeOddHead(req: UwsRequest): Buffer | null {
  const line = requestLine(req)
  const parts = [Buffer.from(line)]
  const seen = new Set<string>()
  const odd = new Set<string>()
  let isWhole = !line.includes(REPLACED)
  req.forEach((name, value) => {
    const isOdd = value.includes(REPLACED)
    if (seen.has(name) && (isOdd || odd.has(name))) isWhole = false
    seen.add(name)
    if (isOdd) odd.add(name)
    const bytes = isOdd ? Buffer.from(req.getHeader(name), 'latin1') : Buffer.from(value)
    parts.push(Buffer.from(`${name}: `), bytes, Buffer.from('\r\n'))
  })
  parts.push(Buffer.from('\r\n'))
  return isWhole ? Buffer.concat(parts) : null
}
