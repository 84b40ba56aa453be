/**
 * encode — spans and log records as OTLP wants them over HTTP: protobuf, or its JSON.
 *
 * The library that knows the format is loaded with the first batch: most gateways trace nothing.
 */
import type { Attributes, Span } from './span.ts'

export type Encoding = 'protobuf' | 'json'

/** Of all that one sink sends. */
export interface Source {
  /** `service.name` and the like. */
  readonly resource: Attributes
  /** Of the gateway. */
  readonly version: string
}

export interface LogEntry {
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly severity: 'INFO' | 'WARN' | 'ERROR'
  readonly body: string
  readonly attributes: Attributes
  /** '' where the exchange is not traced. */
  readonly traceId: string
  readonly spanId: string
}

export interface Rejected {
  readonly count: number
  readonly message: string
}

export interface Encoder<T> {
  readonly contentType: string
  encode(batch: readonly T[]): Uint8Array
  /** What a receiver that took the batch has not taken of it. */
  readAnswer(body: Uint8Array): Rejected
}

const TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' } as const
const SCOPE = 'sluice'
const SAMPLED = 1
const OK = 0
const ERROR = 2
const SEVERITIES = { INFO: 9, WARN: 13, ERROR: 17 } as const

/** An entry is all spans of one exchange. */
export async function openSpanEncoder(encoding: Encoding, source: Source): Promise<Encoder<readonly Span[]>> {
  const { JsonTraceSerializer, ProtobufTraceSerializer } = await import('@opentelemetry/otlp-transformer')
  const serializer = encoding === 'json' ? JsonTraceSerializer : ProtobufTraceSerializer
  type Readable = Parameters<typeof serializer.serializeRequest>[0][number]
  const shared = sharedParts(source)
  return {
    contentType: TYPES[encoding],
    encode(batch) {
      // The library's type is a span of its own SDK, of which it reads what stands here.
      const spans = batch.flat().map((span) => new ReadableSpan(span, shared) as unknown as Readable)
      return finish(encoding, serializer.serializeRequest(spans))
    },
    readAnswer(body) {
      const answer = serializer.deserializeResponse(body)
      return {
        count: Number(answer.partialSuccess?.rejectedSpans ?? 0),
        message: answer.partialSuccess?.errorMessage ?? '',
      }
    },
  }
}

export async function openLogEncoder(encoding: Encoding, source: Source): Promise<Encoder<LogEntry>> {
  const { JsonLogsSerializer, ProtobufLogsSerializer } = await import('@opentelemetry/otlp-transformer')
  const serializer = encoding === 'json' ? JsonLogsSerializer : ProtobufLogsSerializer
  type Readable = Parameters<typeof serializer.serializeRequest>[0][number]
  const shared = sharedParts(source)
  return {
    contentType: TYPES[encoding],
    encode(batch) {
      // As above.
      const entries = batch.map((entry) => readableLog(entry, shared) as unknown as Readable)
      return finish(encoding, serializer.serializeRequest(entries))
    },
    readAnswer(body) {
      const answer = serializer.deserializeResponse(body)
      return {
        count: Number(answer.partialSuccess?.rejectedLogRecords ?? 0),
        message: answer.partialSuccess?.errorMessage ?? '',
      }
    },
  }
}

/** By whose identity the library gathers what belongs together. */
interface Shared {
  readonly resource: { readonly attributes: Attributes }
  readonly instrumentationScope: { readonly name: string; readonly version: string }
}

function sharedParts(source: Source): Shared {
  return {
    resource: { attributes: source.resource },
    instrumentationScope: { name: SCOPE, version: source.version },
  }
}

const NONE: readonly never[] = []

/** What the library reads of a span. Of one shape: it is the largest part of what a traced request costs this thread. */
class ReadableSpan {
  readonly resource: Shared['resource']
  readonly instrumentationScope: Shared['instrumentationScope']
  readonly name: string
  readonly kind: number
  readonly context: SpanContext
  readonly parentSpanContext: SpanContext | undefined
  readonly startTime: HrTime
  readonly endTime: HrTime
  readonly status: { readonly code: number; readonly message: string | undefined }
  readonly attributes: Attributes
  readonly events = NONE
  readonly links = NONE
  readonly droppedAttributesCount = 0
  readonly droppedEventsCount = 0
  readonly droppedLinksCount = 0

  constructor(span: Span, { resource, instrumentationScope }: Shared) {
    const { traceId, spanId, parentId, errorText } = span
    this.resource = resource
    this.instrumentationScope = instrumentationScope
    this.name = span.name
    this.kind = span.kind
    this.context = { traceId, spanId, isRemote: false, traceFlags: SAMPLED }
    this.parentSpanContext =
      parentId === ''
        ? undefined
        : { traceId, spanId: parentId, isRemote: span.isParentRemote, traceFlags: SAMPLED }
    this.startTime = hrTime(span.startMs)
    this.endTime = hrTime(span.endMs)
    this.status = {
      code: span.isError ? ERROR : OK,
      message: errorText === '' ? undefined : errorText,
    }
    this.attributes = span.attributes
  }

  spanContext(): SpanContext {
    return this.context
  }
}

interface SpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly isRemote: boolean
  readonly traceFlags: number
}

function readableLog(entry: LogEntry, shared: Shared): object {
  const { traceId, spanId } = entry
  const at = hrTime(entry.atMs)
  return {
    ...shared,
    hrTime: at,
    hrTimeObserved: at,
    ...(traceId === '' ? {} : { spanContext: { traceId, spanId, traceFlags: SAMPLED } }),
    severityNumber: SEVERITIES[entry.severity],
    severityText: entry.severity,
    body: entry.body,
    attributes: entry.attributes,
    droppedAttributesCount: 0,
  }
}

/** Seconds and nanoseconds: the whole would not fit into a double. */
type HrTime = [seconds: number, nanoseconds: number]

function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000)
  const nanoseconds = Math.round((ms - seconds * 1000) * 1e6)
  return nanoseconds >= 1e9 ? [seconds + 1, nanoseconds - 1e9] : [seconds, nanoseconds]
}

/**
 * OTLP's JSON has 64-bit integers as text, where the library writes numbers. Inside of a text the pattern cannot stand:
 * its quotes would have backslashes.
 */
function finish(encoding: Encoding, bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined) throw new Error('the batch could not be encoded')
  if (encoding === 'protobuf') return bytes
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
  return Buffer.from(text.replace(/"intValue":(-?\d+)/g, '"intValue":"$1"'), 'utf8')
}
