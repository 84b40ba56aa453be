/**
 * uws-response-head — readies the head that the flow has put into an outbox for uWebSockets.js.
 *
 * The engine is handed the whole block behind "HTTP/1.1 " as its status: one call, no strings, the same bytes as the
 * other engine sends. That is safe because every line of it has passed our codec or the checks on edits. Date is taken
 * out, because the engine always writes its own.
 *
 * HOT     Runs once an answer.
 */
import type { Outbox } from '../../../base/outbox.ts'
import { COLON, LF, TOKEN } from '../../../http1/chars.ts'

/** The length of "HTTP/1.1 ", which the engine writes itself. */
export const VERSION_BYTES = 9

const DATE = Buffer.from('date')

/** Takes the Date lines out of the head that is all of `out`. */
export function dropDate(out: Outbox): void {
  const bytes = out.bytes
  let at = endOfLine(bytes, 0, out.used)
  while (at < out.used) {
    const next = endOfLine(bytes, at, out.used)
    if (isDate(bytes, at)) {
      bytes.copyWithin(at, next, out.used)
      out.used -= next - at
    } else at = next
  }
}

function endOfLine(bytes: Uint8Array, from: number, end: number): number {
  let i = from
  while (i < end && bytes[i] !== LF) i++
  return i + 1
}

function isDate(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < DATE.length; i++) if (TOKEN[bytes[at + i]!] !== DATE[i]) return false
  return bytes[at + DATE.length] === COLON
}
