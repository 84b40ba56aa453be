/**
 * log-record — what a log record costs: the worker that writes it down, and the log thread that makes a line of it.
 *
 *     node dist/bench/micro/telling/log-record.bench.js
 *
 * The exchange has nine fields in its request, twelve in its answer, two tries, a route, a service and a consumer: a
 * line of 2.3 KB. The peer is msgpackr with shared structures, handed the same facts as an object of strings, as it has
 * to be; its record still has header lines as one text, and is read into an object with the same.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Packr } from 'msgpackr'
import { Outbox } from '../../../src/base/outbox.ts'
import { packageRoot } from '../../../src/boot/machine.ts'
import type { Exchange } from '../../../src/contract/exchange.ts'
import { putRequestFields, putSentFields } from '../../../src/logs/bytes/put-fields.ts'
import { kongLog } from '../../../src/logs/kong-log.ts'
import { putRecord } from '../../../src/logs/put-record.ts'
import { readRecord } from '../../../src/logs/read-record.ts'
import { finishedExchange, makeRecordContext } from '../../../test/kit/record-rig.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

// npm asks for it; the package does not export it.
const { version } = JSON.parse(
  readFileSync(join(packageRoot(), 'node_modules/msgpackr/package.json'), 'utf8'),
) as { version: string }

export const bench: Bench = {
  name: 'log-record',
  says: 'one exchange as a record, and as a line of Kong’s log',
  groups: [
    { name: 'written in the worker', open: openWriting },
    { name: 'read in the log thread', open: openReading },
    { name: 'read and made into a line', open: openLines },
  ],
}

const context = makeRecordContext()
const STRUCTURES_MAX = 64

function makePackr(): Packr {
  return new Packr({ structures: [], maxSharedStructures: STRUCTURES_MAX, useRecords: true })
}

function openWriting(): Case[] {
  const x = finishedExchange()
  const box = new Outbox()
  const lines = new Outbox()
  const packr = makePackr()
  return [
    {
      name: 'plain fields',
      run: (times) => {
        let sum = 0
        for (let i = 0; i < times; i++) {
          box.used = 0
          putRecord(box, x, context)
          sum += box.used
        }
        return sum
      },
    },
    {
      name: 'msgpackr, shared structures',
      peer: version,
      run: (times) => {
        let sum = 0
        for (let i = 0; i < times; i++) sum += packr.pack(factsOf(x, lines)).length
        return sum
      },
    },
  ]
}

function openReading(): Case[] {
  const x = finishedExchange()
  const box = new Outbox()
  putRecord(box, x, context)
  const packr = makePackr()
  const packed = Buffer.from(packr.pack(factsOf(x, new Outbox())))
  return [
    {
      name: 'plain fields, header fields apart',
      run: (times) => {
        let sum = 0
        for (let i = 0; i < times; i++) sum += readRecord(box.bytes, 0, box.used).requestLines.count
        return sum
      },
    },
    {
      name: 'msgpackr, header fields as one text',
      peer: version,
      run: (times) => {
        let sum = 0
        for (let i = 0; i < times; i++) sum += packr.unpack(packed).status
        return sum
      },
    },
  ]
}

function openLines(): Case[] {
  const box = new Outbox()
  putRecord(box, finishedExchange(), context)
  const traced = new Outbox()
  putRecord(traced, finishedExchange(), makeRecordContext(['tenant', 'a', 'labels.page', '2']))
  const entities = {
    route: { id: 'r', name: 'orders', paths: ['/v1'], protocols: ['http', 'https'], strip_path: true },
    service: { id: 's', name: 'orders', host: 'orders.internal', port: 8080, retries: 5, protocol: 'http' },
    consumer: { id: 'c', username: 'jo', custom_id: '42', tags: ['a', 'b'] },
  }
  const entity = (kind: keyof typeof entities) => entities[kind]
  const file = Buffer.alloc(64 * 1024)
  const line = (from: Outbox) => (times: number) => {
    let sum = 0
    for (let i = 0; i < times; i++)
      sum += file.utf8Write(kongLog(readRecord(from.bytes, 0, from.used), entity), 0)
    return sum
  }
  const stringified = (times: number) => {
    let sum = 0
    for (let i = 0; i < times; i++) {
      const record = readRecord(box.bytes, 0, box.used)
      const { requestHeaders, responseHeaders } = record
      sum += JSON.stringify({ ...record, requestHeaders, responseHeaders, ...entities }).length
    }
    return sum
  }
  return [
    { name: 'into the bytes of a file', run: line(box) },
    { name: 'the same with custom fields in objects', run: line(traced) },
    { name: 'the record by JSON.stringify', run: stringified },
  ]
}

/** What a record has, as an object. */
function factsOf(x: Exchange, lines: Outbox): object {
  const head = x.request
  lines.used = 0
  putRequestFields(lines, x)
  const requestLines = lines.bytes.latin1Slice(0, lines.used)
  lines.used = 0
  putSentFields(lines, x, context)
  return {
    requestId: x.requestId.latin1Slice(0, x.requestId.length),
    startedAt: context.wall(),
    clientIp: x.clientAddress,
    clientPort: x.client!.peerPort,
    scheme: x.client!.scheme,
    host: head.bytes.latin1Slice(x.hostStart, x.hostEnd),
    port: x.client!.localPort,
    minor: head.minor,
    method: head.bytes.latin1Slice(head.methodStart, head.methodEnd),
    uri: head.bytes.latin1Slice(head.pathStart, head.targetEnd),
    requestLines,
    responseLines: lines.bytes.latin1Slice(0, lines.used),
    requestBytes: x.requestBytes,
    responseBytes: x.responseBytes,
    upstreamUri: context.upstreamPath(x),
    status: x.status,
    proxied: x.proxied,
    routeId: x.route!.id,
    serviceId: x.route!.service!.id,
    consumerId: x.consumer!.id,
    credentialId: x.credentialId,
    fault: x.fault.id,
    detail: x.detail,
    tries: x.tries.targets.map((target, i) => ({
      ip: target.address.ip,
      port: target.address.port,
      host: target.host,
      startMs: x.tries.time(i, 0),
      sentMs: x.tries.time(i, 1),
      headMs: x.tries.time(i, 2),
      endMs: x.tries.time(i, 3),
      status: x.tries.statuses[i]!,
      fault: x.tries.faults[i]!.id,
    })),
    timers: [x.startMs, x.enteredMs, x.connectedMs, x.sentMs, x.firstByteMs, x.endMs],
  }
}

await runAlone(bench, import.meta.url)
