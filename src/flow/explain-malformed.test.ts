/** What an operator reads of a request that could not be read: the part, the rule and the byte, and never a value. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Exchange } from '../contract/exchange.ts'
import { requestLength } from '../http1/framing.ts'
import { REQUEST_LIMITS } from '../http1/limits.ts'
import { explainMalformed } from './explain-malformed.ts'

const HOST = 'Host: a\r\n'

const HEADS: readonly [sent: string, expected: RegExp][] = [
  ['G{T / HTTP/1.1\r\n', /^method: 0x7b may not stand there, byte 1 /],
  [`${'M'.repeat(40)} / HTTP/1.1\r\n`, /^method: longer than any/],
  ['\x16\x03\x01\x02\n', /^method: 0x16 /],
  ['\r\n\r\n\r\n\r\n\r\n\r\n\r\n', /^line end: nothing but line ends/],
  ['\rGET / HTTP/1.1\r\n', /^line end: /],
  ['GET /a\x01b HTTP/1.1\r\n', /^target: 0x01 may not stand there, byte 6 /],
  ['GET /a#b HTTP/1.1\r\n', /^target: 0x23 /],
  ['GET  / HTTP/1.1\r\n', /^target: 0x20 may not stand there, byte 4 /],
  ['GET a HTTP/1.1\r\n', /^target: neither a path nor an http URL, byte 4 /],
  ['GET * HTTP/1.1\r\n', /^target: neither a path/],
  ['GET / HTTQ/1.1\r\n', /^version: 0x51 may not stand there, byte 9 /],
  ['GET / HTTP/1.x\r\n', /^version: 0x78 /],
  ['GET / HTTP/1.1 \r\n', /^line end: 0x20 /],
  ['GET / HTTP/1.1\n', /^line end: a line feed without a carriage return, byte 14 /],
  ['GET / HTTP/1.1\r\rHost: a\n', /^line end: a carriage return without a line feed/],
  [
    `GET / HTTP/1.1\r\n${HOST}X b: secret\r\n`,
    /^field name: 0x20 may not stand there, byte 26 .* \(field 2\)$/,
  ],
  [`GET / HTTP/1.1\r\n${HOST}: secret\r\n`, /^field name: 0x3a /],
  [`GET / HTTP/1.1\r\n${HOST}Xb\r\n`, /^field 2: a line without a colon/],
  [`GET / HTTP/1.1\r\n${HOST} folded\r\n`, /^field 2: it starts with a space/],
  [
    `GET / HTTP/1.1\r\n${HOST}X-A: secret\x00\r\n`,
    /^field value: 0x00 may not stand there, .* \(field 2, X-A\)$/,
  ],
  [`GET / HTTP/1.1\r\n${HOST}X-A: secret\n\r\n`, /^line end: a line feed without .* \(field 2, X-A\)$/],
  [`GET / HTTP/1.1\r\n${HOST}\r\r\n`, /^line end: a carriage return without/],
  ['GET / HTTP/1.1\r\n\r\n', /^host: there is none$/],
  [`GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, /^host: Host twice$/],
  ['GET / HTTP/1.1\r\nHost: a b\r\n\r\n', /^host: no name or address .* byte 22 of the head$/],
  [`GET http://u@h/ HTTP/1.1\r\n${HOST}\r\n`, /^target: no host, or one/],
  [`GET /../a HTTP/1.1\r\n${HOST}\r\n`, /^target: its path climbs/],
  [`GET /%2 HTTP/1.1\r\n${HOST}\r\n`, /^target: its path climbs/],
  [
    `GET / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`,
    /^length: Content-Length twice$/,
  ],
  [`GET / HTTP/1.1\r\n${HOST}Content-Length: +1\r\n\r\n`, /^length: Content-Length is no number/],
  [
    `GET / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    /^length: Content-Length and Transfer-Encoding$/,
  ],
  [
    `GET / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`,
    /^length: Transfer-Encoding in HTTP\/1\.0$/,
  ],
  [
    `GET / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip\r\n\r\n`,
    /^length: Transfer-Encoding is not just chunked$/,
  ],
]

for (const [sent, expected] of HEADS)
  test(`${JSON.stringify(sent)} is told as ${expected.source}`, () => {
    for (const drips of [false, true]) {
      const said = explainMalformed(refused(sent, drips))
      assert.match(said, expected)
      assert.doesNotMatch(said, /secret/)
    }
  })

test('a body that breaks off its grammar is told with how much of it had come', () => {
  const x = refused(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`, false)
  x.requestBytes = 7
  assert.equal(explainMalformed(x), 'body: its chunks break the grammar, 7 bytes of it had come')
  x.requestTrailers.feed(Buffer.from('X-A: b\x00\r\n\r\n'), 0, 11)
  assert.match(explainMalformed(x), /^trailers: field value: 0x00 .* \(field 1, X-A\)$/)
})

function refused(sent: string, drips: boolean): Exchange {
  const x = new Exchange(REQUEST_LIMITS)
  const bytes = Buffer.from(sent, 'latin1')
  const size = drips ? 1 : bytes.length
  for (let at = 0, verdict = -1; at < bytes.length && verdict === -1; at += size)
    verdict = x.request.feed(bytes, at, Math.min(at + size, bytes.length))
  x.requestLength = requestLength(x.request)
  return x
}
