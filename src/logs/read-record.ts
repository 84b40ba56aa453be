/**
 * read-record — a log record's bytes as what they say.
 *
 * In the log thread. Bytes that are no record, whatever they are, end in RecordError and in nothing else: each loop is
 * bounded by the bytes there are.
 */
import { faultList } from '../base/faults.ts'
import type {
  LoggedFields,
  LoggedTimers,
  LoggedTrace,
  LoggedTry,
  LogRecord,
} from '../contract/machine/log-sinks.ts'
import {
  TIMER_CONNECT,
  TIMER_GATEWAY,
  TIMER_RECEIVE,
  TIMER_REQUEST,
  TIMER_RESPONSE,
  TIMER_TOTAL,
  TIMER_WAIT,
} from '../contract/record/timers.ts'
import type { FieldLines } from './bytes/read-fields.ts'
import { LENGTH_BYTES, RecordBytes } from './bytes/record-bytes.ts'
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
  RecordError,
  SPAN_ID_BYTES,
  STEP_BYTES,
  TRACE_ID_BYTES,
  TRY_BYTES,
} from './bytes/record-layout.ts'

/** 'HTTP/1.1 200 OK' and the ends of it and of the head. */
const STATUS_LINE_BYTES = 19
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const NO_TRIES: Mutable<LoggedTry>[] = []
const NO_EXTRAS: readonly (string | null)[] = Object.freeze([])

/** Numbers are read where they are aligned. */
const memory = new ArrayBuffer(HEADER_BYTES)
const scratch = new Uint8Array(memory)
const words = new Uint16Array(memory)
const longs = new Uint32Array(memory)
const doubles = new Float64Array(memory)
const TRY_STATUS = 16

/** Throws RecordError. */
export function readRecord(bytes: Buffer, start: number, end: number): ReadRecord {
  const from = new RecordBytes(bytes, start, end)
  copyNumbers(bytes, from.skip(HEADER_BYTES), HEADER_BYTES)
  if (scratch[0] !== MARK) throw new RecordError('the bytes are no log record')
  return new ReadRecord(bytes, from)
}

function copyNumbers(bytes: Uint8Array, from: number, count: number): void {
  for (let i = 0; i < count; i++) scratch[i] = bytes[from + i]!
}

export class ReadRecord implements LogRecord {
  readonly requestId: string
  readonly startedAt: number
  readonly clientIp: string
  readonly clientPort: number
  readonly scheme: string
  readonly host: string
  readonly port: number
  readonly httpVersion: string
  readonly method: string
  readonly uri: string
  readonly requestLines: FieldLines
  readonly requestSize: number
  readonly tls: LogRecord['tls']
  readonly upstreamUri: string
  readonly status: number
  readonly proxied: boolean
  readonly responseLines: FieldLines
  readonly responseSize: number
  readonly routeId: string
  readonly serviceId: string
  readonly consumerId: string
  readonly credentialId: string
  readonly tries: readonly LoggedTry[]
  readonly triesCount: number
  readonly timers: LoggedTimers
  readonly fault: string
  readonly blame: string
  readonly detail: string
  readonly correlationId: string
  readonly extras: readonly (string | null)[]
  readonly trace: LoggedTrace | null

  /** Of a record whose header stands in `scratch`. */
  constructor(bytes: Buffer, from: RecordBytes) {
    const flags = scratch[1]!
    const triesKept = scratch[AT_TRIES]!
    const stepCount = scratch[AT_STEPS]!
    const fault = faultOf(words[AT_U16.fault]!)
    this.status = words[AT_U16.status]!
    this.clientPort = words[AT_U16.clientPort]!
    this.port = words[AT_U16.port]!
    this.triesCount = longs[AT_U32.triesCount]!
    this.startedAt = doubles[AT_F64.startedAt]!
    this.requestSize = doubles[AT_F64.requestBytes]!
    const bodyBytes = doubles[AT_F64.bodyBytes]!
    this.timers = readTimers()
    const tries = triesKept === 0 ? NO_TRIES : readTries(bytes, from, triesKept)
    const trace = (flags & FLAG_TRACE) === 0 ? null : readTrace(bytes, from, flags, stepCount)
    from.beginTexts()
    this.proxied = (flags & FLAG_PROXIED) !== 0
    this.httpVersion = (flags & FLAG_HTTP2) !== 0 ? '2' : (flags & FLAG_OLD) !== 0 ? '1.0' : '1.1'
    this.requestId = from.text()
    this.clientIp = from.text()
    this.scheme = from.text()
    this.host = from.text()
    this.method = from.text()
    this.uri = from.text()
    this.upstreamUri = from.text()
    this.routeId = from.text()
    this.serviceId = from.text()
    this.consumerId = from.text()
    this.credentialId = from.text()
    this.fault = fault.code
    this.blame = fault.blame
    this.detail = from.text()
    this.correlationId = from.text()
    this.requestLines = from.lines()
    const before = from.at + LENGTH_BYTES
    this.responseLines = from.lines()
    const headBytes = from.at - before
    this.responseSize = headBytes === 0 ? bodyBytes : bodyBytes + headBytes + STATUS_LINE_BYTES
    for (const one of tries) nameTarget(one, from)
    this.tries = tries
    this.tls =
      (flags & FLAG_TLS) === 0 ? null : { version: from.text(), cipher: from.text(), verify: from.text() }
    for (const step of trace === null ? [] : trace.steps) nameStep(step, from)
    this.trace = trace
    this.extras = readExtras(from)
  }

  get requestHeaders(): LoggedFields {
    return this.requestLines.fields
  }

  get responseHeaders(): LoggedFields {
    return this.responseLines.fields
  }
}

function faultOf(id: number): (typeof faultList)[number] {
  const fault = faultList[id]
  if (fault === undefined) throw new RecordError('a log record names a fault that there is not')
  return fault
}

function readTimers(): LoggedTimers {
  const at = AT_F64.timers
  return {
    request: doubles[at + TIMER_REQUEST]!,
    wait: doubles[at + TIMER_WAIT]!,
    connect: doubles[at + TIMER_CONNECT]!,
    response: doubles[at + TIMER_RESPONSE]!,
    total: doubles[at + TIMER_TOTAL]!,
    gateway: doubles[at + TIMER_GATEWAY]!,
    receive: doubles[at + TIMER_RECEIVE]!,
  }
}

function readTries(bytes: Buffer, from: RecordBytes, count: number): Mutable<LoggedTry>[] {
  const tries: Mutable<LoggedTry>[] = []
  for (let i = 0; i < count; i++) {
    copyNumbers(bytes, from.skip(TRY_BYTES), TRY_BYTES)
    tries.push({
      ip: '',
      port: words[TRY_STATUS + 2]!,
      host: '',
      startMs: doubles[0]!,
      sentMs: doubles[1]!,
      headMs: doubles[2]!,
      endMs: doubles[3]!,
      status: words[TRY_STATUS]!,
      fault: faultOf(words[TRY_STATUS + 1]!).code,
    })
  }
  return tries
}

function nameTarget(one: Mutable<LoggedTry>, from: RecordBytes): void {
  one.ip = from.text()
  one.host = from.text()
}

interface Step {
  name: string
  startMs: number
  endMs: number
}

interface ReadTrace extends LoggedTrace {
  readonly steps: Step[]
}

function readTrace(bytes: Buffer, from: RecordBytes, flags: number, stepCount: number): ReadTrace {
  const traceId = from.hex(TRACE_ID_BYTES)
  const spanId = from.hex(SPAN_ID_BYTES)
  const tryId = from.hex(SPAN_ID_BYTES)
  const parent = from.hex(SPAN_ID_BYTES)
  const steps: Step[] = []
  for (let i = 0; i < stepCount; i++) {
    copyNumbers(bytes, from.skip(STEP_BYTES), STEP_BYTES)
    steps.push({ name: '', startMs: doubles[0]!, endMs: doubles[1]! })
  }
  return { traceId, spanId, tryId, parentId: (flags & FLAG_PARENT) === 0 ? '' : parent, steps }
}

function nameStep(step: Step, from: RecordBytes): void {
  step.name = from.text()
}

function readExtras(from: RecordBytes): readonly (string | null)[] {
  const count = from.length()
  if (count === 0) return NO_EXTRAS
  const extras: (string | null)[] = []
  for (let i = 0; i < count; i++) extras.push(from.byte() === 0 ? null : from.text())
  return extras
}
