/**
 * response — writes heads to the client's outbox: the target's answer without what belongs to its connection, or one of
 * our own, with the gateway's fields under SLUICE_HEADERS (as Kong).
 *
 * HOT     `head` runs once a request. Constant lines are bytes made at start.
 */
import type { Clock } from '../../base/clock.ts'
import { type Fault, faults } from '../../base/faults.ts'
import type { Outbox } from '../../base/outbox.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { addField, forgetReceived, getField, setField } from '../../http1/fields.ts'
import { takesTrailers } from '../../http1/framing.ts'
import { type Head, DROPPED as ROW_DROPPED, STRIDE } from '../../http1/head.ts'
import { bit } from '../../http1/names.ts'
import { fitForGrpc, grpcStatus, isGrpc, makeGrpcAnswer } from './grpc-answer.ts'
import { statusLine } from './reasons.ts'
import { CONTENT_TYPES, chooseKind, renderError } from './templates.ts'

const HAS_TRAILER = bit('trailer')
const HAS_KONG_DEBUG = bit('kong-debug')
const HAS_DATE = bit('date')
const HAS_SERVER = bit('server')

export interface ResponseSettings {
  /** As in `Via: 1.1 sluice/1.0.0`. */
  readonly product: string
  readonly errorDefaultType: string
  readonly serverToken: boolean
  readonly viaToken: boolean
  readonly proxyLatency: boolean
  readonly upstreamLatency: boolean
  readonly responseLatency: boolean
  readonly requestId: boolean
  readonly upstreamStatus: boolean
  /** Answers `Kong-Debug: 1` with the names of route and service. */
  readonly allowsDebug: boolean
}

const DROPPED =
  bit('connection') |
  bit('keep-alive') |
  bit('proxy-connection') |
  bit('transfer-encoding') |
  bit('content-length') |
  bit('upgrade') |
  bit('te')

/** What Kong says where the route asks for TLS. */
const GRPC_CANCELLED = 1
const K = 107
const DASH = 45
const CRLF = Buffer.from('\r\n')
const UPSTREAM_LATENCY = Buffer.from('X-Kong-Upstream-Latency: ')
const PROXY_LATENCY = Buffer.from('X-Kong-Proxy-Latency: ')
const RESPONSE_LATENCY = Buffer.from('X-Kong-Response-Latency: ')
const UPSTREAM_STATUS = Buffer.from('X-Kong-Upstream-Status: ')
const REQUEST_ID = Buffer.from('X-Kong-Request-Id: ')

export class Response {
  readonly #settings: ResponseSettings
  readonly #clock: Clock
  readonly #server: Buffer
  readonly #via: Buffer
  /** Names of the fields that tell of us, in lower case. */
  readonly #own: ReadonlySet<string>
  #date: Buffer
  #dateUntilMs: number

  constructor(settings: ResponseSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
    this.#server = Buffer.from(`Server: ${settings.product}\r\n`)
    this.#via = Buffer.from(`Via: 1.1 ${settings.product}\r\n`)
    this.#own = new Set(makeOwnFields(settings))
    this.#date = Buffer.alloc(0)
    this.#dateUntilMs = 0
  }

  /** The head for x.status and x.response; the engine adds framing and the empty line. */
  head(x: Exchange): void {
    const out = x.client!.out
    const head = x.response
    const present = head.present
    if (this.#settings.allowsDebug && (x.request.present & HAS_KONG_DEBUG) !== 0) addDebugFields(x)
    const mask = takesTrailers(x.request) ? DROPPED : DROPPED | HAS_TRAILER
    if (x.proxied) this.#dropOwn(head)
    if (x.proxied && x.status === head.status && head.minor === 1 && head.reasonEnd > head.reasonStart) {
      // The target's own line, in one run with the fields behind it.
      head.putFields(out, mask, 0)
    } else {
      out.putAll(statusLine(x.status))
      head.putFields(out, mask)
    }
    this.#putOwn(out, x, present)
  }

  #putOwn(out: Outbox, x: Exchange, present: number): void {
    if ((present & HAS_DATE) === 0) this.#putDate(out)
    if (this.#settings.serverToken && (present & HAS_SERVER) === 0) out.putAll(this.#server)
    if (x.proxied) this.#putProxied(out, x)
    else if (this.#settings.responseLatency) this.#putMs(out, RESPONSE_LATENCY, this.#clock.now() - x.startMs)
    if (this.#settings.requestId) {
      out.putAll(REQUEST_ID)
      out.put(x.requestId, 0, x.requestId.length)
      out.putAll(CRLF)
    }
  }

  /** The fields of the head that went to the client, once more, for the log. Only `Date` may be that of the end. */
  putSent(out: Outbox, x: Exchange): void {
    const head = x.response
    head.putFields(out, takesTrailers(x.request) ? DROPPED : DROPPED | HAS_TRAILER)
    this.#putOwn(out, x, head.present)
  }

  /** An interim answer: the target's fields and nothing else. */
  info(x: Exchange): void {
    const out = x.client!.out
    out.putAll(statusLine(x.response.status))
    x.response.putReceived(out, DROPPED | HAS_TRAILER)
  }

  /** A gateway behind this one may tell of itself: the client is told of the one it spoke to. */
  #dropOwn(head: Head): void {
    for (let row = 0; row < head.count; row++) {
      const at = row * STRIDE
      const second = head.spans[at]! + 2
      if ((head.bytes[second]! | 32) === K && head.bytes[second - 1] === DASH)
        if (this.#own.has(head.nameAt(row).toLowerCase())) head.spans[at + 4] = ROW_DROPPED
    }
  }

  #putProxied(out: Outbox, x: Exchange): void {
    const settings = this.#settings
    if (settings.viaToken) out.putAll(this.#via)
    if (settings.upstreamLatency) this.#putMs(out, UPSTREAM_LATENCY, x.firstByteMs - x.sentMs)
    if (settings.proxyLatency) this.#putMs(out, PROXY_LATENCY, x.connectedMs - x.startMs)
    if (settings.upstreamStatus) this.#putMs(out, UPSTREAM_STATUS, x.response.status)
  }

  #putMs(out: Outbox, name: Buffer, value: number): void {
    out.putAll(name)
    out.putDecimal(Math.max(0, Math.floor(value)))
    out.putAll(CRLF)
  }

  #putDate(out: Outbox): void {
    const now = this.#clock.now()
    if (now >= this.#dateUntilMs) {
      const wall = this.#clock.wall()
      this.#date = Buffer.from(`Date: ${new Date(wall).toUTCString()}\r\n`)
      this.#dateUntilMs = now + 1000 - (wall % 1000)
    }
    out.putAll(this.#date)
  }

  /** An answer of our own is whole: a gRPC call wants it in a form of its own. */
  fit(x: Exchange): void {
    if (isGrpc(x)) fitForGrpc(x)
  }

  /** Fills in status, type and body for a fault (as Kong). */
  render(x: Exchange, fault: Fault): void {
    x.fault = fault
    x.proxied = false
    x.status = x.faultStatus === 0 ? fault.status : x.faultStatus
    const text = x.faultText === '' ? fault.text : x.faultText
    if (x.response.used !== 0) forgetReceived(x.response)
    if (fault.closes) x.keepAlive = false
    if (fault === faults.HTTPS_REQUIRED && makeHttpsAnswer(x)) return
    if (fault === faults.HTTP2_REQUIRED) {
      addField(x.response, 'Connection', 'Upgrade')
      addField(x.response, 'Upgrade', 'HTTP/2')
    }
    if (isGrpc(x))
      return makeGrpcAnswer(x, text, fault === faults.GRPCS_REQUIRED ? GRPC_CANCELLED : grpcStatus(x.status))
    const kind = chooseKind(x, fault, this.#settings.errorDefaultType)
    setField(x.response, 'Content-Type', CONTENT_TYPES[kind])
    x.answerBody = Buffer.from(renderError(kind, text, x.requestId.latin1Slice(0, x.requestId.length)))
  }
}

function makeOwnFields(settings: ResponseSettings): string[] {
  const own: string[] = []
  if (settings.upstreamLatency) own.push('x-kong-upstream-latency')
  if (settings.proxyLatency) own.push('x-kong-proxy-latency')
  if (settings.upstreamStatus) own.push('x-kong-upstream-status')
  if (settings.requestId) own.push('x-kong-request-id')
  return own
}

/**
 * https_redirect_status_code: 426 asks for an upgrade, the others redirect with an empty body. True when
 * redirected.
 */
function makeHttpsAnswer(x: Exchange): boolean {
  const status = x.route!.httpsRedirectStatus
  const head = x.request
  if (status === 426) {
    addField(x.response, 'Connection', 'Upgrade')
    addField(x.response, 'Upgrade', 'TLS/1.2, HTTP/1.1')
    return false
  }
  x.status = status
  const forwarded = x.clientTrusted ? getField(head, 'x-forwarded-host') : null
  const host = forwarded ?? head.bytes.latin1Slice(x.hostStart, x.hostEnd)
  const path = head.bytes.latin1Slice(head.pathStart, head.targetEnd)
  addField(x.response, 'Location', `https://${host}${path.startsWith('/') ? path : `/${path}`}`)
  return true
}

/** For whoever asks which route took a request (as Kong); only where ALLOW_DEBUG_HEADER is on. */
function addDebugFields(x: Exchange): void {
  const route = x.route
  if (route === null || getField(x.request, 'kong-debug') !== '1') return
  setField(x.response, 'Kong-Route-Id', route.id)
  if (route.name !== null) setField(x.response, 'Kong-Route-Name', route.name)
  if (route.service === null) return
  setField(x.response, 'Kong-Service-Id', route.service.id)
  if (route.service.name !== null) setField(x.response, 'Kong-Service-Name', route.service.name)
}
