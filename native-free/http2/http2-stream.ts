/**
 * http2-stream — one request and its answer on an HTTP/2 connection: the client as the flow sees it.
 *
 * WHAT    head ─▶ body ─▶ trailers      what comes, in the order of RFC 9113 §8.1, whatever comes between on others
 *         The answer's data that no window and no socket takes waits in `#pending`, and the flow is told to pause.
 *
 * WRITES  The owning worker only. Pooled by its connection.
 *
 * LIMITS  Waiting data by one read of the target behind a `false`; waiting body by the stream's window; time by
 *         bodyTimeoutMs and sendTimeoutMs.
 *
 * HOT     Everything but resets runs for every request.
 */
import { NO_BYTES } from '../../src/base/append-bytes.ts'
import { type Fault, faults } from '../../src/base/faults.ts'
import { Outbox } from '../../src/base/outbox.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import type { Client } from '../../src/contract/listener.ts'
import { CHUNKED, takesTrailers } from '../../src/http1/framing.ts'
import { bit } from '../../src/http1/names.ts'
import {
  CANCEL,
  FRAME_BYTES_MAX,
  INTERNAL_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  putReset,
} from '../../src/http2/frame.ts'
import { keepAnnounced } from '../http1/trailers.ts'
import type { ListenerSide } from '../listener-side.ts'
import { type Peer, PeerIdentity } from '../peer.ts'
import { http2Limits } from './http2-limits.ts'
import type { Http2Output } from './http2-output.ts'
import { RequestBody } from './request-body.ts'

/** What a stream needs of its connection. */
export interface StreamSide {
  readonly listener: ListenerSide
  readonly output: Http2Output
  /** Looks at the limits of time at this one at the latest. */
  aim(deadlineMs: number): void
  /** So many bytes of body have been taken; the stream's own window is to be opened by `increment`. */
  credit(stream: Http2Stream, bytes: number, increment: number): void
  /** Both sides have ended: it may be used again. */
  closed(stream: Http2Stream): void
  /** The same, after a reset from our side for what the client has done (or NO_ERROR). */
  wasReset(stream: Http2Stream, code: number): void
}

const LENGTH = Buffer.from('content-length: ')
const CRLF = Buffer.from('\r\n')
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n')
const DROPPED_IN_TRAILERS =
  bit('content-length') | bit('transfer-encoding') | bit('connection') | bit('host') | bit('trailer')

/** Where the flow writes heads. They are sent before another one is written, so one serves all streams. */
const lines = new Outbox()

export class Http2Stream extends PeerIdentity implements Client {
  readonly out: Outbox
  /** 0 while it waits to be used. */
  id: number
  /** Its place in the connection's table. */
  place: number
  x: Exchange | null
  /** Data the client takes of this stream. Below 0 after it has made its windows smaller. */
  sendWindow: number
  /** The client has sent all of its request. */
  requestDone: boolean
  /** 0: no limit now. */
  bodyDeadlineMs: number
  sendDeadlineMs: number
  /** What the stream is reset with once it is answered, where the request was not right. */
  resetCode: number
  readonly body: RequestBody
  readonly #side: StreamSide
  readonly #pending: Outbox
  #pendingAt: number
  /** The flow was told to pause. */
  #isFull: boolean
  /** The flow has written everything. */
  #ended: boolean
  /** The flow is not told of it before its end has come. */
  #awaitsEnd: boolean
  #frameAt: number
  #frameFlushes: number
  #progress: number

  constructor(side: StreamSide, peer: Peer) {
    super(peer)
    this.out = lines
    this.id = 0
    this.place = -1
    this.x = null
    this.sendWindow = 0
    this.requestDone = false
    this.bodyDeadlineMs = 0
    this.sendDeadlineMs = 0
    this.resetCode = NO_ERROR
    this.body = new RequestBody(side.listener.limits)
    this.#side = side
    this.#pending = new Outbox()
    this.#pendingAt = 0
    this.#isFull = false
    this.#ended = false
    this.#awaitsEnd = false
    this.#frameAt = 0
    this.#frameFlushes = -1
    this.#progress = 0
  }

  begin(id: number, x: Exchange, sendWindow: number): void {
    this.id = id
    this.x = x
    this.sendWindow = sendWindow
    this.requestDone = false
    this.bodyDeadlineMs = 0
    this.sendDeadlineMs = 0
    this.resetCode = NO_ERROR
    this.#pendingAt = 0
    this.#isFull = false
    this.#ended = false
    this.#awaitsEnd = false
    this.#frameFlushes = -1
  }

  // ── what the client sends ────────────────────────────────────────────────────────────────────────

  /** A length of 0, and no end yet: a body behind it would make it a request that no target may see. */
  awaitEnd(x: Exchange): void {
    this.#awaitsEnd = true
    this.#armBody(x.startMs)
  }

  /** Bytes [start, end) of the body; `isEnd` behind the last. */
  take(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    const x = this.x
    const count = end - start
    if (x === null || this.#ended) return this.#drop(count, isEnd)
    const now = this.#side.listener.clock.now()
    let fault = this.body.count(count, now)
    if (isEnd) {
      this.requestDone = true
      this.bodyDeadlineMs = 0
      if (!this.body.isWhole) fault = faults.REQUEST_MALFORMED
    }
    if (fault !== faults.NONE) {
      this.#side.credit(this, count, 0)
      return this.refuse(fault)
    }
    if (this.#awaitsEnd) {
      this.#awaitsEnd = !isEnd
      return isEnd ? this.#side.listener.events.enter(x) : undefined
    }
    if (!isEnd && this.body.isOpen) this.#armBody(now)
    if (count > 0) {
      if (!this.body.isOpen || this.body.held.length > 0) return this.body.hold(bytes, start, end)
      this.#give(x, bytes, start, end)
      if (this.x !== x) return
    }
    if (isEnd && this.body.isOpen && this.body.held.length === 0) this.#tellEnd(x)
  }

  /** Answered already: what still comes is of no use. */
  #drop(count: number, isEnd: boolean): void {
    if (count > 0) this.#side.credit(this, count, 0)
    if (isEnd) this.requestDone = true
    if (isEnd && this.x === null) this.#side.closed(this)
  }

  #give(x: Exchange, bytes: Buffer, start: number, end: number): void {
    this.#side.listener.events.requestBody(x, bytes, start, end)
    const count = end - start
    const increment = this.x !== x || this.requestDone ? 0 : this.body.credit(count)
    this.#side.credit(this, count, increment)
  }

  #tellEnd(x: Exchange): void {
    // A body of no bytes was told with the head.
    if (!x.requestEnded) this.#side.listener.events.requestEnd(x)
  }

  /** The trailer section, as text. It ends the request. */
  takeTrailers(text: Outbox): void {
    const x = this.x
    if (x === null || this.#ended) return this.#drop(0, true)
    const trailers = x.requestTrailers
    if (trailers.feed(text.bytes, 0, text.used) < 0) return this.refuse(faults.REQUEST_MALFORMED)
    if (trailers.count > 0) keepAnnounced(trailers, x.request, (x.request.present & bit('trailer')) !== 0)
    this.take(NO_BYTES, 0, 0, true)
  }

  /** What came can't be a request: the flow answers, or cuts the answer that has begun. */
  refuse(fault: Fault): void {
    if (fault === faults.REQUEST_MALFORMED) this.resetCode = PROTOCOL_ERROR
    this.bodyDeadlineMs = 0
    this.#awaitsEnd = false
    this.#side.listener.events.refuse(this.x!, fault)
  }

  /** The client has reset it, or is not there any more. */
  gone(fault: Fault): void {
    const x = this.x
    if (x === null) return
    const isUnknown = this.#ended || this.#awaitsEnd
    this.#leave()
    if (!isUnknown) this.#side.listener.events.clientGone(x, fault)
    this.#side.listener.exchanges.release(x)
  }

  /** The client has broken its rules for this stream. */
  fail(code: number, fault: Fault): void {
    this.gone(fault)
    this.#reset(code)
  }

  #reset(code: number): void {
    putReset(this.#side.output.out, this.id, code)
    this.#side.output.queue()
    this.#side.wasReset(this, code)
  }

  /** Nothing more is to be done for an exchange here. */
  #leave(): void {
    this.x = null
    this.bodyDeadlineMs = 0
    this.sendDeadlineMs = 0
    this.body.held = NO_BYTES
    this.#pending.release()
    this.#pendingAt = 0
  }

  onDeadline(nowMs: number): void {
    const isSlow = this.bodyDeadlineMs !== 0 && nowMs >= this.bodyDeadlineMs
    if (isSlow && this.x === null) return this.#reset(NO_ERROR)
    if (isSlow && !this.#ended) return this.refuse(faults.REQUEST_TIMEOUT)
    if (this.sendDeadlineMs !== 0 && nowMs >= this.sendDeadlineMs) this.fail(CANCEL, faults.CLIENT_STALLED)
  }

  #armBody(nowMs: number): void {
    this.bodyDeadlineMs = nowMs + this.#side.listener.limits.bodyTimeoutMs
    this.#side.aim(this.bodyDeadlineMs)
  }

  pauseBody(): void {
    if (!this.body.isOpen) return
    this.body.stop(this.#side.listener.clock.now())
    this.bodyDeadlineMs = 0
  }

  resumeBody(x: Exchange): void {
    if (this.body.isOpen || this.#ended) return
    const now = this.#side.listener.clock.now()
    this.body.open(now)
    if (!this.requestDone) this.#armBody(now)
    const held = this.body.held
    if (held.length > 0) {
      this.body.held = NO_BYTES
      this.#give(x, held, 0, held.length)
      if (this.x !== x || !this.body.isOpen) return
    }
    if (this.requestDone) this.#tellEnd(x)
  }

  // ── what the client is sent ──────────────────────────────────────────────────────────────────────

  writeHead(x: Exchange): void {
    if (x.responseLength >= 0 && x.status >= 200 && x.status !== 204) {
      lines.putAll(LENGTH)
      lines.putDecimal(x.responseLength)
      lines.putAll(CRLF)
    }
    this.#putHead()
  }

  #putHead(): void {
    this.#frameAt = this.#side.output.head(this.id, lines, false)
    this.#frameFlushes = this.#side.output.flushes
  }

  writeInfo(): void {
    this.#side.output.head(this.id, lines, false)
  }

  writeContinue(): void {
    lines.putAll(CONTINUE)
    this.writeInfo()
  }

  writeBody(_x: Exchange, bytes: Uint8Array, start: number, end: number): boolean {
    const at = this.#pending.used > 0 ? start : this.#send(bytes, start, end)
    if (at < end) {
      if (this.#pending.used === 0) this.#armSend()
      this.#pending.put(bytes, at, end)
      this.#isFull = true
    } else if (this.#side.output.isBlocked) this.#isFull = true
    return !this.#isFull
  }

  #armSend(): void {
    const listener = this.#side.listener
    this.#progress = 0
    this.sendDeadlineMs = listener.clock.now() + listener.limits.sendTimeoutMs
    this.#side.aim(this.sendDeadlineMs)
  }

  /** As much as windows and socket take. Answers how far that is. */
  #send(bytes: Uint8Array, start: number, end: number): number {
    const output = this.#side.output
    let at = start
    while (at < end) {
      const wanted = end - at
      const count = output.room(wanted < this.sendWindow ? wanted : this.sendWindow)
      if (count <= 0) return at
      this.#frameAt = output.data(this.id, bytes, at, at + count)
      this.#frameFlushes = output.flushes
      this.sendWindow -= count
      at += count
    }
    return at
  }

  get isPending(): boolean {
    return this.#pending.used > 0
  }

  /** Sends a frame of what waits. True when something left. */
  pump(): boolean {
    const pending = this.#pending
    const from = this.#pendingAt
    const at = this.#send(pending.bytes, from, Math.min(pending.used, from + FRAME_BYTES_MAX))
    if (at === from) return false
    this.#pendingAt = at
    this.#progress += at - from
    if (at < pending.used) {
      if (this.#progress >= http2Limits.progressBytes) this.#armSend()
      return true
    }
    pending.release()
    this.#pendingAt = 0
    this.sendDeadlineMs = 0
    if (this.#ended) this.#finish(this.x!)
    else this.tellRoom()
    return true
  }

  /** Has the flow go on, if it waits and there is room. */
  tellRoom(): void {
    if (!this.#isFull || this.#ended || this.x === null) return
    if (this.#pending.used > 0 || this.#side.output.isBlocked) return
    this.#isFull = false
    this.#side.listener.events.clientDrain(this.x)
  }

  end(x: Exchange): void {
    this.#ended = true
    this.bodyDeadlineMs = 0
    if (this.#pending.used === 0) this.#finish(x)
  }

  /** All data has left: trailers or the end. */
  #finish(x: Exchange): void {
    const side = this.#side
    if (x.responseTrailers.count > 0 && takesTrailers(x.request)) {
      x.responseTrailers.putFields(lines, DROPPED_IN_TRAILERS)
      side.output.head(this.id, lines, true)
    } else side.output.end(this.id, this.#frameAt, this.#frameFlushes)
    this.#leave()
    side.listener.exchanges.release(x)
    if (this.resetCode !== NO_ERROR) this.#reset(this.resetCode)
    else if (this.requestDone) side.closed(this)
    else this.#linger()
  }

  /**
   * Answered before all of the request is here. It may be reset now (RFC 9113 §8.1), but clients that are writing then,
   * curl among them, give up without reading the answer. So its window stays as it is, for a while.
   */
  #linger(): void {
    this.bodyDeadlineMs = this.#side.listener.clock.now() + http2Limits.lingerMs
    this.#side.aim(this.bodyDeadlineMs)
  }

  abort(x: Exchange): void {
    this.#leave()
    this.#ended = true
    this.#side.listener.exchanges.release(x)
    this.#reset(this.resetCode === NO_ERROR ? INTERNAL_ERROR : this.resetCode)
  }

  /** Nothing becomes a tunnel here: Upgrade is no field of HTTP/2. */
  halfEnd(): void {}
}

/** The length a request's body is held to: what was announced, or below 0 for whatever comes. */
export function bodyLength(x: Exchange): number {
  return x.requestLength === CHUNKED ? -1 : x.requestLength
}
