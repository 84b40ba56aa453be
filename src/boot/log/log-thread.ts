/** log-thread — the thread that ships what workers tell: reads their rings, and has all sinks. It carries no traffic. */
import { hostname } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { Unpackr } from 'msgpackr/unpack'
import type { Config } from '../../config/model.ts'
import { readRecord } from '../../logs/read-record.ts'
import { LogBell } from '../../state/logs/log-bell.ts'
import type { FromLog, LogStart, SinkFigures, ToLog } from './log-messages.ts'
import { Entities } from './thread/entities.ts'
import { FigureBook } from './thread/figures.ts'
import { LinesSink } from './thread/lines-sink.ts'
import { RingLosses } from './thread/ring-losses.ts'
import { RingPump } from './thread/ring-pump.ts'
import { RingSource } from './thread/ring-source.ts'
import type { CommonTools } from './thread/shipped-sink.ts'
import { SinkSet } from './thread/sink-set.ts'

const TELL_MS = 1000
/** Between two looks at what is still loading, at the end. */
const LOADING_MS = 5
/** Of the time for the end, what sinks have for closing when the rings took longer than they should. */
const CLOSE_MS_MIN = 100
const ERRORS_A_MINUTE = 10
const MINUTE_MS = 60_000
const UNKNOWN = 'unknown'

// Native border: what log-keeper.ts passed as workerData, and the log thread always has a parent.
const start = workerData as LogStart
const port = parentPort!

const now = (): number => performance.now()
const post = (message: FromLog): void => port.postMessage(message)
const entities = new Entities()
const book = new FigureBook()
const common: CommonTools = {
  nodeId: start.nodeId,
  hostname: hostname(),
  version: start.version,
  trusted: start.trusted,
  entity: (kind, id) => entities.find(kind, id),
  now,
  log: (level, message, fields) => post({ type: 'log', level, message, fields: fields ?? {} }),
}
const sinks = new SinkSet(book, common)
const lines = [
  openLines(start.accessPlace, 'access log'),
  openLines(start.streamAccessPlace, 'stream access log'),
]
const sources = start.rings.map(openSource)
const pump = new RingPump(sources, new LogBell(start.bell), now)

function openLines(place: string, label: string): LinesSink | null {
  return place === '' ? null : new LinesSink(place, book.of(label), common)
}

function openSource(ring: SharedArrayBuffer, index: number): RingSource {
  return new RingSource({
    worker: index + 1,
    ring,
    sinks,
    lines,
    unknown: book.of(UNKNOWN),
    readRecord,
    opened: (opening) => post({ type: 'opened', opening }),
    closed: (worker, number) => post({ type: 'closed', worker, number }),
    wake: () => pump.wake(),
  })
}

function takeConfig(bytes: Uint8Array): void {
  // The bytes come in shared memory, which the decoder of text does not take.
  entities.take(new Unpackr({ useRecords: false }).unpack(Buffer.from(bytes)) as Config)
}

let told = ''
const losses = new RingLosses(common)

function tell(): void {
  for (const source of sources) source.countLost()
  book.forgetWaiting()
  sinks.countWaiting()
  for (const each of lines) if (each !== null) each.figures.waiting += each.waiting
  const figures: SinkFigures[] = book.all().filter(isUsed)
  losses.look(figures)
  const text = JSON.stringify(figures)
  if (text === told) return
  told = text
  post({ type: 'figures', figures })
}

/** The count of what has no sink is not shown before there is any. */
function isUsed({ label, records }: SinkFigures): boolean {
  return label !== UNKNOWN || records > 0
}

async function end(graceMs: number): Promise<void> {
  const untilMs = now() + graceMs
  while (!pump.drain(untilMs) && now() < untilMs)
    await new Promise((resolve) => setTimeout(resolve, LOADING_MS))
  const leftMs = Math.max(untilMs - now(), CLOSE_MS_MIN)
  await Promise.all([sinks.close(leftMs), ...lines.map((each) => each?.close(leftMs))])
  tell()
  process.exit(0)
}

function obey(message: ToLog): void {
  if (message.type === 'config') takeConfig(message.config)
  else if (message.type === 'end') void end(message.graceMs)
  else {
    sinks.reopen()
    for (const each of lines) each?.reopen()
  }
}

let minute = -1
let errors = 0

/** An error that nobody caught is a sink's; the others have no part in it, and what waits in them would be lost. */
function tellError(cause: unknown): void {
  const current = Math.floor(now() / MINUTE_MS)
  if (current !== minute) errors = 0
  minute = current
  errors++
  if (errors > ERRORS_A_MINUTE) return
  const error = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
  common.log('error', 'a log sink has thrown where nobody could catch it', { error })
}

process.on('uncaughtException', tellError)
process.on('unhandledRejection', tellError)
takeConfig(start.config)
for (const { worker, number, ...opening } of start.opened) sources[worker - 1]?.restore(number, opening)
for (const source of sources) source.passDeadly()
port.on('message', obey)
setInterval(() => {
  pump.look()
  tell()
}, TELL_MS)
pump.wake()
