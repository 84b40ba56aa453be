/** The data plane of one worker: builds the stages once, and swaps plans into them. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Clock } from '../../base/clock.ts'
import { Deadlines, SWEEP_MS } from '../../base/deadlines.ts'
import { Turn } from '../../base/turn.ts'
import { compile } from '../../config/compile.ts'
import type { BuildTools } from '../../contract/build.ts'
import type { Listener } from '../../contract/listener.ts'
import { ChainRunner, type Step } from '../../flow/chain/chain.ts'
import { Flow } from '../../flow/flow.ts'
import { Admission } from '../../flow/listener/admit.ts'
import { Exchanges } from '../../flow/listener/exchanges.ts'
import { RequestIds } from '../../flow/listener/request-ids.ts'
import { Plans } from '../../flow/plans.ts'
import { Response } from '../../flow/response/response.ts'
import { RequestHead } from '../../flow/transport/request-head.ts'
import { Transports } from '../../flow/transport/transports.ts'
import { openAccessLine } from '../../observe/access/open-access-line.ts'
import { RouteTally } from '../../observe/route-tally.ts'
import { WorkerTally } from '../../observe/tally.ts'
import { RedisDoor } from '../../redis/redis-door.ts'
import { PLUGIN_FAILURES, REDIS_PROBLEMS } from '../../state/counters.ts'
import { openRingDoor } from '../log/open-ring-door.ts'
import type { RingDoor } from '../log/ring-door.ts'
import { callLater, openClock } from './clock.ts'
import type { DataPlane, DataPlaneOptions } from './data-plane.ts'
import { makeListener } from './engine.ts'
import { TaskPool } from './offload/task-pool.ts'
import {
  admitSettings,
  forwardSettings,
  listenerLimits,
  poolLimits,
  responseSettings,
} from './plane-settings.ts'
import { hasSecureStreams, StreamPlane } from './stream-plane.ts'
import { makeTargetSockets, readTargetTls } from './target-tls.ts'
import { handshakeCounts, handshakeFailures, TlsPlane } from './tls-plane.ts'
import { readTrusted } from './trusted.ts'

/** All sockets of the worker read into one buffer of this size: libuv's own choice. */
const READ_BYTES = 64 * 1024
const LAST_LINES_MS = 500

export function openDataPlane(options: DataPlaneOptions): DataPlane {
  const { environment } = options
  const clock = openClock()
  const tools: SocketTools = {
    clock,
    turn: new Turn(clock, setImmediate),
    deadlines: new Deadlines(),
    readBuffer: Buffer.allocUnsafeSlow(READ_BYTES),
  }
  const tally = new WorkerTally(options.counters, options.log.access, clock, new RouteTally(options.routes))
  tally.useLine(openAccessLine(environment.accessLogFormat, clock, hostname()))
  const flow = makeFlow(options, clock, tally)
  const transport = makeTransport(options, tools, flow)
  const { listener, streams } = makeListeners(options, tools, flow, tally)
  const sweep = startSweep(options, tools, () => {
    transport.report(options.counters)
    tally.connectionsNow(listener.connections, flow.stages.plans.underWay)
  })
  const redis = openRedisDoor(options, tools)
  const tls = new TlsPlane(options, [listener, ...(hasSecureStreams(environment) ? [streams] : [])])
  const offload = new TaskPool()
  const { ring, counters } = options
  const logs = openRingDoor({ ring, counters, flow, clock })
  const build = buildTools(options, transport, { clock, redis, offload, logs })
  return {
    load: (config, epoch, tlsDefaults) => {
      const plan = compile(config, build, epoch)
      try {
        tls.load(config, tlsDefaults)
      } catch (error) {
        plan.close()
        throw error
      }
      flow.stages.plans.swap(plan)
    },
    useTls: (defaults) => tls.use(defaults),
    listen: async (addresses) => {
      await streams.listener.listen(addresses.filter((address) => address.isStream === true))
      await listener.listen(addresses.filter((address) => address.isStream !== true))
    },
    drain: () => {
      const graceMs = graceOf(environment.drainMs)
      flow.drain(graceMs)
      return Promise.all([listener.drain(), streams.drain(graceMs)]).then(() => {})
    },
    close: () => {
      clearInterval(sweep)
      listener.close()
      streams.listener.close()
      transport.close()
      redis.close()
      offload.close()
    },
    get connections() {
      return listener.connections + streams.listener.connections
    },
  }
}

function startSweep(
  { heartbeat }: DataPlaneOptions,
  { clock, deadlines }: SocketTools,
  report: () => void,
): NodeJS.Timeout {
  return setInterval(() => {
    heartbeat.beat()
    deadlines.sweep(clock.now())
    report()
    clock.turnEnded()
  }, SWEEP_MS)
}

interface Listeners {
  readonly listener: Listener
  readonly streams: StreamPlane
}

function makeListeners(
  options: DataPlaneOptions,
  tools: SocketTools,
  flow: Flow,
  tally: WorkerTally,
): Listeners {
  const { environment } = options
  const limits = listenerLimits(environment)
  const exchanges = new Exchanges(limits, new RequestIds(randomBytes(16)))
  const listener = makeListener(environment.engine, {
    ...tools,
    events: flow,
    exchanges,
    limits,
    onCount: (what) => tally.connection(what),
    others: () => streams.listener.connections,
    onHandshake: handshakeCounts(options),
    onHandshakeFailed: handshakeFailures(options),
  })
  const { plans } = flow.stages
  const streams: StreamPlane = new StreamPlane(options, {
    ...tools,
    exchanges,
    plans,
    others: () => listener.connections,
  })
  return { listener, streams }
}

/** What tunnels and streams have for closing: all of a stop but what their last lines may take to the log. */
function graceOf(drainMs: number): number {
  return Math.max(drainMs - LAST_LINES_MS, drainMs / 2)
}

/** What listener and transport share: they read into one buffer and write at the end of the same turn. */
interface SocketTools {
  readonly clock: Clock
  readonly turn: Turn
  readonly deadlines: Deadlines
  readonly readBuffer: Buffer
}

/** How the gateway names itself in Via and Server. */
function productOf(options: DataPlaneOptions): string {
  return `sluice/${options.version}`
}

function makeFlow(options: DataPlaneOptions, clock: Clock, tally: WorkerTally): Flow {
  const { environment, log } = options
  const chain = new ChainRunner(
    (x, plugin, step, error) => {
      options.counters.add(PLUGIN_FAILURES, 1)
      log.operator('error', failureText(plugin, step), {
        error: causeOf(error),
        route: x.route?.name ?? null,
        request: x.requestId.latin1Slice(0, x.requestId.length),
      })
    },
    options.heartbeat.running,
    () => clock.nowAnew(),
  )
  return new Flow({
    clock,
    plans: new Plans(),
    admission: new Admission(admitSettings(environment)),
    chain,
    response: new Response(responseSettings(environment, productOf(options)), clock),
    tally,
    later: callLater,
    random: Math.random,
    tunnelLifetimeMs: environment.tunnelLifetimeMs,
    pluginWaitMs: environment.pluginWaitMs,
    transport: null,
  })
}

function failureText(plugin: string, step: Step): string {
  if (step === 'wait') return `plugin ${plugin} had a request wait and did not resume`
  if (step === 'resume') return 'a plugin resumed a request that was not waiting'
  return `plugin ${plugin} failed in its ${step} step`
}

/** The words alone where a stack would lead into the gateway, or a plugin has thrown what has none. */
function causeOf(error: unknown): string {
  try {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  } catch {
    return 'what it threw cannot be shown'
  }
}

function makeTransport(options: DataPlaneOptions, tools: SocketTools, flow: Flow): Transports {
  const { environment } = options
  const head = new RequestHead(forwardSettings(environment, productOf(options)))
  const sockets = makeTargetSockets(options, tools.clock)
  const pipelining = environment.upstreamPipelining === 1
  const own = { sockets, limits: poolLimits(environment), pipelining, head }
  const transport = new Transports({ ...tools, ...own }, flow)
  flow.stages.transport = transport
  return transport
}

function openRedisDoor(
  { counters, environment, log }: DataPlaneOptions,
  { clock, turn }: SocketTools,
): RedisDoor {
  return new RedisDoor({
    turn,
    now: () => clock.now(),
    log: (level, message) => log.operator(level, message),
    onProblem: () => counters.add(REDIS_PROBLEMS, 1),
    trusted: readTrusted(environment.trustedCertificates),
  })
}

interface Doors {
  readonly clock: Clock
  readonly redis: RedisDoor
  readonly offload: TaskPool
  readonly logs: RingDoor
}

function buildTools(
  options: DataPlaneOptions,
  pools: Transports,
  { clock, redis, offload, logs }: Doors,
): BuildTools {
  const { environment, log } = options
  return {
    pools,
    targetTls: readTargetTls(environment),
    names: options.names,
    clock,
    plugins: options.plugins,
    routerFlavor: environment.routerFlavor,
    random: Math.random,
    shared: options.shared,
    host: {
      nodeId: options.nodeId,
      hostname: hostname(),
      workerId: options.workerId,
      pid: process.pid,
      wall: () => clock.wall(),
      now: () => clock.now(),
      nowAnew: () => clock.nowAnew(),
      later: callLater,
      shared: options.shared,
      redis,
      offload,
      state: options.state,
      logs,
      metrics: options.metrics,
      tracing: {
        samplingRate: environment.tracingSamplingRate,
        instrumentations: environment.tracingInstrumentations,
      },
      version: options.version,
      random: randomBytes,
      count: (counter) => options.counters.add(counter, 1),
      log: (level, message, fields) => log.operator(level, message, fields),
    },
  }
}
