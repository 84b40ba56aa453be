/**
 * exchange — one request and its answer, from the first byte read to the last log line.
 *
 * WHAT    A pooled object that the stages pass along. The listener fills the request, the router the route, plugins the
 *         identity and edits, the balancer the target, the transport the response.
 *
 * HOT     All fields are set, in declared order, by the constructor and again by `reset`; a test compares the two.
 *         Numbers are never null. Times are milliseconds of the worker's clock as doubles; 0 is "not yet".
 */
import { empty } from '../base/empty.ts'
import { type Fault, faults } from '../base/faults.ts'
import { Outbox } from '../base/outbox.ts'
import type { AddedField } from '../http1/added-field.ts'
import { CHUNKED, isHeadRequest } from '../http1/framing.ts'
import { Head, KIND_REQUEST, KIND_RESPONSE, KIND_TRAILERS } from '../http1/head.ts'
import { type HeadLimits, RESPONSE_LIMITS, TRAILER_LIMITS } from '../http1/limits.ts'
import type { Client } from './listener.ts'
import type { Balancer, Consumer, Detour, Plan, RegExpCaptures, Route } from './plan.ts'
import type { Handler, RequestTransform, ResponseTransform } from './plugin.ts'
import type { Trace } from './record/trace.ts'
import { TryLog } from './record/try-log.ts'
import type { Target } from './target.ts'
import type { Carrier } from './transport.ts'

/** What a plugin may ask of the flow. */
export interface FlowDoor {
  /** From a plugin that had answered WAIT: go on with the next. */
  resume(x: Exchange): void
  /** From a plugin that had answered WAIT: the answer is in x, as after DONE. */
  finish(x: Exchange): void
}

export interface ExchangeTimer {
  cancel(): void
}

/**
 * What the flow keeps of an exchange that has become a tunnel: bytes pass both ways, as they are, until both sides
 * have ended theirs.
 */
export interface ExchangeTunnel {
  /** Bytes [start, end) from the client. False: it is to pause. The bytes are only lent. */
  fromClient(bytes: Buffer, start: number, end: number): boolean
  /** The same from the target. */
  fromTarget(bytes: Buffer, start: number, end: number): boolean
  /** The exchange is over. */
  ended(): void
}

/** Exchange.upgrade: a request like any other. */
export const NO_UPGRADE = 0
/** The client asks for a tunnel (Upgrade: websocket). Its engine holds what the client sends until it is answered. */
export const UPGRADE_ASKED = 1
/** The target has said 101: from `writeHead` on, bytes are body until the end of the connection, both ways. */
export const UPGRADED = 2

export const NO_BODY: Uint8Array = new Uint8Array(0)

/** No plugin limits the body. */
const UNLIMITED = Number.MAX_SAFE_INTEGER

/** Where the exchange stands; the flow moves it forward only. */
export const STAGE_READING = 0
/** A plugin answered WAIT. */
export const STAGE_WAITING = 1
/** A try is under way and nothing has gone to the client. */
export const STAGE_TRYING = 2
/** The response head is out. */
export const STAGE_ANSWERING = 3
export const STAGE_DONE = 4
/**
 * Done, because the client has gone, while a plugin had answered WAIT: never reused, since the plugin still
 * holds it.
 */
export const STAGE_ABANDONED = 5

/** Exchange.waits: a plugin has answered WAIT, and may call again when the exchange has gone on long since. */
export const WAITED = 1
/** It was answered, or its client went, while a plugin had answered WAIT: the plugin still holds it. */
export const GIVEN_UP = 2

export class Exchange {
  readonly request: Head
  readonly response: Head
  readonly requestTrailers: Head
  readonly responseTrailers: Head
  /** Grows by need; the router's normalised path lives here when it differs from what was sent. */
  scratch: Buffer

  plan: Plan | null
  client: Client | null
  flow: FlowDoor | null
  stage: number

  // the request, by the listener
  /** Its first byte. */
  startMs: number
  /** Its head was whole. */
  enteredMs: number
  /** >= 0, CHUNKED; see http1/framing.ts. */
  requestLength: number
  requestEnded: boolean
  /** The client waits for 100 Continue. */
  expectsContinue: boolean
  /** The client's connection may serve another request. */
  keepAlive: boolean
  /** NO_UPGRADE, UPGRADE_ASKED (by the engine) or UPGRADED (by the transport). */
  upgrade: number
  /** Where in request.bytes the host without port stands; both 0 when an HTTP/1.0 request has none. */
  hostStart: number
  hostEnd: number
  /** From Host or the absolute target; 0 when it names none. */
  hostPort: number
  /** The normalised path, in `pathBytes` [pathStart, pathEnd). */
  pathBytes: Buffer
  pathStart: number
  pathEnd: number
  /** The client's address after trusted_ips, and whether the peer is trusted. */
  clientAddress: string
  clientTrusted: boolean
  /** What the client used, seen through a trusted proxy's X-Forwarded-Proto. */
  forwardedScheme: 'http' | 'https'
  /** 32 hex characters, as bytes. */
  readonly requestId: Buffer

  // routing
  route: Route | null
  /** Bytes of the normalised path that the route's path matched; -1 for a route without paths. */
  matchedLength: number
  /** Groups of a regex path, or null. */
  captures: RegExpCaptures | null

  // identity, by plugins
  consumer: Consumer | null
  credentialId: string
  /** Handlers resolved so far, for a chain that consumers can change. */
  readonly picked: (Handler | null)[]
  /** The next link to run. */
  step: number
  /** 0, WAITED or GIVEN_UP. */
  waits: number

  // towards the target
  target: Target | null
  carrier: Carrier | null
  readonly tried: Target[]
  readonly tries: TryLog
  attempts: number
  connectedMs: number
  sentMs: number
  /** Replaces the computed path and query when not ''. Latin-1, ready for the wire. */
  upstreamUri: string
  /** Replaces the query alone when not null: without its question mark, '' is none. Latin-1, ready for the wire. */
  upstreamQuery: string | null
  /** Replaces the method when not ''. */
  upstreamMethod: string
  /** Replaces the Host sent when not ''. */
  upstreamHost: string
  /** Null: the targets of the route's service. Set by a plugin in its request step. */
  detour: Detour | null
  /** The whole request body, when a plugin asked for it or replaced it; null while streamed. */
  requestBody: Buffer | null
  /** Body bytes that went to a target, kept so that a failed try can be repeated. Its memory is for reuse. */
  readonly replay: Outbox
  /** False once body bytes are gone that `replay` does not hold. */
  replayable: boolean
  /** The try under way is on a connection that had served before, and the next one may not be. */
  reused: boolean
  freshOnly: boolean
  /** Set by a plugin in its request step. */
  requestTransform: RequestTransform | null
  requestBytes: number
  /** The most that `requestBytes` may come to, where a plugin limits it; more is refused while it streams. */
  requestBytesMax: number
  /** What this exchange holds of its upstream's limits: HOLDS_* bits; the balancer's own. */
  holds: number
  /** Of the upstream's circuit, while HOLDS_CIRCUIT. */
  ticket: number
  /** Ends a try or a pause at its own time, where the route's retry policy asks for it. */
  timer: ExchangeTimer | null

  // the answer
  fault: Fault
  /** In place of the fault's own status and text, where not 0 and not ''. */
  faultStatus: number
  faultText: string
  /** What the answer that a plugin has made is called in logs and counters, where it is an error; it goes out as it is. */
  answerFault: Fault
  /** What the operator should know of a refusal: the limit, the circuit. Never sent to a client. */
  detail: string
  /** The status the client is sent; 0 until known. */
  status: number
  /** True when the answer is the target's, false when it is ours. */
  proxied: boolean
  /** What the answer's framing fields say: >= 0, CHUNKED or UNTIL_CLOSE. */
  responseLength: number
  /** True when no body follows the head whatever the fields say: HEAD, 204, 304. */
  bodyless: boolean
  /** The whole response body while a plugin wants it gathered; null otherwise. */
  responseBody: Buffer | null
  /** The body of an answer of our own. */
  answerBody: Uint8Array
  /** Set by a plugin in its response step. */
  responseTransform: ResponseTransform | null
  responseBytes: number
  /** Of the head the client was sent, as HTTP/1 has it; 0 while there is none. */
  responseHeadBytes: number
  firstByteMs: number
  endMs: number
  /** The flow's, from the head of a 101 on. */
  tunnel: ExchangeTunnel | null
  /** Null for most: see trace.ts. */
  trace: Trace | null
  /** The id that correlation-id found or gave, for whoever tells of the exchange. Null: none. */
  correlation: AddedField | null
  /** Values plugins hand each other or the log, by name. Null until used. */
  notes: Map<string, unknown> | null

  constructor(limits: HeadLimits) {
    this.request = new Head(KIND_REQUEST, limits)
    this.response = new Head(KIND_RESPONSE, RESPONSE_LIMITS)
    this.requestTrailers = new Head(KIND_TRAILERS, TRAILER_LIMITS)
    this.responseTrailers = new Head(KIND_TRAILERS, TRAILER_LIMITS)
    this.scratch = EMPTY
    this.plan = null
    this.client = null
    this.flow = null
    this.stage = STAGE_READING
    this.startMs = 0
    this.enteredMs = 0
    this.requestLength = 0
    this.requestEnded = false
    this.expectsContinue = false
    this.keepAlive = true
    this.upgrade = NO_UPGRADE
    this.hostStart = 0
    this.hostEnd = 0
    this.hostPort = 0
    this.pathBytes = EMPTY
    this.pathStart = 0
    this.pathEnd = 0
    this.clientAddress = ''
    this.clientTrusted = false
    this.forwardedScheme = 'http'
    this.requestId = Buffer.alloc(32, 48)
    this.route = null
    this.matchedLength = -1
    this.captures = null
    this.consumer = null
    this.credentialId = ''
    this.picked = []
    this.step = 0
    this.waits = 0
    this.target = null
    this.carrier = null
    this.tried = []
    this.tries = new TryLog()
    this.attempts = 0
    this.connectedMs = 0
    this.sentMs = 0
    this.upstreamUri = ''
    this.upstreamQuery = null
    this.upstreamMethod = ''
    this.upstreamHost = ''
    this.detour = null
    this.requestBody = null
    this.replay = new Outbox()
    this.replayable = true
    this.reused = false
    this.freshOnly = false
    this.requestTransform = null
    this.requestBytes = 0
    this.requestBytesMax = UNLIMITED
    this.holds = 0
    this.ticket = 0
    this.timer = null
    this.fault = faults.NONE
    this.faultStatus = 0
    this.faultText = ''
    this.answerFault = faults.NONE
    this.detail = ''
    this.status = 0
    this.proxied = false
    this.responseLength = 0
    this.bodyless = false
    this.responseBody = null
    this.answerBody = NO_BODY
    this.responseTransform = null
    this.responseBytes = 0
    this.responseHeadBytes = 0
    this.firstByteMs = 0
    this.endMs = 0
    this.tunnel = null
    this.trace = null
    this.correlation = null
    this.notes = null
  }

  reset(): void {
    this.request.reset()
    this.response.reset()
    if (this.requestTrailers.used !== 0) this.requestTrailers.reset()
    if (this.responseTrailers.used !== 0) this.responseTrailers.reset()
    this.plan = null
    this.client = null
    this.flow = null
    this.stage = STAGE_READING
    this.startMs = 0
    this.enteredMs = 0
    this.requestLength = 0
    this.requestEnded = false
    this.expectsContinue = false
    this.keepAlive = true
    this.upgrade = NO_UPGRADE
    this.hostStart = 0
    this.hostEnd = 0
    this.hostPort = 0
    this.pathBytes = EMPTY
    this.pathStart = 0
    this.pathEnd = 0
    this.clientAddress = ''
    this.clientTrusted = false
    this.forwardedScheme = 'http'
    this.route = null
    this.matchedLength = -1
    this.captures = null
    this.consumer = null
    this.credentialId = ''
    empty(this.picked)
    this.step = 0
    this.waits = 0
    this.target = null
    this.carrier = null
    empty(this.tried)
    if (this.tries.all !== 0) this.tries.reset()
    this.attempts = 0
    this.connectedMs = 0
    this.sentMs = 0
    this.upstreamUri = ''
    this.upstreamQuery = null
    this.upstreamMethod = ''
    this.upstreamHost = ''
    this.detour = null
    this.requestBody = null
    if (this.replay.used !== 0) this.replay.release()
    this.replayable = true
    this.reused = false
    this.freshOnly = false
    this.requestTransform = null
    this.requestBytes = 0
    this.requestBytesMax = UNLIMITED
    this.holds = 0
    this.ticket = 0
    this.timer = null
    this.fault = faults.NONE
    this.faultStatus = 0
    this.faultText = ''
    this.answerFault = faults.NONE
    this.detail = ''
    this.status = 0
    this.proxied = false
    this.responseLength = 0
    this.bodyless = false
    this.responseBody = null
    this.answerBody = NO_BODY
    this.responseTransform = null
    this.responseBytes = 0
    this.responseHeadBytes = 0
    this.firstByteMs = 0
    this.endMs = 0
    this.tunnel = null
    this.trace = null
    this.correlation = null
    this.notes = null
  }
}

const EMPTY = Buffer.alloc(0)

/** Who picks the targets of an exchange that has a service. */
export function balancerOf(x: Exchange): Balancer {
  return x.detour === null ? x.route!.service!.balancer : x.detour.balancer
}

/** Whether the try under way asks its target for a tunnel: not where a plugin gives the request a body. */
export function asksForTunnel(x: Exchange): boolean {
  return x.upgrade === UPGRADE_ASKED && x.requestBody === null
}

/** Whether the target is sent a body whose length nobody knows beforehand. */
export function sendsChunks(x: Exchange): boolean {
  if (x.requestBody !== null || x.requestLength === 0) return false
  return x.requestLength === CHUNKED || x.requestTransform !== null
}

/** Whether the target is asked with HEAD, so that its answer has no body, whatever the client asked with. */
export function asksForHead(x: Exchange): boolean {
  return x.upstreamMethod === '' ? isHeadRequest(x.request) : x.upstreamMethod === 'HEAD'
}
