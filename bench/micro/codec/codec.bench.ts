/**
 * codec — what reading and forwarding a head costs: ten fields, 0.8 KB, as a browser behind a CDN sends them.
 *
 *     node dist/bench/micro/codec/codec.bench.js
 *
 * The read buffer is one static buffer, as the listener's is. The peer is llhttp as Node itself runs it, through
 * HTTPParser with node:http's option of strictness, fed the same bytes. It answers every name and value as a new
 * string in one array, and checks the framing; it keeps no bytes, so a head that is forwarded has to be written
 * anew. Ours copies the head and notes where things are; "and all fields as strings" makes of it what llhttp hands
 * out.
 */
import { Outbox } from '../../../src/base/outbox.ts'
import { ChunkedReader } from '../../../src/http1/chunked/chunked.ts'
import { requestLength } from '../../../src/http1/framing.ts'
import { Head, KIND_REQUEST, KIND_RESPONSE } from '../../../src/http1/head.ts'
import { REQUEST_LIMITS, RESPONSE_LIMITS } from '../../../src/http1/limits.ts'
import { bit } from '../../../src/http1/names.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'
import { openLlhttp } from '../peers/llhttp.ts'

const requestText = [
  'GET /v1/orders/8f14e45f-ceea-467f-a8d0-9f1b2c3d4e5f?expand=lines&limit=50 HTTP/1.1',
  'Host: orders.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'Accept: application/json, text/plain, */*',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4ifQ.s5c1d2e3f4a5b6c7d8e9',
  'Cookie: session=3f2a9c7e1b5d4f6a8c0e2b4d6f8a0c1e; theme=dark; consent=all; _ga=GA1.2.1234567890.1700000000',
  'Referer: https://shop.example.com/account/orders?page=2&sort=date',
  'X-Request-Id: 7d9f3b2a-5c1e-4f8a-9b6d-0e2c4a6f8b1d',
  `X-Trace: ${'0123456789abcdef'.repeat(5)}`,
  '',
  '',
].join('\r\n')

const responseFields = [
  'HTTP/1.1 200 OK',
  'Content-Type: application/json; charset=utf-8',
  'Date: Sun, 22 Nov 2026 21:00:00 GMT',
  'Cache-Control: private, max-age=0, must-revalidate',
  'ETag: "33a64df551425fcc55e4d42a148795d9f25f89d4"',
  'Vary: Accept-Encoding, Origin',
  'X-Content-Type-Options: nosniff',
  'Strict-Transport-Security: max-age=31536000; includeSubDomains',
  'Connection: keep-alive',
]
const responseText = [...responseFields, 'Content-Length: 1100', '', ''].join('\r\n')
const chunkedHead = [...responseFields, 'Transfer-Encoding: chunked', '', ''].join('\r\n')
const chunks = `400\r\n${'x'.repeat(1024)}\r\n0\r\n\r\n`

/** Where the first of two reads ends. */
const CUT = 500
const SKIPPED = bit('connection') | bit('host') | bit('x-forwarded-for') | bit('te')

const reading = Buffer.allocUnsafeSlow(64 * 1024)

export const bench: Bench = {
  name: 'codec',
  says: 'reads and forwards heads of ten fields',
  groups: [
    { name: 'request head, 0.8 KB', open: requestCases },
    { name: 'request head, forwarded', open: forwardCases },
    { name: 'response head, 0.4 KB', open: responseCases },
    { name: 'response head and a chunk of 1 KB', open: chunkedCases },
  ],
}

function load(text: string): number {
  return reading.latin1Write(text, 0)
}

function repeat(name: string, operation: () => number): Case {
  const run = (times: number): number => {
    let sum = 0
    for (let i = 0; i < times; i++) sum += operation()
    return sum
  }
  return { name, run }
}

function requestCases(): Case[] {
  const bytes = load(requestText)
  const head = new Head(KIND_REQUEST, REQUEST_LIMITS)
  const read = (): number => {
    head.reset()
    return head.feed(reading, 0, bytes)
  }
  const inTwo = (): number => {
    head.reset()
    head.feed(reading, 0, CUT)
    return head.feed(reading, CUT, bytes)
  }
  return [
    repeat('sluice, and framing', () => read() + requestLength(head)),
    repeat('sluice', read),
    repeat('sluice, in two reads', inTwo),
    repeat('sluice, framing of a head', () => requestLength(head)),
    repeat('sluice, and framing, and all fields as strings', () => {
      const at = read() + requestLength(head)
      return at + targetOf(head).length + stringsOf(head).length
    }),
    openLlhttp('request', Buffer.from(requestText, 'latin1')),
  ]
}

function forwardCases(): Case[] {
  const bytes = load(requestText)
  const head = new Head(KIND_REQUEST, REQUEST_LIMITS)
  head.feed(reading, 0, bytes)
  const out = new Outbox()
  return [
    repeat('sluice, without four fields', () => {
      out.used = 0
      head.putFields(out, SKIPPED)
      return out.used
    }),
  ]
}

function responseCases(): Case[] {
  const bytes = load(responseText)
  const head = new Head(KIND_RESPONSE, RESPONSE_LIMITS)
  const read = (): number => {
    head.reset()
    return head.feed(reading, 0, bytes)
  }
  return [
    repeat('sluice', read),
    repeat('sluice, and all fields as strings', () => read() + stringsOf(head).length),
    openLlhttp('response', Buffer.from(responseText, 'latin1')),
  ]
}

function chunkedCases(): Case[] {
  const headBytes = load(chunkedHead)
  const bytes = headBytes + reading.latin1Write(chunks, headBytes)
  const head = new Head(KIND_RESPONSE, RESPONSE_LIMITS)
  const reader = new ChunkedReader()
  const readBody = (from: number): number => {
    reader.reset()
    let at = from
    // The last line of a chunked body belongs to the trailers, of which there are none.
    while (at < bytes - 2) {
      reader.next(reading, at, bytes)
      at = reader.pos
    }
    return at
  }
  const read = (): number => {
    head.reset()
    return readBody(head.feed(reading, 0, headBytes))
  }
  return [
    repeat('sluice', read),
    repeat('sluice, the chunk alone', () => readBody(headBytes)),
    openLlhttp('chunked', Buffer.from(chunkedHead + chunks, 'latin1')),
  ]
}

function targetOf(head: Head): string {
  return head.bytes.latin1Slice(head.targetStart, head.targetEnd)
}

/** Name, value, name, value: as llhttp's are handed out. */
function stringsOf(head: Head): string[] {
  const strings: string[] = []
  for (let i = 0; i < head.count; i++) strings.push(head.nameAt(i), head.valueAt(i))
  return strings
}

await runAlone(bench, import.meta.url)
