/**
 * shipping — what a record costs the log thread, from its bytes in the ring to the kernel, by the plugin that ships it.
 *
 *     node dist/bench/micro/telling/shipping.bench.js
 *
 * The record is that of log-record: a line of 2.3 KB. The receivers are in a process of their own, which is not
 * counted, and take what comes. At most AHEAD records wait, so that queues never overflow; processor time does not
 * count the wait.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Outbox } from '../../../src/base/outbox.ts'
import type { Sink, SinkTools } from '../../../src/contract/machine/log-sinks.ts'
import { putRecord } from '../../../src/logs/put-record.ts'
import { readRecord } from '../../../src/logs/read-record.ts'
import { shipHttp } from '../../../src/plugins/http-log/ship-http.ts'
import { shipTcp } from '../../../src/plugins/tcp-log/ship-tcp.ts'
import { shipUdp } from '../../../src/plugins/udp-log/ship-udp.ts'
import { finishedExchange, makeRecordContext } from '../../../test/kit/record-rig.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

const RECORDS = 200
const AHEAD = 800
const CLOSE_MS = 1000
/** More than a stretch takes. */
const LIFE_MS = 600_000

const RECEIVERS = `
const http = require('node:http').createServer((request, response) => {
  request.resume().on('end', () => response.end())
})
const tcp = require('node:net').createServer((socket) => socket.on('error', () => {}).resume())
const udp = require('node:dgram').createSocket('udp4')
http.listen(0, '127.0.0.1', () => tcp.listen(0, '127.0.0.1', () => udp.bind(0, '127.0.0.1', () => {
  console.log(JSON.stringify([http.address().port, tcp.address().port, udp.address().port]))
})))
setTimeout(() => process.exit(), ${LIFE_MS})
`

export const bench: Bench = {
  name: 'shipping',
  says: 'one record on its way from the ring to a receiver',
  groups: [{ name: 'a record', open: openShipping }],
}

async function openShipping(): Promise<Case[]> {
  const { child, ports } = await openReceivers()
  const [httpPort, tcpPort, udpPort] = ports
  const cases = [200, 20, 1].map((batch) =>
    makeCase(`http-log, batches of ${batch}`, (tools) => openHttp(httpPort, batch, tools)),
  )
  const host = '127.0.0.1'
  const stream = { host, port: tcpPort, timeoutMs: 10_000, keepaliveMs: 0, tls: null }
  cases.push(
    makeCase('tcp-log', (tools) => shipTcp(stream, tools)),
    makeCase('udp-log', (tools) => shipUdp({ host, port: udpPort, timeoutMs: 1000 }, tools)),
  )
  const last = cases.pop()!
  const close = async () => {
    await last.close?.()
    child.kill()
  }
  return [...cases, { ...last, close }]
}

function openHttp(port: number, maxBatchSize: number, tools: SinkTools): Sink {
  const post = {
    url: `http://127.0.0.1:${port}/in`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    connectTimeoutMs: 10_000,
    sendTimeoutMs: 10_000,
    readTimeoutMs: 10_000,
    keepaliveMs: 60_000,
    connections: 1,
    verifiesTls: false,
  } as const
  const queue = {
    maxBatchSize,
    maxCoalescingDelayMs: 1000,
    maxEntries: 10_000,
    maxBytes: null,
    maxRetryTimeMs: 60_000,
    initialRetryDelayMs: 10,
    maxRetryDelayMs: 60_000,
    concurrency: 1,
  }
  return shipHttp({ place: '', post, queue }, tools)
}

function makeCase(name: string, open: (tools: SinkTools) => Sink): Case {
  const box = new Outbox()
  putRecord(box, finishedExchange(), makeRecordContext())
  let delivered = 0
  const sink = open({
    nodeId: 'n',
    hostname: 'h',
    version: '0',
    trusted: [],
    entity: () => null,
    now: () => performance.now(),
    lost: (count, why) => {
      throw new Error(`${name}: ${count} lost, ${why}`)
    },
    delivered: (count) => {
      delivered += count
    },
    log: () => {},
  })
  const run = async (times: number): Promise<number> => {
    for (let i = 0; i < times; i++) {
      for (let k = 0; k < RECORDS; k++) sink.write(readRecord(box.bytes, 0, box.used))
      while (sink.waiting >= AHEAD) await nextTurn()
    }
    while (sink.waiting > 0) await nextTurn()
    return delivered
  }
  return { name, pack: RECORDS, run, close: () => sink.close(CLOSE_MS) }
}

interface Receivers {
  readonly child: ChildProcess
  readonly ports: readonly [http: number, tcp: number, udp: number]
}

function openReceivers(): Promise<Receivers> {
  const child = spawn(process.execPath, ['-e', RECEIVERS], { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve) => {
    // Its first words are its ports.
    child.stdout.once('data', (bytes: Buffer) => resolve({ child, ports: JSON.parse(bytes.toString()) }))
  })
}

await runAlone(bench, import.meta.url)
