/**
 * The parts of a multipart/form-data body (RFC 7578, RFC 2046 §5.1) by name, on the bytes as they came.
 *
 * Every byte is looked at a bounded number of times, whatever the body says: a worker reads it for a stranger.
 */
import { CR, LF, SP } from '../chars.ts'

export interface Part {
  readonly name: string
  /** From its delimiter to the next: what to cut to take it out. */
  readonly start: number
  readonly end: number
  readonly valueStart: number
  readonly valueEnd: number
}

const LINE = '\r\n'
const HEADERS_END = '\r\n\r\n'
/** RFC 2046 §5.1.1. */
const BOUNDARY_LENGTH_MAX = 70
/** A body of more parts counts as one without any. */
export const PARTS_MAX = 1000
const PARAMETER = /[ \t]*;[ \t]*([^=;\s]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/y

const TAB = 9
const DASH = 45

/** Empty where `contentType` names no boundary or the body does not keep to it. */
export function listParts(body: Buffer, contentType: string): Part[] {
  const boundary = boundaryOf(contentType)
  if (boundary === null) return []
  const delimiters = new Delimiters(body, boundary)
  const parts: Part[] = []
  let isOpen = delimiters.next()
  for (let count = 0; isOpen && !delimiters.isLast; count++) {
    if (count === PARTS_MAX) return []
    const { start, lineEnd } = delimiters
    isOpen = delimiters.next()
    const part = isOpen ? partOf(body, lineEnd, delimiters.start - LINE.length) : null
    if (part !== null) parts.push({ ...part, start, end: delimiters.start })
  }
  return parts
}

/** What stands between the parts; null where `contentType` names none that may be. */
export function boundaryOf(contentType: string): string | null {
  const boundary = parameterOf(contentType, 'boundary')
  return boundary === null || boundary === '' || boundary.length > BOUNDARY_LENGTH_MAX ? null : boundary
}

/** The delimiters of a body one after the other, up to the one that closes it: what follows that is no part. */
class Delimiters {
  /** Where the dashes of the one found begin. */
  start = -1
  /** Behind its line. */
  lineEnd = 0
  /** It closes the body. */
  isLast = false
  readonly #body: Buffer
  /** With the line end before it. */
  readonly #bytes: Buffer

  constructor(body: Buffer, boundary: string) {
    this.#body = body
    this.#bytes = Buffer.from(`${LINE}--${boundary}`, 'latin1')
  }

  next(): boolean {
    const body = this.#body
    const bytes = this.#bytes
    if (this.start < 0) {
      const first = bytes.subarray(LINE.length)
      if (body.subarray(0, first.length).equals(first) && this.#take(0, first.length)) return true
    }
    // The line end of one delimiter may be the one before the next.
    const from = Math.max(this.lineEnd - LINE.length, 0)
    for (let at = body.indexOf(bytes, from); at >= 0; at = body.indexOf(bytes, at + bytes.length))
      if (this.#take(at + LINE.length, at + bytes.length)) return true
    return false
  }

  /** What begins like a delimiter is one only if its line holds nothing else: boundary `b` is not in `--bar`. */
  #take(start: number, end: number): boolean {
    const body = this.#body
    this.isLast = body[end] === DASH && body[end + 1] === DASH
    let at = end
    while (body[at] === SP || body[at] === TAB) at++
    if (!this.isLast && (body[at] !== CR || body[at + 1] !== LF)) return false
    this.start = start
    this.lineEnd = at + LINE.length
    return true
  }
}

/** What stands between two delimiters; null where it has no name. */
function partOf(body: Buffer, start: number, end: number): Omit<Part, 'start' | 'end'> | null {
  // Without a value, the empty line behind the headers is the line end before the delimiter.
  const headersLength = body.subarray(start, end + LINE.length).indexOf(HEADERS_END)
  if (headersLength < 0) return null
  const headersEnd = start + headersLength
  const lines = body.toString('utf8', start, headersEnd).split(LINE)
  const disposition = lines.find((line) => /^content-disposition:/i.test(line))
  const name = disposition === undefined ? null : parameterOf(disposition, 'name')
  const valueStart = headersEnd + HEADERS_END.length
  return name === null ? null : { name, valueStart, valueEnd: Math.max(end, valueStart) }
}

/** Read one after the other: what stands within another parameter's quotes is none. */
function parameterOf(field: string, name: string): string | null {
  PARAMETER.lastIndex = field.indexOf(';')
  if (PARAMETER.lastIndex < 0) return null
  for (let match = PARAMETER.exec(field); match !== null; match = PARAMETER.exec(field)) {
    if (match[1]?.toLowerCase() !== name) continue
    return match[2]?.replaceAll(/\\(.)/g, '$1') ?? match[3] ?? ''
  }
  return null
}
