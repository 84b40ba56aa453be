/**
 * put-record — writes down one exchange that is over, for the log thread, as bytes.
 *
 * WHAT    See bytes/record-layout.ts. Fields go as the lines they are, in runs of the head's own bytes: they are taken
 *         apart in the other thread.
 *
 *         What gives access by itself never gets into the ring: `authorization` and `proxy-authorization` are written
 *         as REDACTED (as Kong). Cookies and keys in other fields are written as they came, as Kong does.
 *
 * LIMITS  About the request's head, the answer's head and 700 bytes.
 *
 * HOT     `putRecord` runs once for each request that is logged. It makes no object, and one string: the path that the
 *         target is asked for.
 */
import type { Outbox } from '../base/outbox.ts'
import type { Exchange } from '../contract/exchange.ts'
import type { Client } from '../contract/listener.ts'
import { timersOf } from '../contract/record/timers.ts'
import type { Trace } from '../contract/record/trace.ts'
import { TRY_END, TRY_SENT, TRY_START, type TryLog } from '../contract/record/try-log.ts'
import { putRequestFields, putSentFields } from './bytes/put-fields.ts'
import { beginLength, endLength, putBytes, putLatin1, putLength, putText } from './bytes/put-text.ts'
import {
  AT_F64,
  AT_STEPS,
  AT_TRIES,
  AT_U16,
  AT_U32,
  FLAG_HTTP2,
  FLAG_OLD,
  FLAG_PARENT,
  FLAG_PROXIED,
  FLAG_TLS,
  FLAG_TRACE,
  HEADER_BYTES,
  MARK,
  SPAN_ID_BYTES,
  STEP_BYTES,
  TRACE_ID_BYTES,
  TRY_BYTES,
} from './bytes/record-layout.ts'

/** What only the worker knows. Its owner keeps one and sets `extras` before each record. */
export interface RecordContext {
  /** Milliseconds since 1970. */
  wall(): number
  /** Milliseconds of the worker's clock. */
  now(): number
  /** As Host.upstreamPath: only asked of an exchange with a service. */
  upstreamPath(x: Exchange): string
  /** The lines of the answer's fields as the client was sent them, without framing (flow/response). */
  putSent(out: Outbox, x: Exchange): void
  /** See LogSink.put. */
  extras: readonly (string | null)[] | null
}

/** An exchange has at most this many steps in its record: a byte counts them. */
const STEPS_KEPT = 255

// One worker writes one record at a time, so the fixed parts are made here and copied whole.
const memory = new ArrayBuffer(HEADER_BYTES)
const header = new Uint8Array(memory)
const words = new Uint16Array(memory)
const longs = new Uint32Array(memory)
const doubles = new Float64Array(memory)
const timers = doubles.subarray(AT_F64.timers)

const tryMemory = new ArrayBuffer(TRY_BYTES)
const tryBytes = new Uint8Array(tryMemory)
const tryWords = new Uint16Array(tryMemory)
const tryDoubles = new Float64Array(tryMemory)
const TRY_STATUS = 16

export function putRecord(out: Outbox, x: Exchange, context: RecordContext): void {
  const client = x.client
  putHeader(out, x, context)
  putTries(out, x.tries, x.startMs)
  const trace = keptTrace(x)
  if (trace !== null) putTrace(out, trace, x.startMs)
  putBytes(out, x.requestId, 0, x.requestId.length)
  putLatin1(out, x.clientAddress !== '' || client === null ? x.clientAddress : client.peerAddress)
  putLatin1(out, client === null ? x.forwardedScheme : client.scheme)
  putRequestLine(out, x)
  putLatin1(out, x.tries.all === 0 ? '' : context.upstreamPath(x))
  putIdentity(out, x)
  putText(out, x.detail)
  putCorrelation(out, x)
  putRequestFields(out, x)
  const at = beginLength(out)
  if (wasAnswered(x)) putSentFields(out, x, context)
  endLength(out, at)
  putTargets(out, x.tries)
  if (client !== null && client.tls !== null) putTls(out, x, client)
  if (trace !== null) putStepNames(out, trace)
  putExtras(out, context.extras)
}

/** One that nobody ships is of no use to who reads. */
function keptTrace(x: Exchange): Trace | null {
  return x.trace?.isKept === true ? x.trace : null
}

/** False: the client went before it was sent anything. */
function wasAnswered(x: Exchange): boolean {
  return x.status !== x.fault.status || x.fault.status !== GONE
}

const GONE = 499

function putHeader(out: Outbox, x: Exchange, context: RecordContext): void {
  const client = x.client
  const trace = keptTrace(x)
  header[0] = MARK
  header[1] = flagsOf(x)
  header[AT_TRIES] = x.tries.count
  header[AT_STEPS] = trace === null ? 0 : Math.min(trace.steps.length, STEPS_KEPT)
  words[AT_U16.status] = x.status
  words[AT_U16.fault] = x.fault.id
  words[AT_U16.clientPort] = client === null ? 0 : client.peerPort
  words[AT_U16.port] = client === null ? 0 : client.localPort
  longs[AT_U32.triesCount] = x.tries.all
  doubles[AT_F64.startedAt] = Math.round(context.wall() - (context.now() - x.startMs))
  doubles[AT_F64.requestBytes] = x.request.used + x.requestBytes
  doubles[AT_F64.bodyBytes] = x.responseBytes
  timersOf(x, timers)
  out.put(header, 0, HEADER_BYTES)
}

function flagsOf(x: Exchange): number {
  const client = x.client
  let flags = x.proxied ? FLAG_PROXIED : 0
  if (x.request.minor === 0) flags |= FLAG_OLD
  if (client?.isHttp2 === true) flags |= FLAG_HTTP2
  if (client !== null && client.tls !== null) flags |= FLAG_TLS
  const trace = keptTrace(x)
  if (trace !== null) flags |= trace.parentId === null ? FLAG_TRACE : FLAG_TRACE | FLAG_PARENT
  return flags
}

/** Host, method and path with query; all empty for a head that could not be read. */
function putRequestLine(out: Outbox, x: Exchange): void {
  const head = x.request
  const bytes = head.bytes
  putBytes(out, bytes, x.hostStart, x.hostEnd)
  putBytes(out, bytes, head.methodStart, head.targetEnd === 0 ? head.methodStart : head.methodEnd)
  putBytes(out, bytes, head.pathStart, head.targetEnd === 0 ? head.pathStart : head.targetEnd)
}

function putIdentity(out: Outbox, x: Exchange): void {
  const route = x.route
  const service = route === null ? null : route.service
  putLatin1(out, route === null ? '' : route.id)
  putLatin1(out, service === null ? '' : service.id)
  putLatin1(out, x.consumer === null ? '' : x.consumer.id)
  putLatin1(out, x.credentialId)
}

function putCorrelation(out: Outbox, x: Exchange): void {
  putLatin1(out, x.correlation === null ? '' : x.correlation.value)
}

function putTries(out: Outbox, tries: TryLog, startMs: number): void {
  const count = tries.count
  for (let i = 0; i < count; i++) {
    const target = tries.targets[i]!
    for (let column = TRY_START; column <= TRY_END; column++)
      tryDoubles[column] = since(startMs, tries.time(i, column))
    tryWords[TRY_STATUS] = tries.statuses[i]!
    tryWords[TRY_STATUS + 1] = tries.faults[i]!.id
    tryWords[TRY_STATUS + 2] = target.address.port
    out.put(tryBytes, 0, TRY_BYTES)
  }
}

function putTargets(out: Outbox, tries: TryLog): void {
  const count = tries.count
  for (let i = 0; i < count; i++) {
    const target = tries.targets[i]!
    putLatin1(out, target.address.ip)
    putLatin1(out, target.host)
  }
}

/** 0 is "not reached". */
function since(startMs: number, ms: number): number {
  return ms === 0 ? -1 : ms - startMs
}

function putTls(out: Outbox, x: Exchange, client: Client): void {
  const tls = client.tls!
  putLatin1(out, tls.protocol)
  putLatin1(out, tls.cipher)
  putLatin1(out, verifyOf(x, tls.certificates.length))
}

/** Nobody but a plugin looks at a certificate, and notes that it is good. */
function verifyOf(x: Exchange, certificates: number): string {
  if (certificates === 0) return 'NONE'
  const isGood = x.notes !== null && x.notes.get('client_verify') === 'SUCCESS'
  return isGood ? 'SUCCESS' : 'FAILED:not verified'
}

function putTrace(out: Outbox, trace: Trace, startMs: number): void {
  out.put(trace.traceId, 0, TRACE_ID_BYTES)
  out.put(trace.spanId, 0, SPAN_ID_BYTES)
  out.put(trace.tryId, 0, SPAN_ID_BYTES)
  out.put(trace.parentId === null ? trace.spanId : trace.parentId, 0, SPAN_ID_BYTES)
  const count = Math.min(trace.steps.length, STEPS_KEPT)
  for (let i = 0; i < count; i++) {
    const step = trace.steps[i]!
    tryDoubles[TRY_START] = step.startMs - startMs
    tryDoubles[TRY_SENT] = since(startMs, step.endMs)
    out.put(tryBytes, 0, STEP_BYTES)
  }
}

function putStepNames(out: Outbox, trace: Trace): void {
  const count = Math.min(trace.steps.length, STEPS_KEPT)
  for (let i = 0; i < count; i++) putText(out, trace.steps[i]!.name)
}

function putExtras(out: Outbox, extras: readonly (string | null)[] | null): void {
  const count = extras === null ? 0 : extras.length
  putLength(out, count)
  for (let i = 0; i < count; i++) {
    const text = extras![i]!
    out.reserve(1)
    out.bytes[out.used++] = text === null ? 0 : 1
    if (text !== null) putText(out, text)
  }
}
