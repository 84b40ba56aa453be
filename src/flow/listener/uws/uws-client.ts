/**
 * uws-client — one request over uWebSockets.js. Pooled: the engine has no object of ours per connection.
 *
 * WHAT    FREE ─▶ begin ─▶ (body ⇄ held) ─▶ answer (uws-answer.ts) ─▶ FREE
 *         The rules of the engine: onAborted before anything else, onData within the handler, bytes only lent, `res`
 *         not touched once it is answered or aborted. A client whose onData may still be called is not used again.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  Body bytes by uws-body.ts, answer bytes by uws-answer.ts. The engine itself ends a connection that is silent
 *         for 10 s, and one that sends a second request before the first is answered.
 *
 * HOT     `begin` and `end` run for every request.
 */
import type { Timed } from '../../../base/deadlines.ts'
import { type Fault, faults } from '../../../base/faults.ts'
import { type Exchange, UPGRADE_ASKED, UPGRADED } from '../../../contract/exchange.ts'
import type { Client } from '../../../contract/listener.ts'
import { BAD_VERSION, TARGET_TOO_LONG, TOO_LARGE } from '../../../http1/answers.ts'
import { getField, removeField } from '../../../http1/fields.ts'
import {
  asksForWebSocket,
  INVALID,
  readConnection,
  requestLength,
  SAYS_CLOSE,
} from '../../../http1/framing.ts'
import { STRIDE } from '../../../http1/head.ts'
import { bit, id } from '../../../http1/names.ts'
import { UwsAnswer } from './uws-answer.ts'
import type { UwsContext, UwsRequest, UwsResponse } from './uws-api.ts'
import { UwsBody } from './uws-body.ts'
import { dropDate, dropWebSocket, VERSION_BYTES } from './uws-response-head.ts'
import type { UwsDoor, UwsShared } from './uws-shared.ts'
import { UwsTunnel } from './uws-tunnel.ts'

/** Bytes of an unwanted body that the engine may read for the sake of keeping the connection. */
const DISCARD_MAX = 1024 * 1024
/** The engine takes a Connection field for `close` by this length alone. */
const CLOSE_BYTES = 5
const CRLF_BYTES = 2
const NOTHING = Buffer.alloc(0)

export class UwsClient extends UwsAnswer implements Client, Timed {
  readonly #shared: UwsShared
  readonly #body: UwsBody
  readonly #onAborted: () => void
  readonly #onData: (bytes: ArrayBuffer, isLast: boolean) => void
  #x: Exchange | null
  #door: UwsDoor | null
  #bodyOpen: boolean
  #delivering: boolean
  #paused: boolean
  /** Of a request that may become a WebSocket; else null. */
  #context: UwsContext | null
  #requestLength: number
  deadlineMs: number
  slot: number
  readonly scheme: 'http' | 'https'
  readonly sni: string
  readonly tls: null
  readonly isHttp2: boolean
  connectionId: number
  peerAddress: string
  peerPort: number
  localAddress: string
  localPort: number
  proxiedAddress: string
  readonly requestsOnConnection: number
  forwardFields: Uint8Array
  forwardHost: Uint8Array
  forwardPort: number

  constructor(shared: UwsShared) {
    super(shared)
    this.#shared = shared
    this.#body = new UwsBody(shared.limits)
    this.#onAborted = () => this.#gone(shared.closed ? faults.GATEWAY_STOPPED : faults.CLIENT_GONE)
    this.#onData = (bytes, isLast) => this.#take(Buffer.from(bytes), isLast)
    this.#x = null
    this.#door = null
    this.#bodyOpen = false
    this.#delivering = false
    this.#paused = false
    this.#context = null
    this.#requestLength = 0
    this.deadlineMs = 0
    this.slot = -1
    this.scheme = 'http'
    this.sni = ''
    this.tls = null
    this.isHttp2 = false
    this.connectionId = 0
    this.peerAddress = ''
    this.peerPort = 0
    this.localAddress = ''
    this.localPort = 0
    this.proxiedAddress = ''
    // The engine does not tell connections apart: each request counts as one of its own.
    this.requestsOnConnection = 1
    this.forwardFields = NOTHING
    this.forwardHost = NOTHING
    this.forwardPort = 0
  }

  /** Of a client that comes back from use; what an answer needs is set when its head is written. */
  #reset(): void {
    this.#body.reset(true)
    this.#x = null
    this.#bodyOpen = false
    this.#delivering = false
    this.#paused = false
    this.deadlineMs = 0
  }

  // ── what the client sends ────────────────────────────────────────────────────────────────────────

  /** From the engine's handler; `req` is gone when this returns. */
  begin(res: UwsResponse, req: UwsRequest, door: UwsDoor, context: UwsContext | null): void {
    // First of all: a handler that returns with neither this nor an answer ends the process.
    res.onAborted(this.#onAborted)
    const shared = this.#shared
    const x = shared.exchanges.acquire()
    this.res = res
    this.#x = x
    this.inHandler = true
    this.#context = context
    this.#meet(res, door)
    x.client = this
    x.startMs = shared.clock.now()
    const verdict = shared.head.read(req, x.request)
    if (verdict < 0) this.#refuse(x, headFault(verdict))
    else this.#enter(x, res)
    this.inHandler = false
    // An answer that closes waits for the end of the turn: ended in here, the engine would still serve what it has read
    // of a next request, and that may be the body of this one.
    if (this.ended && this.keepAlive && this.#body.isWhole && this.res !== null) this.sendInHandler()
  }

  /** Who is there. Forwarding fields are kept while the same peer comes in by the same door. */
  #meet(res: UwsResponse, door: UwsDoor): void {
    const address = door.peers.read(res.getRemoteAddress())
    this.connectionId = ++this.#shared.requests
    if (address !== this.peerAddress || door !== this.#door) {
      this.#door = door
      this.peerAddress = address
      this.localAddress = door.localAddress
      this.localPort = door.localPort
      this.proxiedAddress = ''
      this.forwardFields = NOTHING
      this.forwardHost = NOTHING
      this.forwardPort = 0
    }
    if (res.getRemotePort !== undefined) this.peerPort = res.getRemotePort()
    if (!door.isProxied) return
    const proxied = res.getProxiedRemoteAddress()
    // None: the peer speaks for itself (a LOCAL preamble), or there was no preamble; the engine does not tell which.
    this.proxiedAddress = proxied.byteLength === 0 ? '' : door.proxied.read(proxied)
    this.forwardFields = NOTHING
    this.forwardHost = NOTHING
    this.forwardPort = 0
  }

  #enter(x: Exchange, res: UwsResponse): void {
    const shared = this.#shared
    const head = x.request
    x.requestLength = requestLength(head)
    if (x.requestLength === INVALID) return this.#refuse(x, faults.REQUEST_MALFORMED)
    this.#requestLength = x.requestLength
    if ((head.present & bit('connection')) !== 0) {
      const at = head.indexOf(id.connection, 0) * STRIDE
      this.saidClose = head.spans[at + 3]! - head.spans[at + 2]! === CLOSE_BYTES
      x.keepAlive = (readConnection(head) & SAYS_CLOSE) === 0 && !this.saidClose
    }
    if (shared.draining) x.keepAlive = false
    const bytesMax = shared.limits.bodyBytesMax
    if (bytesMax !== 0 && x.requestLength > bytesMax) return this.#refuse(x, faults.REQUEST_BODY_TOO_LARGE)
    if (x.requestLength === 0) {
      x.requestEnded = true
      if (this.#context !== null && asksForWebSocket(head)) {
        x.upgrade = UPGRADE_ASKED
        // What is not spoken on both sides is not offered to one.
        removeField(head, 'sec-websocket-extensions')
      }
    } else {
      this.#body.reset(false)
      res.onData(this.#onData)
    }
    shared.events.enter(x)
  }

  #take(bytes: Buffer, isLast: boolean): void {
    const x = this.#x
    const fits = this.#body.count(bytes.length, isLast)
    if (x === null) return
    if (!fits) return this.#refuse(x, faults.REQUEST_BODY_TOO_LARGE)
    if (!this.#bodyOpen || this.#body.heldBytes > 0 || this.#delivering) {
      if (this.#body.hold(bytes) && !isLast) this.#pause()
      return
    }
    if (bytes.length > 0) this.#deliver(x, bytes)
    if (this.#x === x && this.#bodyOpen) this.#afterBody(x)
  }

  #deliver(x: Exchange, bytes: Buffer): void {
    this.#delivering = true
    this.#shared.events.requestBody(x, bytes, 0, bytes.length)
    this.#delivering = false
  }

  /** What was there has been handed on: the end, or the time until more has to come. */
  #afterBody(x: Exchange): void {
    const shared = this.#shared
    if (this.#body.isWhole) {
      this.#bodyOpen = false
      this.deadlineMs = 0
      return shared.events.requestEnd(x)
    }
    const now = shared.clock.now()
    if (this.#body.isTooSlow(now)) return this.#refuse(x, faults.REQUEST_TIMEOUT)
    this.deadlineMs = now + shared.limits.bodyTimeoutMs
    this.#unpause()
  }

  pauseBody(): void {
    if (!this.#bodyOpen) return
    this.#bodyOpen = false
    this.deadlineMs = 0
    this.#body.stopped(this.#shared.clock.now())
  }

  resumeBody(x: Exchange): void {
    if (this.#bodyOpen || this.#x !== x || x.requestLength === 0) return
    this.#bodyOpen = true
    this.#body.started(this.#shared.clock.now())
    if (this.#delivering) return
    while (this.#bodyOpen && this.#x === x && this.#body.held.length > 0) this.#deliver(x, this.#body.next())
    if (this.#bodyOpen && this.#x === x) this.#afterBody(x)
  }

  #pause(): void {
    if (this.#paused || this.res === null) return
    this.#paused = true
    this.res.pause()
  }

  /** Also before the last call of an answer: the connection goes on, and `res` does not. */
  #unpause(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.res !== null) this.res.resume()
  }

  #refuse(x: Exchange, fault: Fault): void {
    x.keepAlive = false
    this.#bodyOpen = false
    this.deadlineMs = 0
    this.#shared.events.refuse(x, fault)
  }

  onDeadline(): void {
    if (this.#x !== null) this.#refuse(this.#x, faults.REQUEST_TIMEOUT)
  }

  /** From the engine: the connection is closed, and `res` may not be touched any more. */
  #gone(fault: Fault): void {
    if (this.res === null) return
    const x = this.#x
    this.res = null
    this.#x = null
    if (x !== null) {
      this.#shared.events.clientGone(x, fault)
      this.#shared.exchanges.release(x)
    }
    this.#free(true)
  }

  // ── what the client is sent ──────────────────────────────────────────────────────────────────────

  end(x: Exchange): void {
    this.#x = null
    this.#bodyOpen = false
    this.deadlineMs = 0
    if (!this.#body.isWhole && this.#leftover() > DISCARD_MAX) this.keepAlive = false
    this.#shared.exchanges.release(x)
    this.endAnswer()
  }

  /** Bytes of the request's body that have not come. */
  #leftover(): number {
    return this.#requestLength < 0 ? Number.MAX_VALUE : this.#requestLength - this.#body.total
  }

  abort(x: Exchange): void {
    const res = this.res
    // Before the call, as it comes back through onAborted.
    this.res = null
    this.#x = null
    this.#shared.exchanges.release(x)
    if (res !== null) res.close()
    this.#free(res !== null)
  }

  halfEnd(): void {
    // A tunnel has a client of its own.
  }

  override writeHead(x: Exchange): void {
    if (x.upgrade === UPGRADED) this.#openTunnel(x)
    else super.writeHead(x)
  }

  /** The engine writes the 101 and makes the connection a WebSocket, whose client is another object from here on. */
  #openTunnel(x: Exchange): void {
    const res = this.res!
    const tunnel = new UwsTunnel(this.#shared, x, this)
    const key = getField(x.request, 'sec-websocket-key') ?? ''
    const protocol = getField(x.response, 'sec-websocket-protocol') ?? ''
    const context = this.#context!
    dropDate(this.out)
    dropWebSocket(this.out)
    const status = this.out.bytes.subarray(VERSION_BYTES, this.out.used - CRLF_BYTES)
    this.#x = null
    this.res = null
    x.client = tunnel
    x.keepAlive = false
    this.#shared.enterTunnel(tunnel)
    res.cork(() => {
      res.writeStatus(status)
      res.upgrade({ tunnel }, key, protocol, '', context)
    })
    this.#free(true)
  }

  writeContinue(): void {
    // The engine has sent it before we were asked.
  }

  protected override beforeLast(): void {
    this.#unpause()
  }

  protected override answered(isClosed: boolean): void {
    // Where body is still to come, the engine keeps calling this client's onData.
    this.#free(isClosed || this.#body.isWhole)
  }

  protected override hasRoom(): void {
    if (this.#x !== null) this.#shared.events.clientDrain(this.#x)
  }

  /** `again`: nothing of the engine's can still call in. */
  #free(again: boolean): void {
    this.resetAnswer()
    this.#reset()
    this.#shared.freed(this, again)
  }
}

function headFault(answer: number): Fault {
  if (answer === TOO_LARGE) return faults.REQUEST_HEAD_TOO_LARGE
  if (answer === TARGET_TOO_LONG) return faults.REQUEST_URI_TOO_LONG
  if (answer === BAD_VERSION) return faults.VERSION_UNSUPPORTED
  return faults.REQUEST_MALFORMED
}
