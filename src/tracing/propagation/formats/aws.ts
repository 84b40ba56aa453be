/** aws — X-Ray's `x-amzn-trace-id: Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=1`, its parts in any order. */
import { EQUALS, SEMICOLON, SP } from '../../../http1/chars.ts'
import type { Head } from '../../../http1/head.ts'
import { putHex, putText, textTo } from '../id-text.ts'
import type { Incoming } from '../incoming.ts'
import { indexOfByte, isText, readDigits, readFlag, readHexOf } from '../read-ids.ts'
import type { SpanIds } from '../trace-context.ts'
import { AMZN, type TraceFields } from '../trace-fields.ts'
import { addTraceField, type TraceFormat } from '../trace-format.ts'
import { isZero } from '../zero.ts'

const DASH = 45
const VERSION = 49
/** X-Ray's own limit of fields of its users is far below. */
const LENGTH_MAX = 512
const ROOT_LENGTH = 35

/** 4 bytes and 12, as the root has them. */
const time = new Uint8Array(4)
const unique = new Uint8Array(12)

export const aws: TraceFormat = { fields: [AMZN], read, write }

/** How far a value has been read; `isBad` once a part is not what it says. */
interface Parts {
  hasRoot: boolean
  hasParent: boolean
  sampled: boolean | null
  isBad: boolean
}

function read(head: Head, fields: TraceFields, into: Incoming): boolean {
  if (!fields.has(AMZN)) return false
  const end = fields.end(head, AMZN)
  let at = fields.start(head, AMZN)
  if (end - at > LENGTH_MAX) return false
  const parts: Parts = { hasRoot: false, hasParent: false, sampled: null, isBad: false }
  while (at < end) {
    const next = indexOfByte(head.bytes, SEMICOLON, at, end)
    while (at < next && head.bytes[at] === SP) at++
    let last = next
    while (last > at && head.bytes[last - 1] === SP) last--
    readPart(head.bytes, at, last, { parts, into })
    at = next + 1
  }
  if (parts.isBad || !parts.hasRoot) return false
  return into.take('aws', parts.hasParent, parts.sampled)
}

function readPart(
  bytes: Uint8Array,
  at: number,
  end: number,
  { parts, into }: { parts: Parts; into: Incoming },
): void {
  const equals = indexOfByte(bytes, EQUALS, at, end)
  const value = equals + 1
  if (isText(bytes, at, equals, 'root')) {
    if (parts.hasRoot || !readRoot(bytes, value, end, into.traceBytes)) parts.isBad = true
    parts.hasRoot = true
  } else if (isText(bytes, at, equals, 'parent')) {
    if (parts.hasParent || end - value !== 16 || !readHexOf(16, bytes, value, into.parentBytes))
      parts.isBad = true
    parts.hasParent = true
  } else if (isText(bytes, at, equals, 'sampled')) parts.sampled = readFlag(bytes, value, end)
}

function readRoot(bytes: Uint8Array, at: number, end: number, into: Uint8Array): boolean {
  if (end - at !== ROOT_LENGTH || bytes[at] !== VERSION || bytes[at + 1] !== DASH) return false
  if (bytes[at + 10] !== DASH) return false
  if (!readDigits(bytes, at + 2, at + 10, time) || !readDigits(bytes, at + 11, end, unique)) return false
  into.set(time, 0)
  into.set(unique, 4)
  return !isZero(into)
}

function write(head: Head, ids: SpanIds): void {
  let at = 0
  at = putText(at, 'Root=1-')
  at = putHex(at, ids.traceId, 0, 4)
  at = putText(at, '-')
  at = putHex(at, ids.traceId, 4, 16)
  at = putText(at, ';Parent=')
  at = putHex(at, ids.spanId, 0, 8)
  at = putText(at, ids.sampled ? ';Sampled=1' : ';Sampled=0')
  addTraceField(head, 'x-amzn-trace-id', textTo(at))
}
