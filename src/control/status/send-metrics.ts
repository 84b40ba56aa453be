/** send-metrics — answers a scrape, compressed where its reader takes that: a large gateway tells megabytes each time. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, gzip } from 'node:zlib'

const METRICS_TYPE = 'text/plain; charset=UTF-8'
/** Below, compressing gains nothing. */
const COMPRESSED_MIN = 1024
/** gzip, and not with a weight of 0 (RFC 9110 §12.5.3). */
const TAKES_GZIP = /(?:^|,)\s*(?:gzip|x-gzip)\s*(?:;\s*q=(?!0(?:\.0{0,3})?\s*(?:,|$))|,|$)/i

export function sendMetrics(request: IncomingMessage, response: ServerResponse, text: string): void {
  const body = Buffer.from(text)
  const isAsked = TAKES_GZIP.test(String(request.headers['accept-encoding'] ?? ''))
  if (!isAsked || body.length < COMPRESSED_MIN) return send(response, body, {})
  // Done by a thread of libuv's, so that health probes need not wait. Fastest: it is a tenth all the same.
  gzip(body, { level: constants.Z_BEST_SPEED }, (error, packed) => {
    if (error === null) send(response, packed, { 'Content-Encoding': 'gzip' })
    else send(response, body, {})
  })
}

function send(response: ServerResponse, body: Buffer, fields: Record<string, string>): void {
  response.writeHead(200, {
    'Content-Type': METRICS_TYPE,
    'Content-Length': body.length,
    Vary: 'Accept-Encoding',
    ...fields,
  })
  response.end(body)
}
