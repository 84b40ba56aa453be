/** gcp — Google's `x-cloud-trace-context: <32 hex>/<span in decimal>;o=<1 or 0>`; the last two may be missing. */
import { SEMICOLON, SLASH } from '../../../http1/chars.ts'
import type { Head } from '../../../http1/head.ts'
import { decimalText, hexText } from '../id-text.ts'
import type { Incoming } from '../incoming.ts'
import { indexOfByte, isText, readDecimal, readFlag, readHexOf } from '../read-ids.ts'
import type { SpanIds } from '../trace-context.ts'
import { CLOUD, type TraceFields } from '../trace-fields.ts'
import { addTraceField, type TraceFormat } from '../trace-format.ts'

const TRACE_DIGITS = 32

export const gcp: TraceFormat = { fields: [CLOUD], read, write }

function read(head: Head, fields: TraceFields, into: Incoming): boolean {
  if (!fields.has(CLOUD)) return false
  const bytes = head.bytes
  const start = fields.start(head, CLOUD)
  const end = fields.end(head, CLOUD)
  const ids = indexOfByte(bytes, SEMICOLON, start, end)
  const slash = indexOfByte(bytes, SLASH, start, ids)
  if (slash - start !== TRACE_DIGITS || !readHexOf(TRACE_DIGITS, bytes, start, into.traceBytes)) return false
  const hasSpan = slash < ids
  // 0 is written where there is no span.
  const isNone = isText(bytes, slash + 1, ids, '0')
  if (hasSpan && !isNone && !readDecimal(bytes, slash + 1, ids, into.parentBytes)) return false
  let sampled: boolean | null = null
  if (ids < end) {
    if (!isText(bytes, ids + 1, Math.min(ids + 3, end), 'o=')) return false
    sampled = readFlag(bytes, ids + 3, end)
  }
  return into.take('gcp', hasSpan && !isNone, sampled)
}

function write(head: Head, ids: SpanIds): void {
  const value = `${hexText(ids.traceId, 0, 16)}/${decimalText(ids.spanId)};o=${ids.sampled ? 1 : 0}`
  addTraceField(head, 'x-cloud-trace-context', value)
}
