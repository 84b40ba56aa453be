/**
 * b3 — Zipkin's fields: `x-b3-traceid`, `x-b3-spanid` and so on, or all in one, `b3: <trace>-<span>-<1|0|d>-<parent>`.
 *
 * Either may come without ids, and then only says whether to sample. The one field is also read from `tracestate`.
 */
import { makeConstantField } from '../../../http1/fields.ts'
import type { Head } from '../../../http1/head.ts'
import { hexText, putHex, putIdInto, putText, putTraceId, textTo } from '../id-text.ts'
import type { Incoming } from '../incoming.ts'
import { indexOfByte, isHex, isText, readFlag, readHexOf } from '../read-ids.ts'
import type { SpanIds } from '../trace-context.ts'
import {
  B3,
  B3_FLAGS,
  B3_PARENT,
  B3_SAMPLED,
  B3_SPAN,
  B3_TRACE,
  TRACESTATE,
  type TraceFields,
} from '../trace-fields.ts'
import { addTraceField, addTraceLine, type TraceFormat } from '../trace-format.ts'
import { isShort } from '../zero.ts'

const COMMA = 44
const DASH = 45
const SPACE = 32
const TAB = 9

/** Where values begin in their lines. */
const TRACE_VALUE = 'x-b3-traceid: '.length
const SPAN_VALUE = 'x-b3-spanid: '.length
const DEBUG = makeConstantField('x-b3-flags', '1')
const SAMPLED = makeConstantField('x-b3-sampled', '1')
const UNSAMPLED = makeConstantField('x-b3-sampled', '0')

const FIELDS = [B3, B3_TRACE, B3_SPAN, B3_PARENT, B3_SAMPLED, B3_FLAGS]

export const b3: TraceFormat = { fields: FIELDS, read, write }
export const b3Single: TraceFormat = { fields: FIELDS, read: readSingle, write: writeSingle }

function read(head: Head, fields: TraceFields, into: Incoming): boolean {
  return readSingle(head, fields, into) || readSeveral(head, fields, into)
}

function readSingle(head: Head, fields: TraceFields, into: Incoming): boolean {
  if (fields.has(B3)) return readOne(head.bytes, fields.start(head, B3), fields.end(head, B3), into)
  if (!fields.has(TRACESTATE)) return false
  const end = fields.end(head, TRACESTATE)
  let at = fields.start(head, TRACESTATE)
  while (at < end) {
    let next = indexOfByte(head.bytes, COMMA, at, end)
    const behind = next + 1
    while (at < next && (head.bytes[at] === SPACE || head.bytes[at] === TAB)) at++
    while (next > at && (head.bytes[next - 1] === SPACE || head.bytes[next - 1] === TAB)) next--
    if (isText(head.bytes, at, Math.min(at + 3, next), 'b3=')) return readOne(head.bytes, at + 3, next, into)
    at = behind
  }
  return false
}

function readOne(bytes: Uint8Array, start: number, end: number, into: Incoming): boolean {
  if (end - start === 1) {
    const state = stateOf(bytes[start]!)
    return state !== null && decide(into, state)
  }
  const traceEnd = indexOfByte(bytes, DASH, start, end)
  const digits = traceEnd - start
  if ((digits !== 16 && digits !== 32) || end < traceEnd + 17) return false
  if (!readHexOf(digits, bytes, start, into.traceBytes)) return false
  if (!readHexOf(16, bytes, traceEnd + 1, into.parentBytes)) return false
  const rest = traceEnd + 17
  if (rest === end) return into.take('b3-single', true, null)
  if (bytes[rest] !== DASH) return false
  if (end - rest > 16 && !isHex(bytes, end - 16, end)) return false
  // What is left is -<state>, -<state>-<parent> or -<parent>; who asked the one that asks us is of no use here.
  if (end - rest === 17) return into.take('b3-single', true, null)
  const state = stateOf(bytes[rest + 1] ?? 0)
  if (state === null || (end - rest !== 2 && (end - rest !== 19 || bytes[rest + 2] !== DASH))) return false
  into.take('b3-single', true, state !== '0')
  into.debug = state === 'd'
  return true
}

function stateOf(byte: number): '0' | '1' | 'd' | null {
  return byte === 48 ? '0' : byte === 49 ? '1' : byte === 100 ? 'd' : null
}

function decide(into: Incoming, state: '0' | '1' | 'd'): boolean {
  into.takeDecision('b3-single', state !== '0')
  into.debug = state === 'd'
  return true
}

function readSeveral(head: Head, fields: TraceFields, into: Incoming): boolean {
  const bytes = head.bytes
  const debug =
    fields.has(B3_FLAGS) && isText(bytes, fields.start(head, B3_FLAGS), fields.end(head, B3_FLAGS), '1')
  const flag = fields.has(B3_SAMPLED)
    ? readFlag(bytes, fields.start(head, B3_SAMPLED), fields.end(head, B3_SAMPLED))
    : null
  const sampled = debug ? true : flag
  if (!fields.wasSent(B3_TRACE)) {
    if (sampled === null) return false
    into.takeDecision('b3', sampled)
  } else {
    const start = fields.start(head, B3_TRACE)
    const digits = fields.end(head, B3_TRACE) - start
    if (!fields.has(B3_TRACE) || (digits !== 16 && digits !== 32)) return false
    if (!readHexOf(digits, bytes, start, into.traceBytes)) return false
    if (fields.wasSent(B3_SPAN) && !readSpan(head, fields, into)) return false
    into.take('b3', fields.wasSent(B3_SPAN), sampled)
  }
  into.debug = debug
  return true
}

function readSpan(head: Head, fields: TraceFields, into: Incoming): boolean {
  const start = fields.start(head, B3_SPAN)
  if (!fields.has(B3_SPAN) || fields.end(head, B3_SPAN) - start !== 16) return false
  return readHexOf(16, head.bytes, start, into.parentBytes)
}

function write(head: Head, ids: SpanIds, debug: boolean): void {
  const start = isShort(ids.traceId) ? 8 : 0
  const traceLine = addTraceLine(head, 'x-b3-traceid', 32 - 2 * start)
  putIdInto(traceLine, TRACE_VALUE, ids.traceId, start)
  putIdInto(addTraceLine(head, 'x-b3-spanid', 16), SPAN_VALUE, ids.spanId, 0)
  if (ids.parentId !== null) addTraceField(head, 'x-b3-parentspanid', hexText(ids.parentId, 0, 8))
  if (debug && ids.sampled) head.added.push(DEBUG)
  else head.added.push(ids.sampled ? SAMPLED : UNSAMPLED)
}

function writeSingle(head: Head, ids: SpanIds, debug: boolean): void {
  let at = 0
  at = putTraceId(at, ids.traceId)
  at = putText(at, '-')
  at = putHex(at, ids.spanId, 0, 8)
  at = putText(at, ids.sampled ? (debug ? '-d' : '-1') : '-0')
  if (ids.parentId !== null) {
    at = putText(at, '-')
    at = putHex(at, ids.parentId, 0, 8)
  }
  addTraceField(head, 'b3', textTo(at))
}
