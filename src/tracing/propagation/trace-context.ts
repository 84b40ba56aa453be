/**
 * trace-context — what the header fields of a request say of the trace it belongs to, and what a target is told.
 *
 * Both may be objects that are written anew for the next request: whoever needs ids for longer copies them.
 */
import type { FormatName } from './format.ts'

/** As a client has sent it. Ids in an array of their full size, shorter ones with zeros in front; never all zeros. */
export interface TraceContext {
  /** 16 bytes; null: the fields only say whether to sample. */
  readonly traceId: Uint8Array | null
  /** 8 bytes: the span of who asks. */
  readonly parentId: Uint8Array | null
  /** Null: it is left to us. */
  readonly sampled: boolean | null
  /** B3's and Jaeger's debug: sampled whatever else speaks against it. */
  readonly debug: boolean
  readonly format: FormatName
}

/** What a target is told. */
export interface SpanIds {
  /** 16 bytes; eight zeros in front: a trace of 8 bytes. */
  readonly traceId: Uint8Array
  /** 8 bytes: of the span that the target's hangs under. */
  readonly spanId: Uint8Array
  /** 8 bytes: that span's own parent. */
  readonly parentId: Uint8Array | null
  readonly sampled: boolean
}
