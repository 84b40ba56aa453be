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
const WEB_SOCKET = Buffer.from('sec-websocket-')

/** Takes the Date lines out of the head that is all of `out`. */
export function dropDate(out: Outbox): void {
  dropLines(out, DATE, true)
}

/** The engine writes the lines of a 101 that make it WebSocket's itself: the target's own are taken out. */
export function dropWebSocket(out: Outbox): void {
  dropLines(out, WEB_SOCKET, false)
}

/** Lines whose name is `name`, or where it need not be whole, begins with it. */
function dropLines(out: Outbox, name: Buffer, isWhole: boolean): void {
  const bytes = out.bytes
  let at = endOfLine(bytes, 0, out.used)
  while (at < out.used) {
    const next = endOfLine(bytes, at, out.used)
    if (isNamed(bytes, at, name) && (!isWhole || bytes[at + name.length] === COLON)) {
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

function isNamed(bytes: Uint8Array, at: number, name: Buffer): boolean {
  for (let i = 0; i < name.length; i++) if (TOKEN[bytes[at + i]!] !== name[i]) return false
  return true
}
