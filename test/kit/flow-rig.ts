/**
 * flow-rig — the flow with a client, a transport, a balancer and plugins that do as told, and a record of what
 * was said.
 */
import { CidrSet } from '../../src/base/cidr.ts'
import { Clock } from '../../src/base/clock.ts'
import { type Fault, faults } from '../../src/base/faults.ts'
import { Outbox } from '../../src/base/outbox.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import type { Client } from '../../src/contract/listener.ts'
import type { Balancer, Chain, Link, Plan, RetryPolicy, Route, Service } from '../../src/contract/plan.ts'
import { PROTOCOL_HTTP, RouteMark } from '../../src/contract/plan.ts'
import type { Handler } from '../../src/contract/plugin.ts'
import { type Address, HOLDS_RETRY, Target, type TargetPool } from '../../src/contract/target.ts'
import type { Carrier, Transport } from '../../src/contract/transport.ts'
import { ChainRunner } from '../../src/flow/chain/chain.ts'
import { Flow } from '../../src/flow/flow.ts'
import { Admission } from '../../src/flow/listener/admit.ts'
import { Plans } from '../../src/flow/plans.ts'
import { Response, type ResponseSettings } from '../../src/flow/response/response.ts'
import { isBodyless, requestLength } from '../../src/http1/framing.ts'
import { exchangeOf } from './balancer-rig.ts'
import { FlowTimers } from './flow-timers.ts'

export const RESPONSE_SETTINGS: ResponseSettings = {
  product: 'sluice/test',
  errorDefaultType: 'text/plain',
  serverToken: false,
  viaToken: false,
  proxyLatency: false,
  upstreamLatency: false,
  responseLatency: false,
  requestId: false,
  upstreamStatus: false,
  allowsDebug: false,
}

/** A client that keeps what it is sent, and has room until told otherwise. */
export class FakeClient implements Client {
  readonly out = new Outbox()
  readonly said: string[] = []
  sent = ''
  hasRoom = true
  peerAddress = '192.0.2.7'
  peerPort = 4000
  localAddress = '192.0.2.1'
  localPort = 8000
  scheme: 'http' | 'https' = 'http'
  sni = ''
  tls = null
  isHttp2 = false
  proxiedAddress = ''
  connectionId = 1
  requestsOnConnection = 1
  forwardFields: Uint8Array = new Uint8Array(0)
  forwardHost: Uint8Array = new Uint8Array(0)
  forwardPort = 0

  #takeOut(): string {
    const text = this.out.bytes.latin1Slice(0, this.out.used)
    this.out.release()
    return text
  }
  writeHead(x: Exchange): void {
    this.sent += this.#takeOut()
    this.said.push(`head ${x.status} ${x.responseLength}`)
  }
  halfEnd(): void {
    this.said.push('half end')
  }
  writeInfo(x: Exchange): void {
    this.sent += this.#takeOut()
    this.said.push(`info ${x.response.status}`)
  }
  writeBody(_x: Exchange, bytes: Uint8Array, start: number, end: number): boolean {
    this.said.push(`body ${Buffer.from(bytes.subarray(start, end)).toString('latin1')}`)
    return this.hasRoom
  }
  end(): void {
    this.said.push('end')
  }
  abort(): void {
    this.said.push('abort')
  }
  pauseBody(): void {
    this.said.push('pause')
  }
  resumeBody(): void {
    this.said.push('go')
  }
  writeContinue(): void {
    this.said.push('continue')
  }
}

/** A transport whose tries do nothing until a test speaks for the target. */
export class FakeTransport implements Transport, Carrier {
  readonly said: string[] = []
  hasRoom = true
  /** When set, a try fails at once with this. */
  failsWith: Fault | null = null
  flow: Flow | null = null

  open(address: Address): TargetPool {
    return { address, open: 0, idle: 0 }
  }
  leave(): void {}
  send(x: Exchange, target: Target): void {
    this.said.push(`send ${target.name}`)
    if (this.failsWith !== null) return this.flow!.targetFault(x, this.failsWith)
    x.carrier = this
  }
  writeBody(_x: Exchange, bytes: Uint8Array, start: number, end: number): boolean {
    this.said.push(`body ${Buffer.from(bytes.subarray(start, end)).toString('latin1')}`)
    return this.hasRoom
  }
  endBody(): void {
    this.said.push('end')
  }
  abort(): void {
    this.said.push('abort')
  }
  pause(): void {
    this.said.push('pause')
  }
  resume(): void {
    this.said.push('resume')
  }
}

export function makeTarget(name = 'a:1', ip = '127.0.0.1', port = 1): Target {
  const address = { ip, port, tls: null, http: 'http/1.1' as const }
  return new Target(name, 'a', Buffer.from('Host: a\r\n'), 100, { address, open: 0, idle: 0 })
}

export class FakeBalancer implements Balancer {
  readonly targets: Target[]
  readonly said: string[] = []
  refusal: Fault = faults.TARGET_NONE
  hasRetries = true
  /** Places taken and not given back. */
  retriesHeld = 0
  #next = 0

  constructor(targets: Target[]) {
    this.targets = targets
  }
  pick(): Target | null {
    return this.targets.length === 0 ? null : this.targets[this.#next++ % this.targets.length]!
  }
  answered(): void {}
  takeRetry(x: Exchange): boolean {
    if (!this.hasRetries) return false
    this.retriesHeld++
    x.holds |= HOLDS_RETRY
    return true
  }
  dropRetry(x: Exchange): void {
    if ((x.holds & HOLDS_RETRY) !== 0) this.retriesHeld--
    x.holds = 0
  }
  done(x: Exchange, target: Target, fault: Fault): void {
    this.dropRetry(x)
    this.said.push(
      `${target.name} ${fault === faults.NONE ? 'ok' : 'failed'}${x.fault === faults.NONE ? '' : ` ${x.fault.code}`}`,
    )
  }
  close(): void {}
}

export function makeChain(handlers: readonly Handler[] = []): Chain {
  const links: Link[] = handlers.map((handler, i) => ({
    plugin: `plugin-${i}`,
    priority: 1,
    handler,
    outranksConsumer: false,
    origin: 'global',
  }))
  return {
    routeId: '',
    serviceId: '',
    links,
    fixed: true,
    rewrite: handlers.filter((handler) => handler.onRewrite !== undefined),
    request: handlers.filter((handler) => handler.onRequest !== undefined),
    response: handlers.filter((handler) => handler.onResponse !== undefined),
    log: handlers.filter((handler) => handler.onLog !== undefined),
    marks: { links: [], rewrite: [], request: [], response: [], log: [] },
    requestBodyMax: Math.max(0, ...handlers.map((handler) => handler.requestBodyMax ?? 0)),
    responseBodyMax: Math.max(0, ...handlers.map((handler) => handler.responseBodyMax ?? 0)),
  }
}

/** Kong's own conditions, at once, without a limit of time. */
export function makeRetryPolicy(more: Partial<RetryPolicy> = {}): RetryPolicy {
  return {
    statuses: [],
    onConnectFailure: true,
    onReset: true,
    onTimeout: true,
    nonIdempotent: false,
    perTryTimeoutMs: 0,
    backOffBaseMs: 0,
    backOffMaxMs: 0,
    ...more,
  }
}

export function makeService(balancer: Balancer, more: Partial<Service> = {}): Service {
  return {
    id: 's',
    name: 's',
    protocol: 'http',
    host: 'a',
    port: 80,
    path: null,
    retries: 5,
    connectTimeoutMs: 1000,
    writeTimeoutMs: 2000,
    readTimeoutMs: 3000,
    tags: [],
    balancer,
    retryPolicy: null,
    ...more,
  }
}

export function makeRoute(service: Service | null, more: Partial<Route> = {}): Route {
  return {
    id: 'r',
    name: 'r',
    mark: new RouteMark(),
    service,
    tags: [],
    chain: makeChain(),
    protocols: PROTOCOL_HTTP,
    httpsRedirectStatus: 426,
    stripPath: false,
    preserveHost: false,
    pathHandling: 0,
    requestBuffering: true,
    responseBuffering: true,
    ...more,
  }
}

export interface FlowRigOptions {
  readonly plugins?: readonly Handler[]
  readonly globals?: readonly Handler[]
  readonly targets?: Target[]
  readonly service?: Partial<Service>
  readonly route?: Partial<Route>
  readonly isMissing?: boolean
  readonly hasNoService?: boolean
  /** What chance says; 0 if not told. */
  readonly random?: () => number
  readonly pluginWaitMs?: number
  readonly tunnelLifetimeMs?: number
}

export interface FlowRig {
  readonly flow: Flow
  readonly client: FakeClient
  readonly transport: FakeTransport
  readonly balancer: FakeBalancer
  readonly plans: Plans
  readonly plan: Plan & { closed: number }
  /** What the tally was told: status, fault code. */
  readonly tallied: string[]
  readonly now: { ms: number }
  readonly timers: FlowTimers
  /** A request with this head (LF for CRLF), entered. */
  enter(text?: string): Exchange
}

export function makeFlowRig(options: FlowRigOptions = {}): FlowRig {
  const timers = new FlowTimers()
  const now = timers.now
  const clock = new Clock(
    () => now.ms,
    () => now.ms,
  )
  const client = new FakeClient()
  const transport = new FakeTransport()
  const balancer = new FakeBalancer(options.targets ?? [makeTarget()])
  const service = options.hasNoService === true ? null : makeService(balancer, options.service)
  const route = makeRoute(service, { chain: makeChain(options.plugins), ...options.route })
  const plan = makePlan(options.isMissing === true ? null : route, makeChain(options.globals))
  const plans = new Plans()
  plans.swap(plan)
  const tallied: string[] = []
  const flow = new Flow({
    clock,
    plans,
    admission: new Admission({
      trusted: new CidrSet([]),
      realIpHeader: 'x-real-ip',
      realIpRecursive: false,
    }),
    chain: new ChainRunner(
      () => tallied.push('plugin threw'),
      new Int32Array(1),
      () => now.ms,
    ),
    response: new Response(RESPONSE_SETTINGS, clock),
    tally: {
      exchange: (x) => tallied.push(`${x.status} ${x.fault.code}`),
      retry: () => tallied.push('retry'),
      tunnel: (what) => tallied.push(`tunnel ${what}`),
    },
    later: timers.later,
    random: options.random ?? (() => 0),
    tunnelLifetimeMs: options.tunnelLifetimeMs ?? 0,
    pluginWaitMs: options.pluginWaitMs ?? 0,
    transport,
  })
  transport.flow = flow
  const enter = (text = 'GET / HTTP/1.1\nHost: a\n'): Exchange => {
    const x = readExchange(text, client)
    flow.enter(x)
    return x
  }
  return { flow, client, transport, balancer, plans, plan, tallied, now, timers, enter }
}

/** As an engine hands it over. */
export function readExchange(text: string, client: Client): Exchange {
  const x = exchangeOf(text)
  x.pathBytes = Buffer.alloc(0)
  x.pathStart = x.pathEnd = 0
  x.clientAddress = ''
  x.client = client
  x.requestLength = requestLength(x.request)
  x.requestEnded = x.requestLength === 0
  return x
}

export function makePlan(route: Route | null, globalChain = makeChain()): Plan & { closed: number } {
  return {
    closed: 0,
    epoch: 1,
    hash: '',
    router: {
      find(x) {
        x.route = route
        return route !== null
      },
    },
    starters: [],
    globalChain,
    consumers: [],
    routes: [],
    services: [],
    streams: { find: () => null, routes: [] },
    close() {
      this.closed++
    },
  }
}

/** Speaks for the target: the head of an answer with LF for CRLF, as the transport would tell it. */
export function targetAnswers(rig: FlowRig, x: Exchange, text: string, length: number): void {
  const bytes = Buffer.from(`${text}\n`.replaceAll('\n', '\r\n'), 'latin1')
  x.response.feed(bytes, 0, bytes.length)
  x.firstByteMs = rig.flow.now()
  x.status = x.response.status
  x.responseLength = length
  x.bodyless = isBodyless(x.status, x.request.bytes.latin1Slice(0, 5) === 'HEAD ')
  rig.flow.targetHead(x)
}

export function targetSends(rig: FlowRig, x: Exchange, text: string): boolean {
  return rig.flow.targetBody(x, Buffer.from(`<<${text}>>`), 2, 2 + text.length)
}

export function clientSends(rig: FlowRig, x: Exchange, text: string): void {
  rig.flow.requestBody(x, Buffer.from(`<<${text}>>`), 2, 2 + text.length)
}
