/**
 * response-framing — how an answer is framed for an HTTP/1 client, and whether the connection goes on (RFC 9112 §6,
 * §9.3).
 *
 * HOT     Runs once a request.
 */
import type { Outbox } from '../../src/base/outbox.ts'
import { type Exchange, UPGRADED } from '../../src/contract/exchange.ts'
import { CHUNKED, takesTrailers } from '../../src/http1/framing.ts'
import { bit } from '../../src/http1/names.ts'

const LENGTH = Buffer.from('Content-Length: ')
const CRLF = Buffer.from('\r\n')
const CHUNKED_LINE = Buffer.from('Transfer-Encoding: chunked\r\n')
const KEEP_ALIVE = Buffer.from('Connection: keep-alive\r\n\r\n')
const CLOSE = Buffer.from('Connection: close\r\n\r\n')
const SWITCH = Buffer.from('Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
const LAST_CHUNK = Buffer.from('0\r\n\r\n')
const LAST_SIZE = Buffer.from('0\r\n')

/** Ends the head in `out`. Answers whether the body is to be sent in chunks. */
export function putFraming(out: Outbox, x: Exchange): boolean {
  if (x.upgrade === UPGRADED) {
    out.putAll(SWITCH)
    return false
  }
  let chunking = false
  const length = x.responseLength
  if (length >= 0) {
    if (x.status >= 200 && x.status !== 204) {
      out.putAll(LENGTH)
      out.putDecimal(length)
      out.putAll(CRLF)
    }
  } else if (x.bodyless) {
    if (length === CHUNKED && x.request.minor === 1 && x.status !== 204 && x.status !== 304)
      out.putAll(CHUNKED_LINE)
  } else if (x.request.minor === 1) {
    chunking = true
    out.putAll(CHUNKED_LINE)
  } else x.keepAlive = false
  out.putAll(x.keepAlive ? KEEP_ALIVE : CLOSE)
  return chunking
}

/** True for what nothing ends but the connection: a body without length in HTTP/1.0, and a tunnel. */
export function endsAtClose(x: Exchange): boolean {
  return x.responseLength < 0 && (x.request.minor === 0 || x.upgrade === UPGRADED)
}

/** Ends a chunked body, with the target's trailers for a client that asked for them. */
export function putLastChunk(out: Outbox, x: Exchange): void {
  const trailers = x.responseTrailers
  if (trailers.count === 0 || !takesTrailers(x.request)) return out.putAll(LAST_CHUNK)
  out.putAll(LAST_SIZE)
  trailers.putFields(out, FRAMING)
  out.putAll(CRLF)
}

const FRAMING =
  bit('content-length') | bit('transfer-encoding') | bit('connection') | bit('host') | bit('trailer')
