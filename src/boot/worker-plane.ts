/** The data plane of one worker: builds the stages once, and swaps plans into them. */
import { createHash, randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { CidrSet } from '../base/cidr.ts'
import { Clock } from '../base/clock.ts'
import { Deadlines, SWEEP_MS } from '../base/deadlines.ts'
import { Turn } from '../base/turn.ts'
import { compile } from '../config/compile.ts'
import type { Environment } from '../config/env.ts'
import type { BuildTools } from '../contract/build.ts'
import type { ListenerLimits } from '../contract/listener.ts'
import { ChainRunner } from '../flow/chain/chain.ts'
import { Flow } from '../flow/flow.ts'
import { Admission } from '../flow/listener/admit.ts'
import { Exchanges } from '../flow/listener/exchanges.ts'
import { RequestIds } from '../flow/listener/request-ids.ts'
import { Plans } from '../flow/plans.ts'
import { Response, type ResponseSettings } from '../flow/response/response.ts'
import { Http1Transport } from '../flow/transport/http1.ts'
import type { PoolLimits } from '../flow/transport/pool.ts'
import { RequestHead } from '../flow/transport/request-head.ts'
import { WorkerTally } from '../observe/tally.ts'
import type { DataPlane, DataPlaneOptions } from './data-plane.ts'
import { makeListener } from './engine.ts'
import { readVersion } from './machine.ts'

/** All sockets of the worker read into one buffer of this size: libuv's own choice. */
const READ_BYTES = 64 * 1024

export function openDataPlane(options: DataPlaneOptions): DataPlane {
  const { environment, log } = options
  const product = `sluice/${readVersion()}`
  const clock = new Clock(
    () => performance.now(),
    () => Date.now(),
  )
  const turn = new Turn(clock, setImmediate)
  const deadlines = new Deadlines()
  const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES)
  const tally = new WorkerTally(options.counters, log, clock)
  const plans = new Plans()
  const limits = listenerLimits(environment)
  const chain = new ChainRunner((_x, plugin, step, error) => {
    log.operator('error', `plugin ${plugin} failed in its ${step} step`, {
      error: error instanceof Error ? error.stack : String(error),
    })
  })
  const admission = new Admission({
    trusted: new CidrSet(environment.trustedIps),
    realIpHeader: environment.realIpHeader.toLowerCase(),
    realIpRecursive: environment.realIpRecursive,
  })
  const flow = new Flow({
    clock,
    plans,
    admission,
    chain,
    response: new Response(responseSettings(environment, product), clock),
    tally,
    transport: null,
  })
  const head = new RequestHead({
    product,
    requestIdUpstream: environment.headersUpstream.includes('x-kong-request-id'),
  })
  const transport = new Http1Transport(
    {
      clock,
      turn,
      deadlines,
      limits: poolLimits(environment),
      pipelining: environment.upstreamPipelining === 1,
      head,
      readBuffer,
    },
    flow,
  )
  flow.stages.transport = transport
  const exchanges = new Exchanges(limits, new RequestIds(randomBytes(16)))
  const listener = makeListener(environment.engine, {
    events: flow,
    exchanges,
    limits,
    clock,
    turn,
    deadlines,
    readBuffer,
    onCount: (what) => tally.connection(what),
  })
  const sweep = setInterval(() => {
    deadlines.sweep(clock.now())
    clock.turnEnded()
  }, SWEEP_MS)
  const tools = buildTools(options, transport, clock)
  return {
    load: (config, epoch) => plans.swap(compile(config, tools, epoch)),
    listen: (addresses) => listener.listen(addresses),
    drain: () => listener.drain(),
    close: () => {
      clearInterval(sweep)
      listener.close()
      transport.close()
    },
    get connections() {
      return listener.connections
    },
  }
}

function buildTools(options: DataPlaneOptions, pools: Http1Transport, clock: Clock): BuildTools {
  const { environment, log } = options
  return {
    pools,
    names: options.names,
    clock,
    plugins: options.plugins,
    routerFlavor: environment.routerFlavor,
    random: Math.random,
    host: {
      nodeId: nodeId(),
      hostname: hostname(),
      workerId: options.workerId,
      pid: process.pid,
      wall: () => clock.wall(),
      version: readVersion(),
      random: randomBytes,
      log: (level, message, fields) => log.operator(level, message, fields),
    },
  }
}

/** The same in every worker of this process, without a message: a UUID over what only this process is. */
function nodeId(): string {
  const hex = createHash('sha256').update(`${hostname()}|${process.pid}|${process.ppid}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function listenerLimits(environment: Environment): ListenerLimits {
  return {
    headBytesMax: environment.largeClientHeaderBytes,
    targetBytesMax: Math.min(environment.largeClientHeaderBytes, 8 * 1024),
    fieldsMax: 200,
    bodyBytesMax: environment.clientMaxBodySize,
    headerTimeoutMs: environment.clientHeaderTimeoutMs,
    bodyTimeoutMs: environment.clientBodyTimeoutMs,
    bodyRateMin: environment.clientBodyRateMin,
    sendTimeoutMs: environment.sendTimeoutMs,
    keepAliveTimeoutMs: environment.keepaliveTimeoutMs,
    keepAliveRequestsMax: environment.keepaliveRequests,
    connectionsMax: environment.connectionsMax,
  }
}

function poolLimits(environment: Environment): PoolLimits {
  return {
    connectionsMax: environment.upstreamConnectionsMax || Number.MAX_SAFE_INTEGER,
    queueMax: environment.upstreamQueueMax,
    idleMax: environment.upstreamKeepalivePoolSize,
    idleTimeoutMs: environment.upstreamKeepaliveIdleTimeoutMs,
    requestsMax: environment.upstreamKeepaliveMaxRequests || Number.MAX_SAFE_INTEGER,
  }
}

function responseSettings(environment: Environment, product: string): ResponseSettings {
  const tokens = new Set(environment.headers)
  const latency = tokens.has('latency_tokens')
  const server = tokens.has('server_tokens')
  return {
    product,
    errorDefaultType: environment.errorDefaultType,
    serverToken: server || tokens.has('server'),
    viaToken: server || tokens.has('via'),
    proxyLatency: latency || tokens.has('x-kong-proxy-latency'),
    upstreamLatency: latency || tokens.has('x-kong-upstream-latency'),
    responseLatency: latency || tokens.has('x-kong-response-latency'),
    requestId: tokens.has('x-kong-request-id'),
    upstreamStatus: tokens.has('x-kong-upstream-status'),
  }
}
