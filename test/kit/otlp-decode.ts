/**
 * otlp-decode — reads OTLP's protobuf into the shape of its JSON, by a table written down from the protocol's
 * definition and not with the library that the gateway writes it with. What the table does not know is an error.
 */

type Kind =
  | 'string'
  | 'hex'
  | 'bytes'
  | 'bool'
  | 'uint32'
  | 'int64'
  | 'fixed64'
  | 'fixed32'
  | 'double'
  | 'enum'

interface Field {
  readonly name: string
  readonly kind: Kind | Message
  readonly isRepeated: boolean
}

type Message = ReadonlyMap<number, Field>
export type Decoded = Record<string, unknown>

function one(name: string, kind: Kind | Message): Field {
  return { name, kind, isRepeated: false }
}

function many(name: string, kind: Kind | Message): Field {
  return { name, kind, isRepeated: true }
}

function message(fields: Readonly<Record<number, Field>>): Message {
  return new Map(Object.entries(fields).map(([number, field]) => [Number(number), field]))
}

const ANY_VALUE = message({
  1: one('stringValue', 'string'),
  2: one('boolValue', 'bool'),
  3: one('intValue', 'int64'),
  4: one('doubleValue', 'double'),
  7: one('bytesValue', 'bytes'),
})
const KEY_VALUE = message({ 1: one('key', 'string'), 2: one('value', ANY_VALUE) })
const RESOURCE = message({ 1: many('attributes', KEY_VALUE), 2: one('droppedAttributesCount', 'uint32') })
const SCOPE = message({
  1: one('name', 'string'),
  2: one('version', 'string'),
  3: many('attributes', KEY_VALUE),
  4: one('droppedAttributesCount', 'uint32'),
})
const STATUS = message({ 2: one('message', 'string'), 3: one('code', 'enum') })
const SPAN = message({
  1: one('traceId', 'hex'),
  2: one('spanId', 'hex'),
  3: one('traceState', 'string'),
  4: one('parentSpanId', 'hex'),
  5: one('name', 'string'),
  6: one('kind', 'enum'),
  7: one('startTimeUnixNano', 'fixed64'),
  8: one('endTimeUnixNano', 'fixed64'),
  9: many('attributes', KEY_VALUE),
  10: one('droppedAttributesCount', 'uint32'),
  12: one('droppedEventsCount', 'uint32'),
  14: one('droppedLinksCount', 'uint32'),
  15: one('status', STATUS),
  16: one('flags', 'fixed32'),
})
const LOG = message({
  1: one('timeUnixNano', 'fixed64'),
  2: one('severityNumber', 'enum'),
  3: one('severityText', 'string'),
  5: one('body', ANY_VALUE),
  6: many('attributes', KEY_VALUE),
  7: one('droppedAttributesCount', 'uint32'),
  8: one('flags', 'fixed32'),
  9: one('traceId', 'hex'),
  10: one('spanId', 'hex'),
  11: one('observedTimeUnixNano', 'fixed64'),
})

function exportRequest(scopes: string, resources: string, entries: string, entry: Message): Message {
  const scope = message({
    1: one('scope', SCOPE),
    2: many(entries, entry),
    3: one('schemaUrl', 'string'),
  })
  const resource = message({
    1: one('resource', RESOURCE),
    2: many(scopes, scope),
    3: one('schemaUrl', 'string'),
  })
  return message({ 1: many(resources, resource) })
}

const TRACES = exportRequest('scopeSpans', 'resourceSpans', 'spans', SPAN)
const LOGS = exportRequest('scopeLogs', 'resourceLogs', 'logRecords', LOG)

export function decodeTraces(bytes: Buffer): Decoded {
  return decode(new Reader(bytes), TRACES)
}

export function decodeLogs(bytes: Buffer): Decoded {
  return decode(new Reader(bytes), LOGS)
}

const VARINT = 0
const EIGHT_BYTES = 1
const LENGTH = 2
const FOUR_BYTES = 5

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.take(1)[0]!
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
    throw new Error('a varint is longer than ten bytes')
  }

  take(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) throw new Error('a field ends behind its message')
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }
}

function decode(reader: Reader, fields: Message): Decoded {
  const found: Decoded = {}
  while (!reader.isAtEnd) {
    const tag = Number(reader.varint())
    const field = fields.get(tag >> 3)
    if (field === undefined) throw new Error(`field ${tag >> 3} is none of ${[...fields.keys()].join(' ')}`)
    const value = readValue(reader, field, tag & 7)
    if (!field.isRepeated) {
      if (field.name in found) throw new Error(`${field.name} stands twice`)
      found[field.name] = value
    } else {
      const list = (found[field.name] ??= []) as unknown[] // made here, and nowhere else
      list.push(value)
    }
  }
  return found
}

function readValue(reader: Reader, { name, kind }: Field, wire: number): unknown {
  const wanted = wireOf(kind)
  if (wire !== wanted) throw new Error(`${name} has wire type ${wire}, not ${wanted}`)
  if (wire === VARINT) return readVarint(reader.varint(), kind)
  if (wire === EIGHT_BYTES) {
    const bytes = reader.take(8)
    return kind === 'double' ? bytes.readDoubleLE() : String(bytes.readBigUInt64LE())
  }
  if (wire === FOUR_BYTES) return reader.take(4).readUInt32LE()
  const bytes = reader.take(Number(reader.varint()))
  if (typeof kind === 'object') return decode(new Reader(bytes), kind)
  if (kind === 'hex') return bytes.toString('hex')
  return kind === 'bytes' ? bytes.toString('base64') : new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}

function readVarint(value: bigint, kind: Kind | Message): unknown {
  if (kind === 'bool') return value !== 0n
  return kind === 'int64' ? String(BigInt.asIntN(64, value)) : Number(value)
}

function wireOf(kind: Kind | Message): number {
  if (typeof kind === 'object' || kind === 'string' || kind === 'hex' || kind === 'bytes') return LENGTH
  if (kind === 'fixed64' || kind === 'double') return EIGHT_BYTES
  return kind === 'fixed32' ? FOUR_BYTES : VARINT
}
