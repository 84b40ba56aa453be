/**
 * w3c — `traceparent: 00-<32 hex>-<16 hex>-<2 hex>` (W3C Trace Context).
 *
 * A version above 00 is read by its first four parts, as the standard has it, and answered with version 00.
 */
import type { Head } from '../../../http1/head.ts'
import { putIdInto } from '../id-text.ts'
import type { Incoming } from '../incoming.ts'
import type { SpanIds } from '../trace-context.ts'
import { TRACEPARENT, type TraceFields } from '../trace-fields.ts'
import { addTraceLine, type TraceFormat } from '../trace-format.ts'

const DASH = 45
/** 00-<32>-<16>-<2> */
const LENGTH = 55
/** Where the value begins in its line. */
const VALUE = 'traceparent: '.length
const ZERO = 48
/** The value of a digit in lower case; of any other byte one that no digit beside it hides. */
const DIGITS = new Uint16Array(256).fill(256)
for (let i = 0; i < 16; i++) DIGITS['0123456789abcdef'.charCodeAt(i)] = i

export const w3c: TraceFormat = { fields: [TRACEPARENT], read, write }

function read(head: Head, fields: TraceFields, into: Incoming): boolean {
  if (!fields.has(TRACEPARENT)) return false
  const bytes = head.bytes
  const at = fields.start(head, TRACEPARENT)
  const end = fields.end(head, TRACEPARENT)
  if (end - at < LENGTH) return false
  if (bytes[at + 2] !== DASH || bytes[at + 35] !== DASH || bytes[at + 52] !== DASH) return false
  const version = readByte(bytes, at)
  const flags = readByte(bytes, at + 53)
  if (version < 0 || version === 255 || flags < 0 || (version === 0 && end - at !== LENGTH)) return false
  if (end - at > LENGTH && bytes[at + LENGTH] !== DASH) return false
  if (!readId(bytes, at + 3, into.traceBytes) || !readId(bytes, at + 36, into.parentBytes)) return false
  return into.take('w3c', true, (flags & 1) === 1)
}

/** As many digits as `into` takes. False: another character, an upper-case one too, or nothing but zeros. */
function readId(bytes: Uint8Array, start: number, into: Uint8Array): boolean {
  let all = 0
  for (let i = 0, at = start | 0; i < into.length; i++, at += 2) {
    const byte = (DIGITS[bytes[at]!]! << 4) | DIGITS[bytes[at + 1]!]!
    if (byte > 255) return false
    into[i] = byte
    all |= byte
  }
  return all !== 0
}

/** Of two digits; below 0: other characters. */
function readByte(bytes: Uint8Array, at: number): number {
  const byte = (DIGITS[bytes[at]!]! << 4) | DIGITS[bytes[at + 1]!]!
  return byte > 255 ? -1 : byte
}

function write(head: Head, ids: SpanIds): void {
  const line = addTraceLine(head, 'traceparent', LENGTH)
  line[VALUE] = ZERO
  line[VALUE + 1] = ZERO
  line[VALUE + 2] = DASH
  line[putIdInto(line, VALUE + 3, ids.traceId, 0)] = DASH
  const flags = putIdInto(line, VALUE + 36, ids.spanId, 0) + 1
  line[flags - 1] = DASH
  line[flags] = ZERO
  line[flags + 1] = ids.sampled ? ZERO + 1 : ZERO
}
