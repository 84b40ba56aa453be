/** instana — `x-instana-t`, `x-instana-s` and `x-instana-l: 1|0`. Shorter ids have zeros before them; a level may come alone. */
import type { Head } from '../../../http1/head.ts'
import { hexText, traceIdText } from '../id-text.ts'
import type { Incoming } from '../incoming.ts'
import { readHex } from '../read-ids.ts'
import type { SpanIds } from '../trace-context.ts'
import { INSTANA_LEVEL, INSTANA_SPAN, INSTANA_TRACE, type TraceFields } from '../trace-fields.ts'
import { addTraceField, type TraceFormat } from '../trace-format.ts'

const COMMA = 44

export const instana: TraceFormat = { fields: [INSTANA_TRACE, INSTANA_SPAN, INSTANA_LEVEL], read, write }

function read(head: Head, fields: TraceFields, into: Incoming): boolean {
  const sampled = readLevel(head, fields)
  if (!fields.wasSent(INSTANA_TRACE)) return sampled !== null && into.takeDecision('instana', sampled)
  if (!fields.has(INSTANA_TRACE)) return false
  if (!readId(head, fields, INSTANA_TRACE, into.traceBytes)) return false
  const hasSpan = fields.wasSent(INSTANA_SPAN)
  if (hasSpan && !fields.has(INSTANA_SPAN)) return false
  if (hasSpan && !readId(head, fields, INSTANA_SPAN, into.parentBytes)) return false
  return into.take('instana', hasSpan, sampled)
}

function readId(head: Head, fields: TraceFields, field: number, into: Uint8Array): boolean {
  return readHex(head.bytes, fields.start(head, field), fields.end(head, field), into)
}

/** Its first character; what follows a comma is of no use here. */
function readLevel(head: Head, fields: TraceFields): boolean | null {
  if (!fields.has(INSTANA_LEVEL)) return null
  const start = fields.start(head, INSTANA_LEVEL)
  const end = fields.end(head, INSTANA_LEVEL)
  const first = head.bytes[start]
  if (start === end || (end - start > 1 && head.bytes[start + 1] !== COMMA)) return null
  return first === 49 ? true : first === 48 ? false : null
}

function write(head: Head, ids: SpanIds): void {
  addTraceField(head, 'x-instana-t', traceIdText(ids.traceId))
  addTraceField(head, 'x-instana-s', hexText(ids.spanId, 0, 8))
  addTraceField(head, 'x-instana-l', ids.sampled ? '1' : '0')
}
