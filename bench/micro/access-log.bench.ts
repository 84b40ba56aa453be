/**
 * access-log — what a line of the access log costs, from the exchange to the file.
 *
 *     node dist/bench/micro/access-log.bench.js
 *
 * "a line" counts the request and makes the bytes. "to a file" has the worker's whole way into /dev/null, counters
 * and copy and write included, by turns of a millisecond: in that time either sink has written, and processor time
 * does not count the wait. (Without one pino's destination falls behind, since it has one write of 16 KB under way
 * at most; ours writes all that has gathered.) The thread that writes is counted with both.
 *
 * The peer is pino, handed an object with the same nine facts, and its own destination, sonic-boom, with a buffer of
 * 4 KB. Its lines are JSON and half as long again, and it escapes as JSON asks. Ours are Kong's format, in which a
 * time is a date in words: "isoTime" is pino's nearest, and its default of milliseconds since 1970 is cheaper.
 */
import { constants } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import pino, { type Logger } from 'pino'
import { Clock } from '../../src/base/clock.ts'
import { Outbox } from '../../src/base/outbox.ts'
import { RingEnd } from '../../src/boot/log/ring-end.ts'
import { RingLines } from '../../src/boot/log/ring-lines.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import { getField } from '../../src/http1/fields.ts'
import { WorkerTally } from '../../src/observe/tally.ts'
import { FileWriter } from '../../src/shipping/file-writer.ts'
import { Counters, LOGS_DROPPED, makeCounterBuffer } from '../../src/state/counters.ts'
import { makeLogBell } from '../../src/state/logs/log-bell.ts'
import { LogRingReader, makeLogRing, PROXY_LINES } from '../../src/state/logs/log-ring.ts'
import { exchangeOf } from '../../test/kit/balancer-rig.ts'
import type { Bench, Case } from './frame/bench.ts'
import { runAlone } from './frame/run.ts'

// npm asks for it.
const { version } = createRequire(import.meta.url)('pino/package.json') as { version: string }

const NOWHERE = '/dev/null'
const PINO_BUFFER = 4096
const RING_BYTES = 4 * 1024 * 1024
const LINES_A_TURN = 64
const TURN_MS = 1
const WALL_MS = 1_800_000_000_000
const HEAD = [
  'GET /v1/orders/8f14e45f?expand=lines&limit=50 HTTP/1.1',
  'Host: orders.example.com',
  'Accept: application/json, text/plain, */*',
  'Referer: https://shop.example.com/account/orders?page=2&sort=date',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0',
  '',
].join('\n')

export const bench: Bench = {
  name: 'access-log',
  says: 'one line of the access log',
  groups: [
    { name: 'a line', open: openLines },
    { name: `to a file, ${LINES_A_TURN} lines a turn`, open: openFiles },
  ],
}

function openLines(): Case[] {
  const x = finishedExchange()
  const nobody = { write: (line: string): void => void (written += line.length) }
  let written = 0
  const clock = makeClock()
  const out = new Outbox()
  const closeLine = (): void => {
    written += out.used
    out.used = 0
  }
  const tally = new WorkerTally(makeCounters(), { openLine: () => out, closeLine }, clock)
  const repeat = (operation: () => void) => (times: number) => {
    for (let i = 0; i < times; i++) operation()
    return written
  }
  const iso = makeLogger(pino.stdTimeFunctions.isoTime, nobody)
  const epoch = makeLogger(pino.stdTimeFunctions.epochTime, nobody)
  return [
    { name: 'sluice', run: repeat(() => tally.exchange(x)) },
    { name: 'pino, isoTime', peer: version, run: repeat(() => iso.info(recordOf(x))) },
    { name: 'pino, its default time', peer: version, run: repeat(() => epoch.info(recordOf(x))) },
  ]
}

async function openFiles(): Promise<Case[]> {
  const x = finishedExchange()
  const counters = makeCounters()
  const way = openWay(counters)
  const tally = new WorkerTally(counters, way.lines, makeClock())
  const handle = await openFile(NOWHERE, constants.O_WRONLY | constants.O_APPEND)
  const destination = pino.destination({ dest: handle.fd, sync: false, minLength: PINO_BUFFER })
  const logger = makeLogger(pino.stdTimeFunctions.isoTime, destination)
  const ours = async (times: number): Promise<number> => {
    await inTurns(times, () => tally.exchange(x), way.ship)
    if (counters.get(LOGS_DROPPED) > 0) throw new Error('lines were dropped')
    return times
  }
  return [
    { name: 'sluice', pack: LINES_A_TURN, run: ours },
    {
      name: 'pino and its destination',
      peer: version,
      pack: LINES_A_TURN,
      run: (times) => inTurns(times, () => logger.info(recordOf(x))),
      close: async () => {
        destination.flushSync()
        await handle.close()
      },
    },
  ]
}

/** So many turns, at whose end what was gathered is written. */
async function inTurns(turns: number, operation: () => void, ended = (): void => {}): Promise<number> {
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < LINES_A_TURN; i++) operation()
    await sleep(TURN_MS)
    ended()
  }
  return turns
}

/** Worker, ring, log thread and file, all in this thread: what it costs is the same. */
function openWay(counters: Counters): { lines: RingLines; ship: () => void } {
  const ring = makeLogRing(RING_BYTES)
  const lines = new RingLines(new RingEnd(ring, makeLogBell(), () => {}), PROXY_LINES, counters)
  const lost = (count: number): void => counters.add(LOGS_DROPPED, count)
  const tools = { now: () => performance.now(), lost, delivered: () => {}, log: () => {} }
  const file = new FileWriter({ path: NOWHERE, mode: 0o640, tools })
  const reader = new LogRingReader(ring)
  const ship = (): void => {
    while (reader.next()) {
      if (reader.sink === PROXY_LINES) file.putLines(reader.bytes, reader.start, reader.end, reader.count)
      reader.release()
    }
  }
  return { lines, ship }
}

/** What the line says, as an object made anew: the facts lie in bytes until somebody asks. */
function recordOf(x: Exchange): object {
  const head = x.request
  return {
    address: x.clientAddress,
    user: x.consumer?.username ?? '-',
    request: head.bytes.latin1Slice(head.methodStart, head.targetEnd),
    minor: head.minor,
    status: x.status,
    bytes: x.responseBytes,
    referer: getField(head, 'referer') ?? '-',
    agent: getField(head, 'user-agent') ?? '-',
    id: x.requestId.latin1Slice(0, x.requestId.length),
  }
}

function makeLogger(timestamp: () => string, destination: pino.DestinationStream): Logger {
  return pino({ base: null, timestamp }, destination)
}

function finishedExchange(): Exchange {
  const x = exchangeOf(HEAD)
  x.status = 200
  x.requestBytes = 500
  x.responseBytes = 1100
  return x
}

function makeClock(): Clock {
  let wallMs = WALL_MS
  return new Clock(
    () => 0,
    () => wallMs++,
  )
}

function makeCounters(): Counters {
  return new Counters(makeCounterBuffer(1), 1)
}

await runAlone(bench, import.meta.url)
