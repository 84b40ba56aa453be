/** worker — the thread that carries traffic: opens the data plane and does what the primary says. */
import { inspect } from 'node:util'
import { getHeapStatistics } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import { Unpackr } from 'msgpackr/unpack'
import { type FaultCode, GatewayError } from '../base/faults.ts'
import type { Config } from '../config/model.ts'
import type { AnyPlugin } from '../contract/plugin.ts'
import { NameTable } from '../flow/balancer/name-table.ts'
import { Counters, HEAP_BYTES, PLUGIN_FAILURES } from '../state/counters.ts'
import { PROXY_LINES, STREAM_LINES } from '../state/logs/log-ring.ts'
import { RouteStats } from '../state/route-stats.ts'
import { SeriesTable } from '../state/series/series-table.ts'
import { RingEnd } from './log/ring-end.ts'
import { RingLines } from './log/ring-lines.ts'
import { MessageLog } from './log/worker-log.ts'
import { callLater } from './plane/clock.ts'
import type { DataPlane } from './plane/data-plane.ts'
import { openShared } from './plane/shared-memory.ts'
import { openDataPlane } from './plane/worker-plane.ts'
import { loadPlugins } from './registry.ts'
import { RemoteState } from './state/remote-state.ts'
import type { StateAsk } from './state/state-messages.ts'
import { Heartbeat } from './workers/heartbeat.ts'
import type { FromWorker, NameEntries, ToWorker, WorkerStart } from './workers/messages.ts'
import { tellVitalSigns } from './workers/vital-signs.ts'

const HEAP_EVERY_MS = 5000
/** How long a worker that has failed may take to finish its exchanges. */
const DYING_MS = 3000

// Native border: what worker-set.ts passed as workerData, and a worker always has a parent.
const start = workerData as WorkerStart
const port = parentPort!

function post(message: FromWorker): void {
  port.postMessage(message)
}

async function main(): Promise<void> {
  const { environment, workerId, nodeId, version } = start
  const counters = new Counters(start.shared.counters, workerId)
  const shared = openShared(start.shared, workerId)
  const metrics = new SeriesTable(start.shared.series, environment.workers + 1, workerId)
  const ring = new RingEnd(start.logs.ring, start.logs.bell, () => post({ type: 'logs' }))
  const lines = (place: string, sink: number) => (place === '' ? null : new RingLines(ring, sink, counters))
  const log = new MessageLog({
    post,
    now: Date.now,
    counters,
    levels: start.levels,
    access: lines(environment.proxyAccessLog, PROXY_LINES),
    streamAccess: lines(environment.streamAccessLog, STREAM_LINES),
  })
  const names = new NameTable()
  learn(start.names, names)
  const send = (id: number, ask: StateAsk) => post({ type: 'state', id, ask })
  const state = new RemoteState({ send, later: callLater })
  const plugins: Plugins = new Map()
  const plane = openDataPlane({
    workerId,
    nodeId,
    version,
    environment,
    plugins,
    counters,
    routes: new RouteStats(start.shared.routes, workerId),
    heartbeat: new Heartbeat(start.shared.beats, workerId),
    shared,
    metrics,
    state,
    log,
    ring,
    names,
  })
  // An engine with native handles aborts the whole process if its thread ends while it listens.
  process.on('exit', () => {
    plane.close()
    // Of exchanges that were cut.
    log.flush()
  })
  process.on('uncaughtException', (error) => dieGently(error, plane, log))
  process.on('unhandledRejection', (reason) => tellRejection(reason, counters, log))
  const config = unpackConfig(start.config)
  await loadMissing(config, plugins)
  plane.load(config, start.epoch, start.tls)
  port.on('message', (message: ToWorker) => obey(message, { plane, names, log, state, plugins }))
  await plane.listen(start.addresses)
  reportHeap(counters)
  tellVitalSigns(metrics, String(workerId))
  post({ type: 'ready' })
}

interface Opened {
  readonly plane: DataPlane
  readonly names: NameTable
  readonly log: MessageLog
  readonly state: RemoteState
  readonly plugins: Plugins
}

type Plugins = Map<string, AnyPlugin>
type Load = ToWorker & { type: 'load' }

function obey(message: ToWorker, opened: Opened): void {
  const { plane, names, log, state } = opened
  const end = () => leave(log, 0)
  if (message.type === 'load') loads = loads.then(() => load(message, opened))
  else if (message.type === 'names') learn(message.entries, names)
  else if (message.type === 'tls') plane.useTls(message.tls)
  else if (message.type === 'state') state.answered(message.id, message.answer)
  else if (message.type === 'drain') plane.drain().then(end, end)
  else end()
}

let isDying = false

/**
 * An error that nobody caught ends the worker, since nobody knows what it left half done. The other exchanges of this
 * thread have no part in it: they may finish first.
 */
function dieGently(error: Error, plane: DataPlane, log: MessageLog): void {
  // Until it is gone more may go wrong, of the same cause.
  if (isDying) return
  isDying = true
  post({ type: 'dying', error: error?.stack ?? String(error) })
  const end = () => leave(log, 1)
  setTimeout(end, DYING_MS)
  plane.drain().then(end, end)
}

/** The gateway's own steps await nothing: what nobody awaits is a plugin's, and nothing of ours is half done. */
function tellRejection(reason: unknown, counters: Counters, log: MessageLog): void {
  counters.add(PLUGIN_FAILURES, 1)
  const error = reason instanceof Error ? (reason.stack ?? reason.message) : inspect(reason)
  log.operator('error', 'a promise failed and nobody had asked for it', { plugin: pluginIn(error), error })
}

/** The plugin whose file a stack names first: plugins/quota/quota.js is quota's. Null where it names none. */
function pluginIn(stack: string): string | null {
  return /[/\\]([^/\\]+)[/\\]\1\.(?:m?js|ts)\b/.exec(stack)?.[1] ?? null
}

function learn(entries: NameEntries, names: NameTable): void {
  for (const [name, answers] of entries) names.update(name, answers)
}

/** One behind the other: a plugin that is loaded for the first time must not let a later configuration pass. */
let loads: Promise<void> = Promise.resolve()

async function load({ epoch, config: bytes, tls }: Load, { plane, plugins }: Opened): Promise<void> {
  try {
    const config = unpackConfig(bytes)
    await loadMissing(config, plugins)
    plane.load(config, epoch, tls)
    post({ type: 'loaded', epoch })
  } catch (cause) {
    post({ type: 'refused', epoch, message: cause instanceof Error ? cause.message : String(cause) })
  }
}

/** The primary has all plugins, to judge configurations by; a worker gets those that its configurations name. */
async function loadMissing(config: Config, plugins: Plugins): Promise<void> {
  const named = config.plugins.map(({ name }) => name).filter((name) => !plugins.has(name))
  if (named.length === 0) return
  const loaded = await loadPlugins(start.environment.pluginsDir, new Set(named))
  for (const [name, plugin] of loaded) plugins.set(name, plugin)
}

/** The bytes come in shared memory, which the decoder of text does not take. */
function unpackConfig(bytes: Uint8Array): Config {
  return new Unpackr({ useRecords: false }).unpack(Buffer.from(bytes)) as Config
}

function reportHeap(counters: Counters): void {
  const report = () => counters.set(HEAP_BYTES, getHeapStatistics().used_heap_size)
  report()
  setInterval(report, HEAP_EVERY_MS).unref()
}

/** One turn later, since an exchange that ends in this one still writes its access line. */
function leave(log: MessageLog, code: number): void {
  setImmediate(() => {
    log.flush()
    process.exit(code)
  })
}

main().catch((cause: unknown) => {
  const code: FaultCode = cause instanceof GatewayError ? (cause.fault.code as FaultCode) : 'INTERNAL'
  const detail =
    cause instanceof GatewayError ? cause.detail : cause instanceof Error ? cause.stack : String(cause)
  post({ type: 'failed', code, detail: detail ?? '' })
  setImmediate(() => process.exit(1))
})
