/** A lenient reader of HTTP/1.x messages of the tests' own: it shows what came, byte for byte, and judges nothing. */
import type { ByteReader } from './byte-reader.ts'

export type Framing = 'none' | 'length' | 'chunked' | 'close'
type Field = readonly [name: string, value: string]

export class Message {
  /** The head as it came, with its empty line. */
  readonly head: string
  readonly firstLine: string
  readonly fields: readonly Field[]
  body: Buffer = Buffer.alloc(0)
  trailers: readonly Field[] = []
  framing: Framing = 'none'
  /** False when the connection closed before the body's own end, or was reset. */
  whole = true

  constructor(head: string) {
    this.head = head
    const lines = head.split('\r\n')
    this.firstLine = lines[0] ?? ''
    this.fields = toFields(lines.slice(1))
  }

  get status(): number {
    return Number(this.firstLine.split(' ')[1])
  }

  /** The path and query of a request. */
  get target(): string {
    return this.firstLine.split(' ')[1] ?? ''
  }

  get text(): string {
    return this.body.toString('latin1')
  }

  /** The values of a field joined by ', '; undefined when there is none. */
  get(name: string): string | undefined {
    const values = this.all(name)
    return values.length === 0 ? undefined : values.join(', ')
  }

  all(name: string): string[] {
    return this.fields.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  }
}

function toFields(lines: readonly string[]): Field[] {
  const fields: Field[] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.push([line.slice(0, colon), line.slice(colon + 1).trim()])
  }
  return fields
}

/** The next head; null when the peer closed without one. */
export async function readHead(reader: ByteReader): Promise<Message | null> {
  const bytes = await reader.until('\r\n\r\n')
  return bytes === null ? null : new Message(bytes.toString('latin1'))
}

/** Reads the body that belongs to a request's head. */
export async function readRequestBody(reader: ByteReader, message: Message): Promise<void> {
  if (message.get('transfer-encoding') !== undefined) return readChunked(reader, message)
  if (message.get('content-length') !== undefined) return readLength(reader, message)
}

/** Reads the body that belongs to the answer to a request made with `method`. */
export async function readResponseBody(reader: ByteReader, message: Message, method: string): Promise<void> {
  const { status } = message
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return
  if (message.get('transfer-encoding') !== undefined) return readChunked(reader, message)
  if (message.get('content-length') !== undefined) return readLength(reader, message)
  message.framing = 'close'
  message.body = await reader.rest()
  message.whole = reader.failure === ''
}

async function readLength(reader: ByteReader, message: Message): Promise<void> {
  const length = Number(message.get('content-length'))
  message.framing = 'length'
  message.body = await reader.take(length)
  message.whole = message.body.length === length
}

async function readChunked(reader: ByteReader, message: Message): Promise<void> {
  const parts: Buffer[] = []
  message.framing = 'chunked'
  message.whole = false
  for (;;) {
    const line = await reader.until('\r\n')
    if (line === null) break
    const size = Number.parseInt(line.toString('latin1'), 16)
    if (Number.isNaN(size)) throw new Error(`no chunk size: ${JSON.stringify(line.toString('latin1'))}`)
    if (size === 0) {
      message.trailers = await readTrailers(reader, message)
      break
    }
    const part = await reader.take(size + 2)
    parts.push(part.subarray(0, size))
    if (part.length < size + 2) break
  }
  message.body = Buffer.concat(parts)
}

async function readTrailers(reader: ByteReader, message: Message): Promise<Field[]> {
  const lines: string[] = []
  for (;;) {
    const line = await reader.until('\r\n')
    if (line === null) return toFields(lines)
    if (line.length === 2) break
    lines.push(line.subarray(0, -2).toString('latin1'))
  }
  message.whole = true
  return toFields(lines)
}
