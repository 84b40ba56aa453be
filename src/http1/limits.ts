/** The bounds of the codec. The listener's come from the environment; these are the ceilings and defaults. */
export interface HeadLimits {
  /** Bytes of the whole head, the empty line included. */
  headBytesMax: number
  /** Bytes of the request-target. */
  targetBytesMax: number
  /** Number of fields. */
  fieldsMax: number
}

/** Kong's and nginx's four buffers of 8 KiB: 32 KiB a head, no line above 8 KiB for the target. */
export const REQUEST_LIMITS: HeadLimits = {
  headBytesMax: 32 * 1024,
  targetBytesMax: 8 * 1024,
  fieldsMax: 200,
}
export const RESPONSE_LIMITS: HeadLimits = { headBytesMax: 64 * 1024, targetBytesMax: 0, fieldsMax: 500 }

/** Bytes of one chunk-size line with its extensions, before its CRLF (RFC 9112 §7.1.1 asks for a bound). */
export const CHUNK_LINE_MAX = 256
/** Bytes of all trailer fields of one message. */
export const TRAILER_BYTES_MAX = 8 * 1024
/** A body length above this is not believed: 2^53 - 1 is where doubles stop counting. */
export const LENGTH_MAX = Number.MAX_SAFE_INTEGER

export const TRAILER_LIMITS: HeadLimits = {
  headBytesMax: TRAILER_BYTES_MAX,
  targetBytesMax: 0,
  fieldsMax: 100,
}
