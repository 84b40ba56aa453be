/**
 * record-layout — where things lie in the bytes of one log record, which put-record.ts writes and read-record.ts reads.
 *
 * WHAT     0 mark      1 flags     2 status       4 fault   6 tries kept   7 steps of the trace
 *          8 client's port         10 port        12 tries in all (u32)
 *         16 started at (f64)      24 request's bytes       32 answer's bytes of body   40 timers (7 f64)   96
 *         tries     each TRY_BYTES: 4 times (f64), status, fault, port, 0 (u16)
 *         trace     with FLAG_TRACE: 40 bytes of ids, and for each step STEP_BYTES: 2 times (f64)
 *         texts     all that follows. Each: its length, 4 bytes of 7 bits, and its bytes. In this order:
 *                   request id, client, scheme, host, method, uri, upstream uri, route, service, consumer, credential,
 *                   detail, correlation id, lines of request fields, lines of answer fields; ip and host of each
 *                   try; with FLAG_TLS version, cipher, verify; names of the steps; extras: how many, as a length,
 *                   and for each a byte 1 and its text, or a byte 0 for null
 *
 *         Numbers are in the machine's own order, since a record never leaves it. Texts are what came in, byte for
 *         byte, or UTF-8. Where all of them are ASCII no byte behind the numbers is above 127: one look tells.
 */
export const MARK = 0x4c
export const HEADER_BYTES = 96

export const FLAG_PROXIED = 1
export const FLAG_TLS = 2
export const FLAG_TRACE = 4
export const FLAG_HTTP2 = 8
/** HTTP/1.0. */
export const FLAG_OLD = 16
/** Of the trace: somebody asked, and is named. */
export const FLAG_PARENT = 32

/** Places in the header, by what is read there. */
export const AT_U16 = { status: 1, fault: 2, clientPort: 4, port: 5 } as const
export const AT_U32 = { triesCount: 3 } as const
export const AT_F64 = { startedAt: 2, requestBytes: 3, bodyBytes: 4, timers: 5 } as const
export const AT_TRIES = 6
export const AT_STEPS = 7

export const TRY_BYTES = 40
export const STEP_BYTES = 16
export const TRACE_ID_BYTES = 16
export const SPAN_ID_BYTES = 8

/** A record that no put-record.ts has written: bytes of another version, or broken ones. */
export class RecordError extends Error {}
