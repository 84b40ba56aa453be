/** ot — OpenTracing's `ot-tracer-traceid`, `-spanid` and `-sampled`. Its baggage, `ot-baggage-*`, is passed on as it came. */
import type { Head } from '../../../http1/head.ts'
import { hexText, traceIdText } from '../id-text.ts'
import type { Incoming } from '../incoming.ts'
import { readFlag, readHexOf } from '../read-ids.ts'
import type { SpanIds } from '../trace-context.ts'
import { OT_SAMPLED, OT_SPAN, OT_TRACE, type TraceFields } from '../trace-fields.ts'
import { addTraceField, type TraceFormat } from '../trace-format.ts'

export const ot: TraceFormat = { fields: [OT_TRACE, OT_SPAN, OT_SAMPLED], read, write }

function read(head: Head, fields: TraceFields, into: Incoming): boolean {
  if (!fields.has(OT_TRACE)) return false
  const bytes = head.bytes
  const start = fields.start(head, OT_TRACE)
  const digits = fields.end(head, OT_TRACE) - start
  if ((digits !== 16 && digits !== 32) || !readHexOf(digits, bytes, start, into.traceBytes)) return false
  const hasSpan = fields.wasSent(OT_SPAN)
  if (hasSpan) {
    const span = fields.start(head, OT_SPAN)
    if (!fields.has(OT_SPAN) || fields.end(head, OT_SPAN) - span !== 16) return false
    if (!readHexOf(16, bytes, span, into.parentBytes)) return false
  }
  const sampled = fields.has(OT_SAMPLED)
    ? readFlag(bytes, fields.start(head, OT_SAMPLED), fields.end(head, OT_SAMPLED))
    : null
  return into.take('ot', hasSpan, sampled)
}

function write(head: Head, ids: SpanIds): void {
  addTraceField(head, 'ot-tracer-traceid', traceIdText(ids.traceId))
  addTraceField(head, 'ot-tracer-spanid', hexText(ids.spanId, 0, 8))
  addTraceField(head, 'ot-tracer-sampled', ids.sampled ? '1' : '0')
}
