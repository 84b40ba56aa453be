/**
 * stream-try — one try on a stream of an HTTP/2 session: its request, its answer, its times.
 *
 * WHAT    waits for a connection ─▶ asks ─▶ is answered ─▶ over. One object a try; the stream is that of node:http2.
 *
 * LIMITS  As connection.ts: the service's three timeouts, which stand still while the client is the slow one. In either
 *         direction the stream's window and its buffer bound what waits. A call's own deadline (grpc-timeout) counts as
 *         long as the target has said nothing.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2'
import type { Clock } from '../../../base/clock.ts'
import type { Timed } from '../../../base/deadlines.ts'
import { type Fault, faults } from '../../../base/faults.ts'
import type { Outbox } from '../../../base/outbox.ts'
import { asksForHead, type Exchange, sendsChunks } from '../../../contract/exchange.ts'
import type { Service } from '../../../contract/plan.ts'
import { HOLDS_PENDING, type Target } from '../../../contract/target.ts'
import type { Carrier, TransportEvents } from '../../../contract/transport.ts'
import { forgetReceived, getField } from '../../../http1/fields.ts'
import {
  CHUNKED,
  INVALID,
  isBodyless,
  isHeadRequest,
  responseLength,
  UNTIL_CLOSE,
} from '../../../http1/framing.ts'
import type { RequestHead } from '../request-head.ts'
import { answerHead, answerTrailers, requestFields, trailerFields } from './fields.ts'
import { readGrpcTimeout } from './grpc-timeout.ts'

/** Interim answers to one request; more is a target gone wrong. */
const INTERIM_MAX = 16

/** What all tries of a worker share. */
export interface StreamTools {
  readonly events: TransportEvents
  readonly clock: Clock
  readonly head: RequestHead
  /** Request heads are written here before they become fields. */
  readonly scratch: Outbox
}

/** The session as its tries see it. */
export interface StreamHome {
  readonly scheme: 'http' | 'https'
  /** A part of an answer has come. */
  answered(): void
  /** The try is over; the session has its place back. */
  leave(over: StreamTry): void
  /** True for a stream that the target has said it never came to (GOAWAY). */
  isUntouched(streamId: number | undefined): boolean
  /** It has answered before: who is refused may count on being answered elsewhere. */
  readonly hasAnswered: boolean
}

export class StreamTry implements Carrier, Timed {
  readonly target: Target
  readonly #tools: StreamTools
  readonly #home: StreamHome
  readonly #service: Service
  #x: Exchange | null
  #stream: ClientHttp2Stream | null
  /** When the call's own time is over; Infinity: it has none, or the target has answered. */
  #callEndsMs: number
  #interim: number
  /** Bytes of body so far. */
  #got: number
  /** The target has said that it is done. */
  #isWhole: boolean
  #isGarbled: boolean
  #sent: boolean
  #started: boolean
  #paused: boolean
  #blocked: boolean
  deadlineMs: number
  slot: number

  constructor(x: Exchange, target: Target, home: StreamHome, tools: StreamTools) {
    this.target = target
    this.#tools = tools
    this.#home = home
    this.#service = x.route!.service!
    this.#x = x
    this.#stream = null
    const timeout = getField(x.request, 'grpc-timeout')
    this.#callEndsMs = timeout === null ? Infinity : x.startMs + readGrpcTimeout(timeout)
    this.#interim = 0
    this.#got = 0
    this.#isWhole = false
    this.#isGarbled = false
    this.#sent = false
    this.#started = false
    this.#paused = false
    this.#blocked = false
    this.deadlineMs = 0
    this.slot = -1
    x.carrier = this
    this.#allow(this.#service.connectTimeoutMs)
  }

  #allow(ms: number): void {
    this.deadlineMs = Math.min(this.#tools.clock.now() + ms, this.#callEndsMs)
  }

  /** Sends the request. `isReused`: the session has served before. */
  begin(session: ClientHttp2Session, isReused: boolean): void {
    const x = this.#x!
    const now = this.#tools.clock.now()
    if ((x.holds & HOLDS_PENDING) !== 0) this.target.limits!.givePending(x)
    if (x.response.used !== 0) forgetReceived(x.response)
    x.reused = isReused
    x.sentMs = now
    if (x.connectedMs === 0) x.connectedMs = now
    this.#sent = x.requestBody === null && x.requestLength === 0
    try {
      this.#stream = session.request(this.#fields(x), {
        endStream: this.#sent,
        waitForTrailers: sendsChunks(x),
      })
    } catch {
      // The session has just been closed: nothing has left.
      return this.#fail(faults.TARGET_REFUSED)
    }
    this.#listen(this.#stream)
    this.#allow(this.#service.readTimeoutMs)
    if (!this.#sent) this.#tools.events.targetReady(x)
  }

  #fields(x: Exchange) {
    const { head, scratch } = this.#tools
    head.write(scratch, x, this.target)
    const text = scratch.bytes.latin1Slice(0, scratch.used)
    scratch.release()
    return requestFields(text, this.#home.scheme)
  }

  #listen(stream: ClientHttp2Stream): void {
    // node:http2 hands on the fields as they came, in a third argument that its types leave out.
    stream.on('headers', (_fields, _flags, ...rest) => this.#onInfo(pairsOf(rest)))
    stream.on('response', (_fields, flags, ...rest) => this.#onHead(pairsOf(rest), flags))
    stream.on('trailers', (_fields, _flags, ...rest) => this.#onTrailers(pairsOf(rest)))
    this.#tellEndFromReset(stream)
    stream.on('data', (bytes: Buffer) => this.#onData(bytes))
    stream.on('end', () => this.#onEnd())
    stream.on('drain', () => this.#onDrain())
    stream.on('wantTrailers', () => this.#sendTrailers())
    // 'close' follows, and tells. What nghttp2 could not read as HTTP/2 ends the session and all that is on it.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#isGarbled = error.code === 'ERR_HTTP2_ERROR'
    })
    stream.on('close', () => this.#onClose())
  }

  /**
   * node:http2 ends the body in the same way behind END_STREAM and behind a reset with NO_ERROR, which is what Node's
   * own servers send where a body breaks off. But a stream that was reset is closed by then.
   */
  #tellEndFromReset(stream: ClientHttp2Stream): void {
    const push = stream.push
    stream.push = (bytes, encoding) => {
      if (bytes === null && !stream.closed) this.#isWhole = true
      return push.call(stream, bytes, encoding)
    }
  }

  #hear(x: Exchange): void {
    this.#home.answered()
    this.#started = true
    if (x.firstByteMs === 0) x.firstByteMs = this.#tools.events.now()
    if (!this.#blocked) this.#allow(this.#service.readTimeoutMs)
  }

  #onInfo(pairs: readonly string[]): void {
    const x = this.#x
    if (x === null) return
    this.#hear(x)
    if (!this.#feedHead(x, pairs) || ++this.#interim > INTERIM_MAX) return this.#fail(faults.TARGET_INVALID)
    this.#tools.events.targetInfo(x)
    forgetReceived(x.response)
  }

  #onHead(pairs: readonly string[], flags: number): void {
    const x = this.#x
    if (x === null) return
    this.#callEndsMs = Infinity
    this.#hear(x)
    this.#isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    if (!this.#feedHead(x, pairs)) return this.#fail(faults.TARGET_INVALID)
    const length = responseLength(x.response)
    if (length === INVALID) return this.#fail(faults.TARGET_INVALID)
    x.status = x.response.status
    x.bodyless = isBodyless(x.status, isHeadRequest(x.request))
    x.responseLength = length === UNTIL_CLOSE ? (this.#isWhole && !x.bodyless ? 0 : CHUNKED) : length
    // A plugin has asked with HEAD for a client that did not.
    if (!x.bodyless && asksForHead(x)) x.responseLength = 0
    this.#tools.events.targetHead(x)
  }

  #feedHead(x: Exchange, pairs: readonly string[]): boolean {
    const bytes = answerHead(pairs)
    return bytes !== null && x.response.feed(bytes, 0, bytes.length) === bytes.length
  }

  #onTrailers(pairs: readonly string[]): void {
    const x = this.#x
    if (x === null) return
    this.#hear(x)
    this.#isWhole = true
    const bytes = answerTrailers(pairs)
    if (bytes === null || x.responseTrailers.feed(bytes, 0, bytes.length) !== bytes.length)
      this.#fail(faults.TARGET_INVALID)
  }

  #onData(bytes: Buffer): void {
    const x = this.#x
    if (x === null) return
    this.#hear(x)
    this.#got += bytes.length
    if (!this.#tools.events.targetBody(x, bytes, 0, bytes.length) && this.#x === x) this.pause()
  }

  /** Also of a stream that was reset: 'close' follows. */
  #onEnd(): void {
    const x = this.#x
    const stream = this.#stream
    if (x === null || stream === null || x.status === 0) return
    const isShort = x.responseLength >= 0 && !x.bodyless && this.#got !== x.responseLength
    if (isShort || !this.#isWhole) return
    this.#x = null
    x.carrier = null
    // A target may answer without the whole request: the rest is of no use.
    if (!this.#sent || stream.writableLength > 0) this.#cancel()
    this.#home.leave(this)
    this.#tools.events.targetEnd(x)
  }

  #onClose(): void {
    const x = this.#x
    if (x === null) return
    const code = this.#stream!.rstCode
    const isUntouched = code === constants.NGHTTP2_REFUSED_STREAM || this.#home.isUntouched(this.#stream!.id)
    if (isUntouched) x.reused = this.#home.hasAnswered
    // One stream that is reset is no race with a close of the connection.
    else if (code !== constants.NGHTTP2_NO_ERROR && code !== constants.NGHTTP2_CANCEL) x.reused = false
    if (isUntouched) this.#fail(faults.TARGET_REFUSED)
    else this.#fail(this.#isGarbled ? faults.TARGET_INVALID : faultOf(code))
  }

  /** The session is gone, or never came about. `detail` is for the operator. */
  onGone(fault: Fault, detail: string): void {
    if (this.#x === null) return
    if (detail !== '') this.#x.detail = detail
    this.#fail(fault)
  }

  /** The exchange goes another way; nothing has been sent of it. */
  release(): Exchange | null {
    const x = this.#x
    this.#x = null
    return x
  }

  #sendTrailers(): void {
    const x = this.#x
    const stream = this.#stream!
    if (x === null || x.requestTrailers.count === 0)
      return stream.destroyed ? undefined : stream.sendTrailers({})
    const { scratch } = this.#tools
    x.requestTrailers.putFields(scratch, 0)
    const text = scratch.bytes.latin1Slice(0, scratch.used)
    scratch.release()
    stream.sendTrailers(trailerFields(text))
  }

  writeBody(x: Exchange, bytes: Uint8Array, start: number, end: number): boolean {
    const stream = this.#stream
    if (x !== this.#x || stream === null || start === end) return true
    const copy = Buffer.allocUnsafe(end - start)
    copy.set(bytes.subarray(start, end))
    this.#blocked = !stream.write(copy)
    this.#allow(this.#blocked ? this.#service.writeTimeoutMs : this.#service.readTimeoutMs)
    return !this.#blocked
  }

  endBody(x: Exchange): void {
    const stream = this.#stream
    if (x !== this.#x || stream === null || this.#sent) return
    this.#sent = true
    stream.end()
    if (!this.#blocked) this.#allow(this.#service.readTimeoutMs)
  }

  #onDrain(): void {
    const x = this.#x
    this.#blocked = false
    if (x === null) return
    this.#allow(this.#service.readTimeoutMs)
    this.#tools.events.targetDrain(x)
  }

  pause(): void {
    this.#paused = true
    this.#stream?.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#allow(this.#service.readTimeoutMs)
    this.#stream?.resume()
  }

  abort(x: Exchange): void {
    if (x !== this.#x) return
    this.#x = null
    this.#cancel()
    this.#home.leave(this)
  }

  #cancel(): void {
    const stream = this.#stream
    if (stream === null || stream.destroyed) return
    stream.close(constants.NGHTTP2_CANCEL)
    stream.destroy()
  }

  #fail(fault: Fault): void {
    const x = this.#x!
    this.#x = null
    x.carrier = null
    this.#cancel()
    this.#home.leave(this)
    this.#tools.events.targetFault(x, fault)
  }

  onDeadline(nowMs: number): void {
    if (this.#x === null) return
    if (nowMs >= this.#callEndsMs) this.#fail(faults.DEADLINE_EXCEEDED)
    else if (this.#stream === null) this.#fail(faults.TARGET_CONNECT_TIMEOUT)
    else if (this.#blocked) this.#fail(faults.TARGET_WRITE_TIMEOUT)
    // While the client is slow, or has not sent all of its body, the silence is not the target's.
    else if (this.#paused || (!this.#sent && !this.#started)) this.#allow(this.#service.readTimeoutMs)
    else this.#fail(faults.TARGET_READ_TIMEOUT)
  }
}

function faultOf(code: number): Fault {
  if (code === constants.NGHTTP2_PROTOCOL_ERROR || code === constants.NGHTTP2_FRAME_SIZE_ERROR)
    return faults.TARGET_INVALID
  return faults.TARGET_RESET
}

function pairsOf(rest: readonly unknown[]): readonly string[] {
  const pairs = rest[0]
  return Array.isArray(pairs) ? pairs.map(String) : []
}
