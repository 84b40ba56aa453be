/** The parts of a multipart/form-data body (RFC 7578, RFC 2046 §5.1) by name, on the bytes as they came. */

export interface Part {
  readonly name: string
  /** From its delimiter to the next: what to cut to take it out. */
  readonly start: number
  readonly end: number
  readonly valueStart: number
  readonly valueEnd: number
}

const LINE = '\r\n'
const HEADERS_END = Buffer.from('\r\n\r\n')
/** RFC 2046 §5.1.1. */
const BOUNDARY_LENGTH_MAX = 70
const PARAMETER = /;[ \t]*([^=;\s]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/y

/** Empty where `contentType` names no boundary or the body does not keep to it. */
export function listParts(body: Buffer, contentType: string): Part[] {
  const boundary = parameterOf(contentType, 'boundary')
  if (boundary === null || boundary === '' || boundary.length > BOUNDARY_LENGTH_MAX) return []
  const delimiter = Buffer.from(`--${boundary}`, 'latin1')
  const parts: Part[] = []
  let start = firstDelimiter(body, delimiter)
  while (start >= 0) {
    const next = body.indexOf(Buffer.concat([Buffer.from(LINE), delimiter]), start + delimiter.length)
    if (next < 0) return parts
    const part = partOf(body, start + delimiter.length, next)
    if (part !== null) parts.push({ ...part, start, end: next + LINE.length })
    start = next + LINE.length
  }
  return parts
}

function firstDelimiter(body: Buffer, delimiter: Buffer): number {
  if (body.subarray(0, delimiter.length).equals(delimiter)) return 0
  const at = body.indexOf(Buffer.concat([Buffer.from(LINE), delimiter]))
  return at < 0 ? -1 : at + LINE.length
}

/** What stands between two delimiters; null where it has no name. */
function partOf(body: Buffer, start: number, end: number): Omit<Part, 'start' | 'end'> | null {
  const headersEnd = body.indexOf(HEADERS_END, start)
  if (headersEnd < 0 || headersEnd > end) return null
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
