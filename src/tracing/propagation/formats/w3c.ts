/**
 * w3c — `traceparent: 00-<32 hex>-<16 hex>-<2 hex>` (W3C Trace Context).
 *
 * A version above 00 is read by its first four parts, as the standard has it, and answered with version 00.
 */
import { HEX } from '../../../http1/chars.ts'
import type { Head } from '../../../http1/head.ts'
import { beginText, endText, putHex, putText } from '../id-text.ts'
import type { Incoming } from '../incoming.ts'
import { readHexOf } from '../read-ids.ts'
import type { SpanIds } from '../trace-context.ts'
import { TRACEPARENT, type TraceFields } from '../trace-fields.ts'
import { addTraceField, type TraceFormat } from '../trace-format.ts'

const DASH = 45
/** 00-<32>-<16>-<2> */
const LENGTH = 55
const LETTER_A = 65
const LETTER_Z = 90

export const w3c: TraceFormat = { fields: [TRACEPARENT], read, write }

function read(head: Head, fields: TraceFields, into: Incoming): boolean {
  if (!fields.has(TRACEPARENT)) return false
  const bytes = head.bytes
  const at = fields.start(head, TRACEPARENT)
  const end = fields.end(head, TRACEPARENT)
  if (end - at < LENGTH || !hasForm(bytes, at)) return false
  const version = HEX[bytes[at]!]! * 16 + HEX[bytes[at + 1]!]!
  if (version === 255 || (version === 0 && end - at !== LENGTH)) return false
  if (end - at > LENGTH && bytes[at + LENGTH] !== DASH) return false
  if (!readHexOf(32, bytes, at + 3, into.traceBytes)) return false
  if (!readHexOf(16, bytes, at + 36, into.parentBytes)) return false
  const flags = HEX[bytes[at + 54]!]!
  return into.take('w3c', true, (flags & 1) === 1)
}

/** Dashes where they belong, and digits in lower case elsewhere. */
function hasForm(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < LENGTH; i++) {
    const byte = bytes[at + i]!
    if (i === 2 || i === 35 || i === 52) {
      if (byte !== DASH) return false
    } else if (HEX[byte]! > 15 || (byte >= LETTER_A && byte <= LETTER_Z)) return false
  }
  return true
}

function write(head: Head, ids: SpanIds): void {
  beginText()
  putText('00-')
  putHex(ids.traceId, 0, 16)
  putText('-')
  putHex(ids.spanId, 0, 8)
  putText(ids.sampled ? '-01' : '-00')
  addTraceField(head, 'traceparent', endText())
}
