/**
 * uws-client — one request over uWebSockets.js and its answer. Pooled: the engine has no object of ours per connection.
 *
 * WHAT    FREE ─▶ begin ─▶ (body ⇄ held) ─▶ head, body in `out` ─▶ sent at the end of the turn ─▶ FREE
 *
 *         out  +------ head ------+---- handed over ----+---- waiting ----+
 *              0               headEnd                  at             used
 *
 *         How an answer is sent is chosen when its first bytes leave. WHOLE: all of it is there, one call. SIZED: its
 *         length is known, `tryEnd` takes what the kernel takes. CHUNKED: `write` takes all and says when it was too
 *         much; PROBE_BYTES at a time are then tried until it has gone. BARE: no body. CUT: a head that no call ends
 *         and closes in one (HEAD, connection to be closed).
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  Unread answer bytes by OUTBOX_HIGH plus one read, here, and as much again within the engine for CHUNKED. A
 *         client that takes nothing for 10 s is cut by the engine. Body bytes: uws-body.ts.
 *
 * HOT     `begin`, `writeHead`, `writeBody`, `end` and `flush` run for every request.
 */
import type { Timed } from '../../../base/deadlines.ts'
import { type Fault, faults } from '../../../base/faults.ts'
import { OUTBOX_HIGH, Outbox } from '../../../base/outbox.ts'
import type { Flushable } from '../../../base/turn.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import type { Client } from '../../../contract/listener.ts'
import { BAD_VERSION, TARGET_TOO_LONG, TOO_LARGE } from '../../../http1/answers.ts'
import {
  CHUNKED as CHUNKED_BODY,
  INVALID,
  readConnection,
  requestLength,
  SAYS_CLOSE,
  UNTIL_CLOSE,
} from '../../../http1/framing.ts'
import { STRIDE } from '../../../http1/head.ts'
import { bit, id } from '../../../http1/names.ts'
import type { UwsRequest, UwsResponse } from './uws-api.ts'
import { UwsBody } from './uws-body.ts'
import { dropDate, VERSION_BYTES } from './uws-response-head.ts'
import type { UwsDoor, UwsShared } from './uws-shared.ts'

const UNDECIDED = 0
const WHOLE = 1
const SIZED = 2
const CHUNKED = 3
const BARE = 4
const CUT = 5

/** Less than the kernel takes once it has reported room, so that what the engine keeps does not grow. */
const PROBE_BYTES = 4096
/** Bytes of an unwanted body that the engine may read for the sake of keeping the connection. */
const DISCARD_MAX = 1024 * 1024
/** While draining, larger answers are sent so that we see the last byte leave. */
const DRAIN_WHOLE_MAX = 16 * 1024
/** The engine takes a Connection field for `close` by this length alone. */
const CLOSE_BYTES = 5

const CRLF_BYTES = 2
const NOTHING = Buffer.alloc(0)

export class UwsClient implements Client, Flushable, Timed {
  readonly #shared: UwsShared
  readonly #body: UwsBody
  readonly out: Outbox
  readonly #onAborted: () => void
  readonly #onData: (bytes: ArrayBuffer, isLast: boolean) => void
  readonly #onWritable: () => boolean
  readonly #send: () => void
  #res: UwsResponse | null
  #x: Exchange | null
  #door: UwsDoor | null
  #bodyOpen: boolean
  #delivering: boolean
  #paused: boolean
  #inHandler: boolean
  #saidClose: boolean
  #headEnd: number
  #at: number
  #form: number
  #length: number
  #sent: number
  #bodyless: boolean
  #status: number
  #keepAlive: boolean
  #requestLength: number
  #ended: boolean
  #complete: boolean
  #blocked: boolean
  #watching: boolean
  #probing: boolean
  queued: boolean
  deadlineMs: number
  slot: number
  readonly scheme: 'http' | 'https'
  readonly sni: string
  connectionId: number
  peerAddress: string
  peerPort: number
  localAddress: string
  localPort: number
  proxiedAddress: string
  readonly requestsOnConnection: number
  forwardFields: Uint8Array

  constructor(shared: UwsShared) {
    this.#shared = shared
    this.#body = new UwsBody(shared.limits)
    this.out = new Outbox()
    this.#onAborted = () => this.#gone(faults.CLIENT_GONE)
    this.#onData = (bytes, isLast) => this.#take(Buffer.from(bytes), isLast)
    this.#onWritable = () => this.#writable()
    this.#send = () => this.#sendNow()
    this.#res = null
    this.#x = null
    this.#door = null
    this.#bodyOpen = false
    this.#delivering = false
    this.#paused = false
    this.#inHandler = false
    this.#saidClose = false
    this.#headEnd = 0
    this.#at = 0
    this.#form = UNDECIDED
    this.#length = 0
    this.#sent = 0
    this.#bodyless = false
    this.#status = 0
    this.#keepAlive = true
    this.#requestLength = 0
    this.#ended = false
    this.#complete = false
    this.#blocked = false
    this.#watching = false
    this.#probing = false
    this.queued = false
    this.deadlineMs = 0
    this.slot = -1
    this.scheme = 'http'
    this.sni = ''
    this.connectionId = 0
    this.peerAddress = ''
    this.peerPort = 0
    this.localAddress = ''
    this.localPort = 0
    this.proxiedAddress = ''
    // The engine does not tell connections apart: each request counts as one of its own.
    this.requestsOnConnection = 1
    this.forwardFields = NOTHING
  }

  /** Of a client that comes back from use; what an answer needs is set when its head is written. */
  #reset(): void {
    this.#body.reset(true)
    this.#x = null
    this.#bodyOpen = false
    this.#delivering = false
    this.#paused = false
    this.#inHandler = false
    this.#saidClose = false
    this.#headEnd = 0
    this.#at = 0
    this.#form = UNDECIDED
    this.#sent = 0
    this.#ended = false
    this.#complete = false
    this.#blocked = false
    this.#watching = false
    this.#probing = false
    this.deadlineMs = 0
  }

  // ── what the client sends ────────────────────────────────────────────────────────────────────────

  /** From the engine's handler; `req` is gone when this returns. */
  begin(res: UwsResponse, req: UwsRequest, door: UwsDoor): void {
    // First of all: a handler that returns with neither this nor an answer ends the process.
    res.onAborted(this.#onAborted)
    const shared = this.#shared
    const x = shared.exchanges.acquire()
    this.#res = res
    this.#x = x
    this.#inHandler = true
    this.#meet(res, door)
    x.client = this
    x.startMs = shared.clock.now()
    const verdict = shared.head.read(req, x.request)
    if (verdict < 0) this.#refuse(x, headFault(verdict))
    else this.#enter(x, res)
    this.#inHandler = false
    // An answer that closes waits for the end of the turn: ended in here, the engine would still serve what it has read
    // of a next request, and that may be the body of this one.
    if (this.#ended && this.#keepAlive && this.#body.isWhole && this.#res !== null) this.#sendInHandler()
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
    }
    if (res.getRemotePort !== undefined) this.peerPort = res.getRemotePort()
    if (!door.isProxied) return
    const proxied = res.getProxiedRemoteAddress()
    // None: the peer speaks for itself (a LOCAL preamble), or there was no preamble; the engine does not tell which.
    this.proxiedAddress = proxied.byteLength === 0 ? '' : door.proxied.read(proxied)
    this.forwardFields = NOTHING
  }

  #enter(x: Exchange, res: UwsResponse): void {
    const shared = this.#shared
    const head = x.request
    x.requestLength = requestLength(head)
    if (x.requestLength === INVALID) return this.#refuse(x, faults.REQUEST_MALFORMED)
    this.#requestLength = x.requestLength
    if ((head.present & bit('connection')) !== 0) {
      const at = head.indexOf(id.connection, 0) * STRIDE
      this.#saidClose = head.spans[at + 3]! - head.spans[at + 2]! === CLOSE_BYTES
      x.keepAlive = (readConnection(head) & SAYS_CLOSE) === 0 && !this.#saidClose
    }
    if (shared.draining) x.keepAlive = false
    const bytesMax = shared.limits.bodyBytesMax
    if (bytesMax !== 0 && x.requestLength > bytesMax) return this.#refuse(x, faults.REQUEST_BODY_TOO_LARGE)
    if (x.requestLength === 0) x.requestEnded = true
    else {
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
    if (this.#paused || this.#res === null) return
    this.#paused = true
    this.#res.pause()
  }

  /** Also before the last call of an answer: the connection goes on, and `res` does not. */
  #unpause(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#res !== null) this.#res.resume()
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
    if (this.#res === null) return
    const x = this.#x
    this.#res = null
    this.#x = null
    if (x !== null) {
      this.#shared.events.clientGone(x, fault)
      this.#shared.exchanges.release(x)
    }
    this.#free(true)
  }

  // ── what the client is sent ──────────────────────────────────────────────────────────────────────

  writeHead(x: Exchange): void {
    const out = this.out
    if (this.#shared.draining) x.keepAlive = false
    this.#keepAlive = x.keepAlive
    this.#bodyless = x.bodyless
    this.#status = x.status
    this.#length = x.responseLength
    dropDate(out)
    this.#headEnd = out.used
    this.#at = out.used
    this.#shared.turn.push(this)
  }

  /** The engine has no interim answers; but for 100 Continue, which it has sent before we were asked. */
  writeInfo(): void {
    this.out.used = 0
  }

  writeContinue(): void {}

  writeBody(_x: Exchange, bytes: Uint8Array, start: number, end: number): boolean {
    const out = this.out
    out.put(bytes, start, end)
    if (out.used - this.#at >= OUTBOX_HIGH && !this.#inHandler) this.flush()
    else this.#shared.turn.push(this)
    return !this.#blocked
  }

  end(x: Exchange): void {
    this.#ended = true
    this.#x = null
    this.#bodyOpen = false
    this.deadlineMs = 0
    if (!this.#body.isWhole && this.#leftover() > DISCARD_MAX) this.#keepAlive = false
    this.#shared.exchanges.release(x)
    // The last byte may have been known by its count before the end was.
    if (this.#res === null) this.#free(this.#body.isWhole)
    else if (!this.#blocked) this.#shared.turn.push(this)
  }

  /** Bytes of the request's body that have not come. */
  #leftover(): number {
    return this.#requestLength < 0 ? Number.MAX_VALUE : this.#requestLength - this.#body.total
  }

  abort(x: Exchange): void {
    const res = this.#res
    // Before the call, as it comes back through onAborted.
    this.#res = null
    this.#x = null
    this.#shared.exchanges.release(x)
    if (res !== null) res.close()
    this.#free(res !== null)
  }

  flush(): void {
    if (this.#res === null || this.#headEnd === 0 || this.#blocked) return
    this.#res.cork(this.#send)
    this.#afterSend()
  }

  #sendInHandler(): void {
    this.#sendNow()
    this.#afterSend()
  }

  /** Room again. What the engine keeps leaves when the cork is pulled, even if there is nothing to add. */
  #writable(): boolean {
    if (this.#res === null) return true
    this.#blocked = false
    this.#res.cork(this.#send)
    this.#afterSend()
    if (this.#res !== null && !this.#blocked && this.#x !== null) this.#shared.events.clientDrain(this.#x)
    return true
  }

  /** Corked: hands over what it can. */
  #sendNow(): void {
    const res = this.#res
    // The socket may have gone while it was corked.
    if (res === null) return
    if (this.#form === UNDECIDED) {
      const form = this.#chooseForm()
      if (form === UNDECIDED) return
      this.#form = form
      this.#sendHead(res)
    }
    if (this.#form === SIZED) this.#sendSized(res)
    else if (this.#form === CHUNKED) this.#sendChunks(res)
    if (this.#at !== this.out.used) return
    this.out.release()
    this.#at = 0
  }

  #chooseForm(): number {
    const waiting = this.out.used - this.#headEnd
    if (this.#bodyless) return this.#ended ? this.#chooseBare() : UNDECIDED
    if (this.#ended && (!this.#shared.draining || waiting <= DRAIN_WHOLE_MAX)) return WHOLE
    if (this.#length >= 0) return SIZED
    // The engine sends a chunked head with the first chunk.
    return waiting > 0 || this.#ended ? CHUNKED : UNDECIDED
  }

  #chooseBare(): number {
    // 204 says nothing about a body's length (RFC 9110 §8.6).
    if (this.#status === 204 || this.#status < 200) this.#length = UNTIL_CLOSE
    return !this.#keepAlive && !this.#saidClose && this.#length > 0 ? CUT : BARE
  }

  #sendHead(res: UwsResponse): void {
    const out = this.out
    const bytes = out.bytes
    res.writeStatus(bytes.subarray(VERSION_BYTES, this.#headEnd - CRLF_BYTES))
    // `end` adds the field itself where the client has not asked for it.
    if (!this.#keepAlive && (this.#form !== WHOLE || this.#saidClose)) res.writeHeader('Connection', 'close')
    if (this.#form === SIZED || this.#form === CHUNKED) return
    this.#unpause()
    if (this.#form === WHOLE) res.end(bytes.subarray(this.#headEnd, out.used), !this.#keepAlive)
    else if (this.#form === BARE) this.#sendBare(res)
    else res.tryEnd(NOTHING, this.#length)
    this.#at = out.used
    this.#complete = true
  }

  /** The engine would add `Content-Length: 0` of its own, so here a length is a field like any other. */
  #sendBare(res: UwsResponse): void {
    if (this.#length >= 0) res.writeHeader('Content-Length', String(this.#length))
    else if (this.#length === CHUNKED_BODY && this.#status !== 304)
      res.writeHeader('Transfer-Encoding', 'chunked')
    res.endWithoutBody()
  }

  #sendSized(res: UwsResponse): void {
    const out = this.out
    const count = out.used - this.#at
    if (this.#sent + count >= this.#length) this.#unpause()
    const answer = res.tryEnd(out.bytes.subarray(this.#at, out.used), this.#length)
    if (answer[1]) this.#complete = true
    if (answer[0] || answer[1]) {
      this.#at = out.used
      this.#sent += count
      return
    }
    // A difference in 32 bits: some versions answer no more of the offset.
    const taken = (res.getWriteOffset() - this.#sent) >>> 0
    this.#at += taken
    this.#sent += taken
    this.#block(res)
  }

  #sendChunks(res: UwsResponse): void {
    const out = this.out
    while (this.#at < out.used) {
      const until = this.#probing ? Math.min(this.#at + PROBE_BYTES, out.used) : out.used
      const isTaken = res.write(out.bytes.subarray(this.#at, until))
      this.#at = until
      this.#probing = !isTaken
      if (!isTaken) return this.#block(res)
    }
    if (!this.#ended) return
    this.#unpause()
    res.end()
    this.#complete = true
  }

  #block(res: UwsResponse): void {
    this.#blocked = true
    if (this.#watching) return
    this.#watching = true
    res.onWritable(this.#onWritable)
  }

  #afterSend(): void {
    const res = this.#res
    if (res === null) return
    if (!this.#complete) return
    this.#res = null
    if (this.#form === CUT) res.close()
    // Where body is still to come, the engine keeps calling this client's onData.
    if (this.#ended) this.#free(this.#body.isWhole || this.#form === CUT)
  }

  /** `again`: nothing of the engine's can still call in. */
  #free(again: boolean): void {
    this.out.release()
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
