/** record-rig — exchanges that are over, with all that a log record can have of them, and their records. */
import { Clock } from '../../src/base/clock.ts'
import { faults } from '../../src/base/faults.ts'
import { Outbox } from '../../src/base/outbox.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import type { Consumer, Route, Service } from '../../src/contract/plan.ts'
import { Trace } from '../../src/contract/record/trace.ts'
import { Target } from '../../src/contract/target.ts'
import { Response } from '../../src/flow/response/response.ts'
import { putRecord, type RecordContext } from '../../src/logs/put-record.ts'
import { type ReadRecord, readRecord } from '../../src/logs/read-record.ts'
import { exchangeOf } from './balancer-rig.ts'
import { FakeClient } from './flow-rig.ts'

export const RECORD_WALL_MS = 1_800_000_000_000
const NOW_MS = 6000

const clock = new Clock(
  () => NOW_MS,
  () => RECORD_WALL_MS,
)

const response = new Response(
  {
    product: 'sluice/1.0',
    errorDefaultType: 'text/plain',
    serverToken: true,
    viaToken: true,
    proxyLatency: true,
    upstreamLatency: true,
    responseLatency: true,
    requestId: true,
    upstreamStatus: false,
    allowsDebug: false,
  },
  clock,
)

/** What a worker's door has; the answer's fields are written by the real flow/response. */
export function makeRecordContext(extras: RecordContext['extras'] = null): RecordContext {
  return {
    wall: () => RECORD_WALL_MS,
    now: () => NOW_MS,
    upstreamPath: (x) => x.request.bytes.latin1Slice(x.request.pathStart, x.request.targetEnd),
    putSent: (out, x) => response.putSent(out, x),
    extras,
  }
}

const REQUEST = [
  'GET /v1/orders/8f14e45f?expand=lines&limit=50 HTTP/1.1',
  'Host: orders.example.com',
  'Accept: application/json, text/plain, */*',
  'Authorization: Bearer s3cret',
  'Accept-Encoding: gzip, deflate, br',
  'Accept-Language: en-GB,en;q=0.9',
  'Cache-Control: no-cache',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0',
  'X-Request-Source: web',
  '',
].join('\n')

const ANSWER = [
  'HTTP/1.1 200 OK',
  'Content-Type: application/json; charset=utf-8',
  'Content-Length: 1100',
  'Cache-Control: private, max-age=0',
  'ETag: "8f14e45fceea167a5a36dedd4bea2543"',
  'Vary: Accept-Encoding',
  '',
  '',
].join('\r\n')

// Of these three a record looks at the ids alone.
const SERVICE = { id: '2d2f2b9e-8a7f-4d8c-9b1a-000000000002' } as Service
const ROUTE = { id: '6f1c4a0e-8a7f-4d8c-9b1a-000000000001', service: SERVICE } as Route
const CONSUMER = { id: '77aa2b9e-8a7f-4d8c-9b1a-000000000003', username: 'jo' } as Consumer

export function targetAt(ip: string, port: number, host = 'orders.internal'): Target {
  const address = { ip, port, tls: null, http: 'http/1.1' } as const
  return new Target(`${host}:${port}`, host, Buffer.alloc(0), 100, { address, open: 1, idle: 0 })
}

/** One that was answered by the second of two targets. */
export function finishedExchange(request = REQUEST, answer = ANSWER): Exchange {
  const x = exchangeOf(request)
  x.client = new FakeClient()
  x.requestId.write('0123456789abcdef0123456789abcdef')
  const host = x.request.bytes.indexOf('Host: ') + 'Host: '.length
  x.hostStart = host
  x.hostEnd = x.request.bytes.indexOf('\r', host)
  const bytes = Buffer.from(answer, 'latin1')
  x.response.feed(bytes, 0, bytes.length)
  x.route = ROUTE
  x.consumer = CONSUMER
  x.credentialId = 'c0ffee00-8a7f-4d8c-9b1a-000000000004'
  x.startMs = 5000
  x.enteredMs = 5000.5
  const { tries } = x
  tries.begin(targetAt('10.0.0.1', 8080), 5001)
  tries.failed(faults.TARGET_CONNECT, 0, 5002)
  tries.begin(targetAt('10.0.0.2', 8081), 5002)
  tries.answered(200, 5003, 5013.25)
  tries.ended(5015)
  x.connectedMs = 5003
  x.sentMs = 5003
  x.firstByteMs = 5013.25
  x.endMs = 5015
  x.status = 200
  x.proxied = true
  x.responseLength = 1100
  x.requestBytes = 500
  x.responseBytes = 1100
  return x
}

export function withTrace(x: Exchange): Exchange {
  x.trace = new Trace(Buffer.alloc(16, 1), Buffer.alloc(8, 4), Buffer.alloc(8, 2), Buffer.alloc(8, 3))
  x.trace.isKept = true
  x.trace.begin('router', x.startMs + 1)
  x.trace.end(x.startMs + 2)
  return x
}

/** The record of `x`, written and read. */
export function recordOf(x: Exchange, extras: RecordContext['extras'] = null): ReadRecord {
  const out = new Outbox()
  // Records do not start where numbers are aligned.
  out.putLatin1('abc')
  putRecord(out, x, makeRecordContext(extras))
  return readRecord(out.bytes, 3, out.used)
}
