/**
 * jaeger — `uber-trace-id: <trace>:<span>:<parent or 0>:<flags>`. Zeros in front of ids may be missing, and the colons
 * may be percent-encoded. Its baggage, `uberctx-*`, is the target's as it came.
 */
import { COLON, HEX } from '../../../http1/chars.ts'
import type { Head } from '../../../http1/head.ts'
import { putHex, putText, putTraceId, textTo } from '../id-text.ts'
import type { Incoming } from '../incoming.ts'
import { isHex, readHex } from '../read-ids.ts'
import type { SpanIds } from '../trace-context.ts'
import { type TraceFields, UBER } from '../trace-fields.ts'
import { addTraceField, type TraceFormat } from '../trace-format.ts'

const PERCENT = 37
const SAMPLED = 1
const DEBUG = 2
/** Hex digits of the third part, which is not used. */
const PARENT_DIGITS_MAX = 16

export const jaeger: TraceFormat = { fields: [UBER], read, write }

function read(head: Head, fields: TraceFields, into: Incoming): boolean {
  if (!fields.has(UBER)) return false
  const bytes = head.bytes
  const end = fields.end(head, UBER)
  const trace = fields.start(head, UBER)
  const traceEnd = partEnd(bytes, trace, end)
  const span = behindColon(bytes, traceEnd)
  const spanEnd = partEnd(bytes, span, end)
  const parent = behindColon(bytes, spanEnd)
  const parentEnd = partEnd(bytes, parent, end)
  const flags = behindColon(bytes, parentEnd)
  // Of a part that is missing the end is found at the end of the value, and the next begins behind it.
  if (flags >= end || partEnd(bytes, flags, end) !== end) return false
  if (!readHex(bytes, trace, traceEnd, into.traceBytes)) return false
  if (!readHex(bytes, span, spanEnd, into.parentBytes)) return false
  if (parentEnd - parent > PARENT_DIGITS_MAX || !isHex(bytes, parent, parentEnd)) return false
  if (end - flags > 2 || !isHex(bytes, flags, end)) return false
  const bits = HEX[bytes[end - 1]!]!
  into.take('jaeger', true, (bits & SAMPLED) !== 0)
  into.debug = (bits & SAMPLED) !== 0 && (bits & DEBUG) !== 0
  return true
}

function partEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === COLON || bytes[i] === PERCENT) return i
  return Math.max(start, end)
}

/** Behind `:` or `%3A` at `at`; where it is neither, too far for anything to be read there. */
function behindColon(bytes: Uint8Array, at: number): number {
  if (bytes[at] === COLON) return at + 1
  const isEncoded = bytes[at] === PERCENT && bytes[at + 1] === 51 && (bytes[at + 2]! | 32) === 97
  return isEncoded ? at + 3 : Number.MAX_SAFE_INTEGER
}

function write(head: Head, ids: SpanIds, debug: boolean): void {
  let at = 0
  at = putTraceId(at, ids.traceId)
  at = putText(at, ':')
  at = putHex(at, ids.spanId, 0, 8)
  at = putText(at, ':')
  if (ids.parentId === null) at = putText(at, '0')
  else at = putHex(at, ids.parentId, 0, 8)
  at = putText(at, ids.sampled ? (debug ? ':03' : ':01') : ':00')
  addTraceField(head, 'uber-trace-id', textTo(at))
}
