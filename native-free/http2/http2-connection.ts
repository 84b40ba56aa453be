/**
 * http2-connection — one client's HTTP/2 connection (RFC 9113): its socket, its streams, its limits of time, its end.
 *
 * WHAT    SETTINGS_DUE ─▶ OPEN ─▶ LINGER ─▶ CLOSED
 *         LINGER: the last GOAWAY is said; what still comes is read and dropped. An orderly end says GOAWAY twice:
 *         first that the client should go, with a PING behind it, then, once that is answered, which stream was last.
 *         All connections of a worker read into one shared buffer: what is read is handled before the next read.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  http2Limits and ListenerLimits. What a client does not read is bounded: behind chokedBytes nothing more of it
 *         is read.
 *
 * HOT     `onRead` and `flush` run for every request.
 */
import type { Socket } from 'node:net'
import { appendBytes, NO_BYTES } from '../../src/base/append-bytes.ts'
import { type Fault, faults } from '../../src/base/faults.ts'
import { OUTBOX_HIGH } from '../../src/base/outbox.ts'
import type { Flushable } from '../../src/base/turn.ts'
import {
  ACK,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  putGoaway,
  putPing,
  SETTINGS,
  SETTINGS_TIMEOUT,
  STREAM_CLOSED,
  STREAM_ID_MAX,
} from '../../src/http2/frame.ts'
import { FrameReader, READ_BAD, READ_DATA, READ_FRAME, READ_MORE } from '../../src/http2/frame-reader.ts'
import { SocketWriter, type WriteOwner } from '../../src/socket/socket-writer.ts'
import type { ListenerSide, Served } from '../listener-side.ts'
import type { Peer } from '../peer.ts'
import { FloodGuard } from './flood-guard.ts'
import { Http2Frames } from './http2-frames.ts'
import { http2Limits } from './http2-limits.ts'
import { Http2Output } from './http2-output.ts'
import { bodyLength, Http2Stream, type StreamSide } from './http2-stream.ts'
import { readHead } from './request-head.ts'

const SETTINGS_DUE = 0
const OPEN = 1
const LINGER = 2
const CLOSED = 3

const STAYS = 0
/** The client has been told to go, and may have more on its way. */
const ASKED = 1
/** It has been told which stream was the last. */
const TOLD = 2

const PING_BYTES = Buffer.alloc(8)

export class Http2Connection extends Http2Frames implements Served, Flushable, WriteOwner, StreamSide {
  readonly output: Http2Output
  readonly #socket: Socket
  readonly #peer: Peer
  readonly #writer: SocketWriter
  readonly #reader: FrameReader
  #state: number
  #leaving: number
  #requests: number
  #held: Buffer
  #taking: boolean
  #reading: boolean
  #inputEnded: boolean
  /** Until when the preface, a header block, the next request, the end of a lingering connection is due; 0: none. */
  #phaseMs: number
  #settingsMs: number
  queued: boolean
  deadlineMs: number
  slot: number

  constructor(listener: ListenerSide, socket: Socket, peer: Peer) {
    const now = listener.clock.now()
    super(listener, new FloodGuard(now))
    this.#socket = socket
    this.#peer = peer
    this.#writer = new SocketWriter(listener.writes, this)
    this.#writer.attach(socket, peer.scheme === 'https')
    this.output = new Http2Output(listener, this.#writer, this)
    this.#reader = new FrameReader(true)
    this.#state = SETTINGS_DUE
    this.#leaving = STAYS
    this.#requests = 0
    this.#held = NO_BYTES
    this.#taking = false
    this.#reading = true
    this.#inputEnded = false
    this.#phaseMs = now + listener.limits.headerTimeoutMs
    this.#settingsMs = now + http2Limits.settingsMs
    this.queued = false
    this.deadlineMs = this.#phaseMs
    this.slot = -1
    this.output.openSettings(listener.limits.headBytesMax)
  }

  // ── what the client sends ────────────────────────────────────────────────────────────────────────

  onRead(count: number, buffer: Buffer): boolean {
    this.take(buffer, 0, count)
    return this.#reading
  }

  take(buffer: Buffer, start: number, end: number): void {
    let at = start
    this.#taking = true
    while (at < end && this.#state < LINGER) {
      if (this.#held.length > 0 || this.#isChoked()) {
        this.#held = appendBytes(this.#held, buffer, at, end)
        this.#reading = false
        break
      }
      at = this.#takeNext(buffer, at, end)
    }
    this.#taking = false
  }

  #takeNext(buffer: Buffer, at: number, end: number): number {
    const reader = this.#reader
    const what = reader.next(buffer, at, end)
    if (what === READ_MORE) return reader.pos
    let code = what === READ_BAD ? reader.error : NO_ERROR
    if (this.#state === SETTINGS_DUE) code = this.#takeFirst(code)
    if (code === NO_ERROR && what === READ_FRAME) code = this.takeFrame(reader)
    else if (code === NO_ERROR && what === READ_DATA) code = this.takeData(reader)
    if (this.guard.isOver) code = ENHANCE_YOUR_CALM
    if (code !== NO_ERROR) this.#fail(code)
    return reader.pos
  }

  /** The client's first frame is its SETTINGS (RFC 9113 §3.4). */
  #takeFirst(code: number): number {
    this.#state = OPEN
    if (this.#leaving === STAYS) this.#becomeIdle()
    const isTheirs = this.#reader.type === SETTINGS && (this.#reader.flags & ACK) === 0
    return code === NO_ERROR && !isTheirs ? PROTOCOL_ERROR : code
  }

  /** True while a client that does not read what it asked for is not to ask for more. */
  #isChoked(): boolean {
    const used = this.output.out.used
    if (this.#writer.isBlocked) return used > http2Limits.chokedBytes
    if (used >= OUTBOX_HIGH && !this.output.send()) return true
    return this.#writer.isBlocked
  }

  /** Handles what was held, then reads on. */
  #release(): void {
    if (this.#taking || this.#reading || this.#state === CLOSED) return
    const held = this.#held
    this.#held = NO_BYTES
    this.#reading = true
    if (held.length > 0) this.take(held, 0, held.length)
    if (!this.#reading) return
    if (this.#inputEnded) this.onGone(faults.CLIENT_GONE)
    else this.#socket.resume()
  }

  protected openStream(id: number, verdict: number, isEnd: boolean): void {
    const listener = this.listener
    const stream = this.streams.spare() ?? openStreamFor(this, this.#peer)
    const x = listener.exchanges.acquire()
    x.client = stream
    x.startMs = listener.clock.now()
    stream.begin(id, x, this.settings.initialWindow)
    stream.requestsOnConnection = ++this.#requests
    this.streams.add(stream)
    if (this.#leaving !== ASKED) this.#phaseMs = 0
    const fault = readHead(x, verdict, isEnd, listener.limits)
    stream.requestDone = isEnd
    if (!isEnd) stream.body.reset(bodyLength(x), x.startMs)
    if (this.#requests >= listener.limits.keepAliveRequestsMax) this.drain()
    if (fault !== faults.NONE) stream.refuse(fault)
    else if (x.requestEnded && !isEnd) stream.awaitEnd(x)
    else listener.events.enter(x)
  }

  protected waitForBlock(): void {
    if (this.#leaving !== ASKED) this.#setPhase(this.listener.limits.headerTimeoutMs)
  }

  protected blockIsWhole(): void {
    if (this.#leaving !== ASKED) this.#phaseMs = 0
    if (this.streams.count === 0) this.#becomeIdle()
  }

  protected settingsAcknowledged(): void {
    this.#settingsMs = 0
  }

  protected pingAnswered(): void {
    if (this.#leaving === ASKED) this.#tellLast()
  }

  protected clientLeaves(): void {
    this.#leaving = TOLD
    if (this.streams.count === 0) this.#fail(NO_ERROR)
  }

  /** From the socket: the client has ended its side; nobody does so who waits for answers. */
  onEnd(): void {
    this.#inputEnded = true
    if (this.#state === LINGER) this.#finishOutput()
    else if (this.#held.length === 0) this.onGone(faults.CLIENT_GONE)
  }

  onGone(fault: Fault): void {
    if (this.#state === CLOSED) return
    this.#state = CLOSED
    this.#endStreams(fault)
    this.#shut()
  }

  #endStreams(fault: Fault): void {
    for (let stream = this.streams.at(0); stream !== null; stream = this.streams.at(0)) {
      stream.gone(fault)
      this.streams.remove(stream, true)
    }
  }

  // ── streams' ends ────────────────────────────────────────────────────────────────────────────────

  closed(stream: Http2Stream): void {
    this.streams.remove(stream, false)
    this.#afterStream()
  }

  wasReset(stream: Http2Stream, code: number): void {
    if (isProvoked(code)) this.guard.reset(this.listener.clock.now())
    this.streams.remove(stream, true)
    this.#afterStream()
  }

  #afterStream(): void {
    if (this.streams.count > 0 || this.#state !== OPEN) return
    if (this.#leaving === TOLD) this.#fail(NO_ERROR)
    else this.#becomeIdle()
  }

  #becomeIdle(): void {
    if (this.#leaving === STAYS && this.block.stream === 0)
      this.#setPhase(this.listener.limits.keepAliveTimeoutMs)
  }

  #setPhase(ms: number): void {
    this.#phaseMs = this.listener.clock.now() + ms
    this.aim(this.#phaseMs)
  }

  // ── what the client is sent ──────────────────────────────────────────────────────────────────────

  protected pump(): void {
    if (this.streams.pump(this.output)) this.guard.useful()
  }

  flush(): void {
    if (this.#state === CLOSED) return
    if (!this.output.send()) return this.onGone(faults.CLIENT_GONE)
    if (this.#writer.isBlocked) this.aim(this.output.blockedUntilMs)
    if (this.#state === LINGER && !this.#writer.isBlocked) this.#finishOutput()
  }

  onProgress(): void {
    this.output.flushes++
    this.output.blockedUntilMs = this.listener.clock.now() + this.listener.limits.sendTimeoutMs
    this.aim(this.output.blockedUntilMs)
  }

  /** The client has read what it was behind with. */
  onWritten(ok: boolean): void {
    if (!ok) return this.onGone(faults.CLIENT_GONE)
    this.output.flushes++
    this.output.blockedUntilMs = 0
    if (this.#state === LINGER) return this.#finishOutput()
    this.pump()
    this.streams.tellRoom()
    this.#release()
  }

  // ── limits of time, and the end ──────────────────────────────────────────────────────────────────

  aim(deadlineMs: number): void {
    if (this.deadlineMs === 0 || deadlineMs < this.deadlineMs) this.deadlineMs = deadlineMs
  }

  onDeadline(nowMs: number): void {
    const output = this.output
    if (this.#writer.isBlocked && isDue(output.blockedUntilMs, nowMs))
      return this.onGone(faults.CLIENT_STALLED)
    if (isDue(this.#phaseMs, nowMs)) this.#onPhase()
    else if (isDue(this.#settingsMs, nowMs)) this.#fail(SETTINGS_TIMEOUT)
    this.streams.onDeadline(nowMs)
    if (this.guard.isOver) this.#fail(ENHANCE_YOUR_CALM)
    this.#aimAnew()
  }

  #onPhase(): void {
    this.#phaseMs = 0
    if (this.#state === LINGER) return this.onGone(faults.CLIENT_GONE)
    if (this.#leaving === ASKED) this.#tellLast()
    else this.#fail(NO_ERROR)
  }

  #aimAnew(): void {
    this.deadlineMs = 0
    if (this.#state === CLOSED) return
    if (this.#phaseMs !== 0) this.aim(this.#phaseMs)
    if (this.#settingsMs !== 0) this.aim(this.#settingsMs)
    if (this.#writer.isBlocked) this.aim(this.output.blockedUntilMs)
    const earliestMs = this.streams.earliestMs()
    if (earliestMs !== 0) this.aim(earliestMs)
  }

  /** Asks the client to go; what it has sent until it hears of it is still served. */
  drain(): void {
    if (this.#leaving !== STAYS || this.#state >= LINGER) return
    this.#leaving = ASKED
    putGoaway(this.output.out, STREAM_ID_MAX, NO_ERROR)
    putPing(this.output.out, 0, PING_BYTES, 0)
    this.output.queue()
    this.#setPhase(http2Limits.leaveMs)
  }

  #tellLast(): void {
    this.#leaving = TOLD
    this.isLeaving = true
    this.#phaseMs = 0
    if (this.streams.count === 0) return this.#fail(NO_ERROR)
    putGoaway(this.output.out, this.lastId, NO_ERROR)
    this.output.queue()
  }

  /** Says why, and goes: at once for an error, with nothing left to do for NO_ERROR. */
  #fail(code: number): void {
    if (this.#state >= LINGER) return
    this.#state = LINGER
    this.#settingsMs = 0
    this.#held = NO_BYTES
    this.#endStreams(faults.CLIENT_GONE)
    putGoaway(this.output.out, this.lastId, code)
    this.#setPhase(http2Limits.lingerMs)
    this.output.queue()
    if (this.#reading) return
    this.#reading = true
    if (!this.#taking) this.#socket.resume()
  }

  #finishOutput(): void {
    if (this.#writer.isBlocked) return
    if (this.output.out.used > 0) this.output.queue()
    else if (this.#inputEnded) this.destroy()
    else if (!this.#socket.writableEnded) this.#socket.end()
  }

  destroy(): void {
    if (this.#state === CLOSED) return
    this.#state = CLOSED
    while (this.streams.count > 0) this.streams.remove(this.streams.at(0)!, true)
    this.#shut()
  }

  #shut(): void {
    this.#held = NO_BYTES
    this.#phaseMs = 0
    this.deadlineMs = 0
    this.#writer.detach()
    this.#socket.destroy()
    this.listener.closed(this)
  }
}

function openStreamFor(connection: Http2Connection, peer: Peer): Http2Stream {
  return new Http2Stream(connection, peer)
}

/** True for what only the client can have done: neither slowness nor a target that fails is a flood. */
function isProvoked(code: number): boolean {
  return code === PROTOCOL_ERROR || code === FLOW_CONTROL_ERROR || code === STREAM_CLOSED
}

function isDue(atMs: number, nowMs: number): boolean {
  return atMs !== 0 && nowMs >= atMs
}
