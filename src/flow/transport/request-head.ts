/**
 * request-head — writes the head that a target is sent (Kong's fields, RFC 9110 §7.6).
 *
 * What the client sent goes on as it is, in runs, without the fields that belong to its connection; framing is written
 * anew from what the codec understood. Fields that are the same for every request of a connection are made once.
 *
 * HOT     Runs once a try.
 */
import type { Outbox } from '../../base/outbox.ts'
import { asksForTunnel, type Exchange, sendsChunks } from '../../contract/exchange.ts'
import type { Client } from '../../contract/listener.ts'
import type { Route } from '../../contract/plan.ts'
import type { Target } from '../../contract/target.ts'
import { getFields } from '../../http1/fields.ts'
import { CHUNKED, takesTrailers } from '../../http1/framing.ts'
import { STRIDE } from '../../http1/head.ts'
import { bit, id } from '../../http1/names.ts'
import { escapePath } from '../../http1/uri.ts'
import { putUpstreamPath } from './upstream-path.ts'

const HAS_X_KONG_REQUEST_ID = bit('x-kong-request-id')
const HAS_X_FORWARDED_PROTO = bit('x-forwarded-proto')
const HAS_X_FORWARDED_PREFIX = bit('x-forwarded-prefix')
const HAS_X_FORWARDED_HOST = bit('x-forwarded-host')
const HAS_X_FORWARDED_PORT = bit('x-forwarded-port')
const HAS_X_FORWARDED_PATH = bit('x-forwarded-path')
const HAS_CONTENT_LENGTH = bit('content-length')

export interface ForwardSettings {
  /** The product and version, as in `Via: 1.1 sluice/1.0.0`. */
  readonly product: string
  readonly requestIdUpstream: boolean
  /** Ports clients see by the port listened on. */
  readonly portMaps: ReadonlyMap<number, number>
}

const ALWAYS_DROPPED =
  bit('host') |
  bit('connection') |
  bit('keep-alive') |
  bit('proxy-connection') |
  bit('proxy') |
  bit('te') |
  bit('transfer-encoding') |
  bit('content-length') |
  bit('expect') |
  bit('upgrade') |
  bit('http2-settings') |
  bit('trailer') |
  bit('x-forwarded-for') |
  bit('x-real-ip')
const FORWARDED =
  bit('x-forwarded-proto') |
  bit('x-forwarded-host') |
  bit('x-forwarded-port') |
  bit('x-forwarded-path') |
  bit('x-forwarded-prefix')
/** With one of these the client, or a proxy, has said something about the way the request came. */
const FORWARDING = bit('x-forwarded-for') | FORWARDED
const ODD = bit('te') | bit('trailer') | bit('x-forwarded-for')

const VERSION = Buffer.from(' HTTP/1.1\r\n')
const CRLF = Buffer.from('\r\n')
const HOST = Buffer.from('Host: ')
const FORWARDED_HOST = Buffer.from('X-Forwarded-Host: ')
const FORWARDED_PORT = Buffer.from('X-Forwarded-Port: ')
const FORWARDED_PATH = Buffer.from('X-Forwarded-Path: ')
const FORWARDED_PREFIX = Buffer.from('X-Forwarded-Prefix: ')
const REQUEST_ID = Buffer.from('X-Kong-Request-Id: ')
const LENGTH = Buffer.from('Content-Length: ')
const CHUNKED_LINE = Buffer.from('Transfer-Encoding: chunked\r\n\r\n')
const TE_TRAILERS = Buffer.from('TE: trailers\r\n')
const SLASH = 47

export class RequestHead {
  /** By the version the client speaks (RFC 9110 §7.6.3): 1.0, 1.1, 2. */
  readonly #via: readonly [Buffer, Buffer, Buffer]
  /** The same for a request that asks for WebSocket. */
  readonly #viaUpgrade: Buffer
  readonly #settings: ForwardSettings

  constructor(settings: ForwardSettings) {
    this.#settings = settings
    this.#via = [
      Buffer.from(`Via: 1.0 ${settings.product}\r\nConnection: keep-alive\r\n`),
      Buffer.from(`Via: 1.1 ${settings.product}\r\nConnection: keep-alive\r\n`),
      Buffer.from(`Via: 2 ${settings.product}\r\nConnection: keep-alive\r\n`),
    ]
    this.#viaUpgrade = Buffer.from(
      `Via: 1.1 ${settings.product}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n`,
    )
  }

  write(out: Outbox, x: Exchange, target: Target): void {
    const head = x.request
    const route = x.route!
    if (x.upstreamMethod === '') out.put(head.bytes, head.methodStart, head.methodEnd + 1)
    else putMethod(out, x.upstreamMethod)
    putUpstreamPath(out, x, route, route.service!)
    out.putAll(VERSION)
    putHost(out, x, route, target)
    let dropped = ALWAYS_DROPPED
    if (this.#settings.requestIdUpstream) dropped |= HAS_X_KONG_REQUEST_ID
    if (!x.clientTrusted) dropped |= FORWARDED
    head.putFields(out, dropped)
    putForwarded(out, x, route, this.#settings.portMaps)
    if (this.#settings.requestIdUpstream) {
      out.putAll(REQUEST_ID)
      out.put(x.requestId, 0, x.requestId.length)
      out.putAll(CRLF)
    }
    if ((head.present & ODD) !== 0) putOdd(out, x)
    out.putAll(asksForTunnel(x) ? this.#viaUpgrade : this.#via[x.client!.isHttp2 ? 2 : head.minor]!)
    putFraming(out, x)
  }
}

function putMethod(out: Outbox, method: string): void {
  out.putLatin1(method)
  out.putLatin1(' ')
}

function putHost(out: Outbox, x: Exchange, route: Route, target: Target): void {
  if (x.upstreamHost !== '') {
    out.putAll(HOST)
    out.putLatin1(x.upstreamHost)
    out.putAll(CRLF)
  } else if (route.preserveHost && x.hostEnd > x.hostStart) {
    out.putAll(HOST)
    out.put(x.request.bytes, x.hostStart, x.hostEnd)
    if (x.hostPort !== 0) putPort(out, x.hostPort)
    out.putAll(CRLF)
  } else out.putAll(target.hostField)
}

function putPort(out: Outbox, port: number): void {
  out.putLatin1(':')
  out.putDecimal(port)
}

function putForwarded(out: Outbox, x: Exchange, route: Route, portMaps: ReadonlyMap<number, number>): void {
  const client = x.client!
  const present = x.clientTrusted ? x.request.present : 0
  if ((x.request.present & FORWARDING) === 0 && x.clientAddress === client.peerAddress) {
    if (!isForwardHost(x, client)) makeForwardFields(x, client, portMaps)
    out.putAll(client.forwardFields)
    putPath(out, x)
  } else {
    putAddresses(out, x, client, (present & HAS_X_FORWARDED_PROTO) === 0)
    putMissing(out, x, portOf(x, client, portMaps), present)
  }
  if (route.stripPath && x.matchedLength > 0 && (present & HAS_X_FORWARDED_PREFIX) === 0) putPrefix(out, x)
}

/**
 * True when the fields made for an earlier request of this connection hold for this one: the same host, byte by
 * byte.
 */
function isForwardHost(x: Exchange, client: Client): boolean {
  const made = client.forwardHost
  const start = x.hostStart
  if (made.length === 0 || made.length !== x.hostEnd - start || client.forwardPort !== x.hostPort)
    return false
  const bytes = x.request.bytes
  for (let i = 0; i < made.length; i++) if (made[i] !== bytes[start + i]) return false
  return true
}

/** The lines that are the same for every request of a connection without proxies in front of it and with one host. */
function makeForwardFields(x: Exchange, client: Client, portMaps: ReadonlyMap<number, number>): void {
  const peer = client.peerAddress
  const host = x.request.bytes.latin1Slice(x.hostStart, x.hostEnd)
  client.forwardHost = Buffer.from(host, 'latin1')
  client.forwardPort = x.hostPort
  client.forwardFields = Buffer.from(
    `X-Real-IP: ${peer}\r\nX-Forwarded-For: ${peer}\r\nX-Forwarded-Proto: ${client.scheme}\r\n` +
      `X-Forwarded-Host: ${host}\r\nX-Forwarded-Port: ${portOf(x, client, portMaps)}\r\nX-Forwarded-Path: `,
    'latin1',
  )
}

/** The port the client thinks it talks to: what Host names, else the listener's as SLUICE_PORT_MAPS shows it. */
function portOf(x: Exchange, client: Client, portMaps: ReadonlyMap<number, number>): number {
  if (x.hostPort !== 0) return x.hostPort
  return portMaps.get(client.localPort) ?? client.localPort
}

function putPath(out: Outbox, x: Exchange): void {
  out.put(x.request.bytes, x.request.pathStart, x.request.pathEnd)
  out.putAll(CRLF)
}

function putAddresses(out: Outbox, x: Exchange, client: Client, withScheme: boolean): void {
  out.putLatin1('X-Real-IP: ')
  out.putLatin1(x.clientAddress)
  out.putLatin1('\r\nX-Forwarded-For: ')
  const before = getFields(x.request, 'x-forwarded-for')
  for (let i = 0; i < before.length; i++) {
    out.putLatin1(before[i]!)
    out.putLatin1(', ')
  }
  if (before.length === 0) out.putLatin1(x.clientAddress)
  else out.putLatin1(client.proxiedAddress === '' ? client.peerAddress : client.proxiedAddress)
  out.putAll(CRLF)
  if (!withScheme) return
  out.putLatin1('X-Forwarded-Proto: ')
  out.putLatin1(x.forwardedScheme)
  out.putAll(CRLF)
}

/** A trusted proxy may have sent some of them: only the others are ours to add. */
function putMissing(out: Outbox, x: Exchange, port: number, present: number): void {
  const head = x.request
  if ((present & HAS_X_FORWARDED_HOST) === 0) {
    out.putAll(FORWARDED_HOST)
    out.put(head.bytes, x.hostStart, x.hostEnd)
    out.putAll(CRLF)
  }
  if ((present & HAS_X_FORWARDED_PORT) === 0) {
    out.putAll(FORWARDED_PORT)
    out.putDecimal(port)
    out.putAll(CRLF)
  }
  if ((present & HAS_X_FORWARDED_PATH) === 0) {
    out.putAll(FORWARDED_PATH)
    putPath(out, x)
  }
}

function putPrefix(out: Outbox, x: Exchange): void {
  if (x.matchedLength === 1 && x.pathBytes[x.pathStart] === SLASH) return
  out.putAll(FORWARDED_PREFIX)
  const end = x.pathStart + x.matchedLength
  if (x.request.pathOdd) {
    // Normalising has decoded bytes that may not stand in a field, line breaks among them.
    escapePath(x.pathBytes, x.pathStart, end, out)
  } else out.put(x.pathBytes, x.pathStart, end)
  out.putAll(CRLF)
}

/** `TE: trailers` goes on if offered; `Trailer` announces what an announced trailer section will hold. */
function putOdd(out: Outbox, x: Exchange): void {
  const head = x.request
  if (takesTrailers(head)) out.putAll(TE_TRAILERS)
  if (x.requestLength !== CHUNKED) return
  for (let row = head.indexOf(id.trailer, 0); row >= 0; row = head.indexOf(id.trailer, row + 1)) {
    out.put(head.bytes, head.spans[row * STRIDE]!, head.spans[(row + 1) * STRIDE]!)
  }
}

function putFraming(out: Outbox, x: Exchange): void {
  if (x.requestBody !== null) return putLength(out, x.requestBody.length)
  if (sendsChunks(x)) return out.putAll(CHUNKED_LINE)
  if (x.requestLength > 0 || (x.request.present & HAS_CONTENT_LENGTH) !== 0)
    return putLength(out, x.requestLength)
  out.putAll(CRLF)
}

function putLength(out: Outbox, length: number): void {
  out.putAll(LENGTH)
  out.putDecimal(length)
  out.putAll(CRLF)
  out.putAll(CRLF)
}
