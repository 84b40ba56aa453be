/** datadog — `x-datadog-trace-id` and `-parent-id` as decimal numbers of 64 bits, and `x-datadog-sampling-priority`. */
import type { Head } from '../../../http1/head.ts'
import { decimalText } from '../id-text.ts'
import type { Incoming } from '../incoming.ts'
import { readDecimal } from '../read-ids.ts'
import type { SpanIds } from '../trace-context.ts'
import { DATADOG_PARENT, DATADOG_PRIORITY, DATADOG_TRACE, type TraceFields } from '../trace-fields.ts'
import { addTraceField, type TraceFormat } from '../trace-format.ts'

export const datadog: TraceFormat = {
  fields: [DATADOG_TRACE, DATADOG_PARENT, DATADOG_PRIORITY],
  read,
  write,
}

function read(head: Head, fields: TraceFields, into: Incoming): boolean {
  if (!fields.has(DATADOG_TRACE)) return false
  const bytes = head.bytes
  const isRead = readDecimal(
    bytes,
    fields.start(head, DATADOG_TRACE),
    fields.end(head, DATADOG_TRACE),
    into.traceBytes,
  )
  if (!isRead) return false
  if (fields.wasSent(DATADOG_PARENT) && !fields.has(DATADOG_PARENT)) return false
  // A parent of 0 is Datadog's way to say that there is none.
  const hasParent =
    fields.has(DATADOG_PARENT) &&
    readDecimal(bytes, fields.start(head, DATADOG_PARENT), fields.end(head, DATADOG_PARENT), into.parentBytes)
  return into.take('datadog', hasParent, readPriority(head, fields))
}

/** -1 and 0: not; 1 and 2: sampled. */
function readPriority(head: Head, fields: TraceFields): boolean | null {
  if (!fields.has(DATADOG_PRIORITY)) return null
  const start = fields.start(head, DATADOG_PRIORITY)
  const length = fields.end(head, DATADOG_PRIORITY) - start
  const first = head.bytes[start]!
  if (length === 2 && first === 45 && head.bytes[start + 1] === 49) return false
  if (length !== 1 || first < 48 || first > 50) return null
  return first !== 48
}

function write(head: Head, ids: SpanIds): void {
  addTraceField(head, 'x-datadog-trace-id', decimalText(ids.traceId))
  addTraceField(head, 'x-datadog-parent-id', decimalText(ids.spanId))
  addTraceField(head, 'x-datadog-sampling-priority', ids.sampled ? '1' : '0')
}
