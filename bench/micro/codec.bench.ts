/**
 * codec — what reading and forwarding one request head costs: ten fields, 0.8 KB, as a browser behind a CDN sends them.
 *
 * Run: node dist/bench/micro/codec.bench.js. Prints the median and the best of nine rounds in ns of processor time an
 * operation, and the heap bytes an operation leaves behind. The read buffer is one static buffer, as the listener's is.
 */
import { Outbox } from '../../src/base/outbox.ts'
import { ChunkedReader } from '../../src/http1/chunked/chunked.ts'
import { requestLength } from '../../src/http1/framing.ts'
import { Head, KIND_REQUEST, KIND_RESPONSE } from '../../src/http1/head.ts'
import { REQUEST_LIMITS, RESPONSE_LIMITS } from '../../src/http1/limits.ts'
import { bit } from '../../src/http1/names.ts'

const ROUNDS = 9
const PER_ROUND = 300_000
const HEAP_RUN = 2000

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

const responseText = [
  'HTTP/1.1 200 OK',
  'Content-Type: application/json; charset=utf-8',
  'Content-Length: 1100',
  'Date: Sun, 22 Nov 2026 21:00:00 GMT',
  'Cache-Control: private, max-age=0, must-revalidate',
  'ETag: "33a64df551425fcc55e4d42a148795d9f25f89d4"',
  'Vary: Accept-Encoding, Origin',
  'X-Content-Type-Options: nosniff',
  'Strict-Transport-Security: max-age=31536000; includeSubDomains',
  'Connection: keep-alive',
  '',
  '',
].join('\r\n')

const reading = Buffer.allocUnsafeSlow(64 * 1024)
const request = new Head(KIND_REQUEST, REQUEST_LIMITS)
const response = new Head(KIND_RESPONSE, RESPONSE_LIMITS)
const out = new Outbox()
const reader = new ChunkedReader()
const SKIPPED = bit('connection') | bit('host') | bit('x-forwarded-for') | bit('te')

function load(text: string): number {
  return reading.latin1Write(text, 0)
}

function measure(name: string, bytes: number, operation: () => number): void {
  let check = 0
  for (let i = 0; i < PER_ROUND; i++) check += operation()
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage().user
    for (let i = 0; i < PER_ROUND; i++) check += operation()
    rounds.push(((process.cpuUsage().user - start) * 1000) / PER_ROUND)
  }
  const heap = heapPerOperation(operation)
  rounds.sort((one, other) => one - other)
  const figures = [rounds[ROUNDS >> 1]!, rounds[0]!].map((ns) => ns.toFixed(0).padStart(6)).join(' ')
  console.log(
    `${name.padEnd(34)} ${String(bytes).padStart(5)} B ${figures} ns  ${heap.toFixed(0).padStart(4)} heap B/op  (${check})`,
  )
}

/** What stays on the heap until the next collection: the median of short runs, few of which see one. */
function heapPerOperation(operation: () => number): number {
  const runs: number[] = []
  for (let run = 0; run < 31; run++) {
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < HEAP_RUN; i++) operation()
    runs.push((process.memoryUsage().heapUsed - before) / HEAP_RUN)
  }
  return runs.sort((one, other) => one - other)[runs.length >> 1]!
}

console.log(`${'operation'.padEnd(34)}   bytes median   best`)

const requestBytes = load(requestText)
measure('request head, whole', requestBytes, () => {
  request.reset()
  return request.feed(reading, 0, requestBytes)
})
measure('request head, in two reads', requestBytes, () => {
  request.reset()
  request.feed(reading, 0, 500)
  return request.feed(reading, 500, requestBytes)
})
measure('request framing', requestBytes, () => requestLength(request))
measure('putFields without four fields', requestBytes, () => {
  out.used = 0
  request.putFields(out, SKIPPED)
  return out.used
})

const responseBytes = load(responseText)
measure('response head, whole', responseBytes, () => {
  response.reset()
  return response.feed(reading, 0, responseBytes)
})

const chunkedBytes = load(`400\r\n${'x'.repeat(1024)}\r\n0\r\n`)
measure('chunked, one chunk of 1 KB', chunkedBytes, () => {
  reader.reset()
  let at = 0
  while (at < chunkedBytes) {
    reader.next(reading, at, chunkedBytes)
    at = reader.pos
  }
  return at
})
