/**
 * http2-frames — what each frame of a client means for its connection and its streams (RFC 9113 §5 and §6).
 *
 * WHAT    Each `take…` answers NO_ERROR, or the code that ends the connection. An error of one stream ends that one.
 *
 * LIMITS  Streams at once, resets, frames without use: http2Limits. Fields: ListenerLimits.headBytesMax.
 *
 * HOT     `takeFrame` runs once a frame.
 */
import { faults } from '../../src/base/faults.ts'
import {
  ACK,
  COMPRESSION_ERROR,
  CONTINUATION,
  END_HEADERS,
  END_STREAM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HAS_PRIORITY,
  HEADERS,
  NO_ERROR,
  PADDED,
  PING,
  PRIORITY,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  putPing,
  putReset,
  putSettingsAck,
  putWindowUpdate,
  REFUSED_STREAM,
  RST_STREAM,
  readUint31,
  SETTINGS,
  STREAM_CLOSED,
  WINDOW_MAX,
  WINDOW_UPDATE,
} from '../../src/http2/frame.ts'
import type { FrameReader } from '../../src/http2/frame-reader.ts'
import { HpackDecoder, OK } from '../../src/http2/hpack/hpack-decoder.ts'
import { PeerSettings } from '../../src/http2/peer-settings.ts'
import type { ListenerSide } from '../listener-side.ts'
import type { FloodGuard } from './flood-guard.ts'
import { HeaderBlock } from './header-block.ts'
import { http2Limits } from './http2-limits.ts'
import type { Http2Output } from './http2-output.ts'
import type { Http2Stream } from './http2-stream.ts'
import { requestFields } from './request-head.ts'
import { ENDED, NEVER_OPEN, RESET, StreamTable } from './stream-table.ts'

const SETTINGS_COST = 5

export abstract class Http2Frames {
  readonly listener: ListenerSide
  abstract readonly output: Http2Output
  protected readonly streams: StreamTable
  protected readonly settings: PeerSettings
  protected readonly guard: FloodGuard
  protected readonly block: HeaderBlock
  /** The highest id of a stream that was, or may have been, acted on. */
  protected lastId: number
  /** The last GOAWAY has said so: what comes with a higher id is refused. */
  protected isLeaving: boolean
  readonly #decoder: HpackDecoder
  #window: number
  #taken: number

  constructor(listener: ListenerSide, guard: FloodGuard) {
    this.listener = listener
    this.streams = new StreamTable()
    this.settings = new PeerSettings()
    this.guard = guard
    this.block = new HeaderBlock()
    this.lastId = 0
    this.isLeaving = false
    this.#decoder = new HpackDecoder(http2Limits.tableBytesMax)
    this.#window = http2Limits.connectionWindow
    this.#taken = 0
  }

  /** A request begins: its fields have been read with `verdict`. */
  protected abstract openStream(id: number, verdict: number, isEnd: boolean): void
  /** A header block has begun and is not whole. */
  protected abstract waitForBlock(): void
  protected abstract blockIsWhole(): void
  protected abstract settingsAcknowledged(): void
  protected abstract pingAnswered(): void
  /** The client will open no more streams. */
  protected abstract clientLeaves(): void
  /** Windows have grown: what waits may leave. */
  protected abstract pump(): void

  protected takeFrame(r: FrameReader): number {
    // Nothing may come between the frames of a block (RFC 9113 §6.10).
    if (this.block.stream !== 0 && r.type !== CONTINUATION) return PROTOCOL_ERROR
    switch (r.type) {
      case HEADERS:
        return this.#takeHeaders(r)
      case CONTINUATION:
        return this.#takeContinuation(r)
      case WINDOW_UPDATE:
        return this.#takeWindowUpdate(r)
      case RST_STREAM:
        return this.#takeReset(r)
      case SETTINGS:
        return this.#takeSettings(r)
      case PING:
        return this.#takePing(r)
      case PRIORITY:
        return this.#takePriority(r)
      case GOAWAY:
        if (r.stream !== 0) return PROTOCOL_ERROR
        if (r.length < 8) return FRAME_SIZE_ERROR
        this.#idle(1)
        this.clientLeaves()
        return NO_ERROR
      case PUSH_PROMISE:
        return PROTOCOL_ERROR
      default:
        this.#idle(1)
        return NO_ERROR
    }
  }

  #idle(cost: number): void {
    this.guard.idle(cost, this.listener.clock.now())
  }

  // ── bodies ───────────────────────────────────────────────────────────────────────────────────────

  /** A piece of a DATA frame. */
  protected takeData(r: FrameReader): number {
    const count = r.end - r.start
    const stream = r.stream === 0 ? null : this.streams.find(r.stream)
    if (r.isFirst) {
      if (this.block.stream !== 0 || r.stream === 0) return PROTOCOL_ERROR
      this.#window -= r.length
      if (this.#window < 0) return FLOW_CONTROL_ERROR
      if (stream === null) {
        const code = this.#codeFor(r.stream)
        if (code !== NO_ERROR) return code
      } else if (!this.#begins(r, stream)) {
        this.#give(r.overhead + count)
        return NO_ERROR
      }
      if (r.overhead > 0) this.#give(r.overhead)
      if (count > 0) this.guard.useful()
    }
    const isEnd = r.isLast && (r.flags & END_STREAM) !== 0
    // Reset while its frame was under way, or before: the bytes count for the connection all the same.
    if (stream === null || stream.requestDone) this.#give(count)
    else if (count > 0 || isEnd) stream.take(r.bytes, r.start, r.end, isEnd)
    return NO_ERROR
  }

  /** What a frame for a stream that is not open means: nothing, where it may have crossed our reset. */
  #codeFor(id: number): number {
    if (id > this.lastId) return this.isLeaving ? NO_ERROR : PROTOCOL_ERROR
    const became = this.streams.whatBecameOf(id)
    this.#idle(1)
    return became === RESET ? NO_ERROR : STREAM_CLOSED
  }

  /** A frame of DATA begins. False when it ends the stream. */
  #begins(r: FrameReader, stream: Http2Stream): boolean {
    if (stream.requestDone) stream.fail(STREAM_CLOSED, faults.REQUEST_MALFORMED)
    else if (!stream.body.receive(r.length)) stream.fail(FLOW_CONTROL_ERROR, faults.REQUEST_MALFORMED)
    else {
      if (r.overhead > 0) {
        const increment = stream.body.credit(r.overhead)
        if (increment > 0) this.#open(stream.id, increment)
      }
      if (r.length === r.overhead && (r.flags & END_STREAM) === 0) this.#idle(1)
      return true
    }
    return false
  }

  /** From a stream: so many bytes of its body have been taken. */
  credit(stream: Http2Stream, bytes: number, increment: number): void {
    this.#give(bytes)
    if (increment > 0) this.#open(stream.id, increment)
  }

  #give(bytes: number): void {
    this.#taken += bytes
    if (this.#taken * 4 < http2Limits.connectionWindow) return
    this.#window += this.#taken
    this.#open(0, this.#taken)
    this.#taken = 0
  }

  #open(id: number, increment: number): void {
    putWindowUpdate(this.output.out, id, increment)
    this.output.queue()
  }

  // ── heads ────────────────────────────────────────────────────────────────────────────────────────

  #takeHeaders(r: FrameReader): number {
    if (r.stream === 0) return PROTOCOL_ERROR
    let start = r.start
    let end = r.end
    let pad = 0
    if ((r.flags & PADDED) !== 0) {
      if (start >= end) return FRAME_SIZE_ERROR
      pad = r.bytes[start++]!
    }
    if ((r.flags & HAS_PRIORITY) !== 0) {
      if (end - start < 5) return FRAME_SIZE_ERROR
      if (readUint31(r.bytes, start) === r.stream) return PROTOCOL_ERROR
      start += 5
    }
    if (pad > end - start) return PROTOCOL_ERROR
    end -= pad
    if ((r.flags & END_HEADERS) !== 0) return this.#takeBlock(r.stream, r.flags, r.bytes, start, end)
    this.block.begin(r.stream, r.flags)
    this.block.add(r.bytes, start, end)
    this.waitForBlock()
    return NO_ERROR
  }

  #takeContinuation(r: FrameReader): number {
    const block = this.block
    if (block.stream === 0 || r.stream !== block.stream) return PROTOCOL_ERROR
    if (!block.add(r.bytes, r.start, r.end)) return this.#tooMuch()
    if ((r.flags & END_HEADERS) === 0) return NO_ERROR
    const bytes = block.bytes
    const stream = block.stream
    block.forget()
    this.blockIsWhole()
    return this.#takeBlock(stream, block.flags, bytes, 0, bytes.length)
  }

  #tooMuch(): number {
    this.guard.isOver = true
    return NO_ERROR
  }

  /** A whole header block. It is decoded whatever becomes of it: the table must keep step. */
  #takeBlock(id: number, flags: number, bytes: Buffer, start: number, end: number): number {
    const stream = this.streams.find(id)
    let became = NEVER_OPEN
    if (stream === null && id <= this.lastId) {
      became = this.streams.whatBecameOf(id)
      if (became === ENDED) return STREAM_CLOSED
      if (became === NEVER_OPEN) return PROTOCOL_ERROR
    }
    if ((id & 1) === 0) return PROTOCOL_ERROR
    requestFields.reset(stream !== null)
    const verdict = this.#decoder.decode(bytes, start, end, requestFields, this.listener.limits.headBytesMax)
    if (verdict === COMPRESSION_ERROR) return COMPRESSION_ERROR
    if (stream !== null) this.#takeTrailers(stream, verdict, flags)
    else if (became === RESET) this.#idle(1)
    else if (this.isLeaving || this.streams.count >= http2Limits.streamsMax) this.#refuse(id)
    else {
      this.lastId = id
      this.guard.useful()
      this.openStream(id, verdict, (flags & END_STREAM) !== 0)
    }
    return NO_ERROR
  }

  #refuse(id: number): void {
    if (!this.isLeaving) this.lastId = id
    this.streams.note(id, true)
    this.#idle(2)
    putReset(this.output.out, id, REFUSED_STREAM)
    this.output.queue()
  }

  #takeTrailers(stream: Http2Stream, verdict: number, flags: number): void {
    if (stream.requestDone) return stream.fail(STREAM_CLOSED, faults.REQUEST_MALFORMED)
    if (verdict === OK && (flags & END_STREAM) !== 0 && requestFields.finish())
      return stream.takeTrailers(requestFields.text)
    stream.fail(PROTOCOL_ERROR, faults.REQUEST_MALFORMED)
  }

  // ── control ──────────────────────────────────────────────────────────────────────────────────────

  #takeWindowUpdate(r: FrameReader): number {
    if (r.length !== 4) return FRAME_SIZE_ERROR
    this.#idle(1)
    const increment = readUint31(r.bytes, r.start)
    if (r.stream === 0) {
      if (increment === 0) return PROTOCOL_ERROR
      this.output.window += increment
      if (this.output.window > WINDOW_MAX) return FLOW_CONTROL_ERROR
      this.pump()
      return NO_ERROR
    }
    const stream = this.streams.find(r.stream)
    if (stream === null) return r.stream > this.lastId && !this.isLeaving ? PROTOCOL_ERROR : NO_ERROR
    stream.sendWindow += increment
    if (increment === 0) stream.fail(PROTOCOL_ERROR, faults.CLIENT_GONE)
    else if (stream.sendWindow > WINDOW_MAX) stream.fail(FLOW_CONTROL_ERROR, faults.CLIENT_GONE)
    else if (stream.isPending) this.pump()
    return NO_ERROR
  }

  #takeReset(r: FrameReader): number {
    if (r.stream === 0) return PROTOCOL_ERROR
    if (r.length !== 4) return FRAME_SIZE_ERROR
    const stream = this.streams.find(r.stream)
    if (stream === null) {
      this.#idle(1)
      return r.stream > this.lastId && !this.isLeaving ? PROTOCOL_ERROR : NO_ERROR
    }
    this.guard.reset(this.listener.clock.now())
    stream.gone(faults.CLIENT_GONE)
    this.closed(stream)
    return NO_ERROR
  }

  abstract closed(stream: Http2Stream): void

  #takeSettings(r: FrameReader): number {
    if (r.stream !== 0) return PROTOCOL_ERROR
    if ((r.flags & ACK) !== 0) {
      if (r.length !== 0) return FRAME_SIZE_ERROR
      this.#idle(1)
      this.settingsAcknowledged()
      return NO_ERROR
    }
    if (r.length % 6 !== 0) return FRAME_SIZE_ERROR
    this.#idle(SETTINGS_COST)
    const before = this.settings.initialWindow
    const code = this.settings.take(r.bytes, r.start, r.end)
    if (code !== NO_ERROR) return code
    this.output.encoder.setTableMax(this.settings.tableBytesMax)
    putSettingsAck(this.output.out)
    this.output.queue()
    return this.#moveWindows(this.settings.initialWindow - before)
  }

  /** A change of the initial window moves the windows of all open streams (RFC 9113 §6.9.2). */
  #moveWindows(by: number): number {
    if (by === 0) return NO_ERROR
    for (let i = 0; i < this.streams.count; i++) {
      const stream = this.streams.at(i)!
      stream.sendWindow += by
      if (stream.sendWindow > WINDOW_MAX) return FLOW_CONTROL_ERROR
    }
    if (by > 0) this.pump()
    return NO_ERROR
  }

  #takePing(r: FrameReader): number {
    if (r.stream !== 0) return PROTOCOL_ERROR
    if (r.length !== 8) return FRAME_SIZE_ERROR
    this.#idle(1)
    if ((r.flags & ACK) !== 0) {
      this.pingAnswered()
      return NO_ERROR
    }
    putPing(this.output.out, ACK, r.bytes, r.start)
    this.output.queue()
    return NO_ERROR
  }

  /** Priorities are a thing of the past (RFC 9113 §5.3); what can't be right ends the connection all the same. */
  #takePriority(r: FrameReader): number {
    if (r.stream === 0) return PROTOCOL_ERROR
    if (r.length !== 5) return FRAME_SIZE_ERROR
    this.#idle(1)
    return readUint31(r.bytes, r.start) === r.stream ? PROTOCOL_ERROR : NO_ERROR
  }
}
