/**
 * http2-output — one connection's frames on their way out: heads through HPACK, data within the connection's window,
 * and what the socket takes of them.
 *
 * LIMITS  Data stops at OUTBOX_HIGH while the socket is behind; heads and control frames are bounded by who reads on.
 *
 * HOT     `head`, `data` and `send` run for every answer.
 */
import { OUTBOX_HIGH, Outbox } from '../../src/base/outbox.ts'
import type { Flushable } from '../../src/base/turn.ts'
import { putAnswerBlock, putTrailerBlock } from '../../src/http2/answer-fields.ts'
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  FLAGS_AT,
  FRAME_BYTES_MAX,
  FRAME_HEAD_BYTES,
  HEADERS,
  putFrameHead,
  putSettings,
  putWindowUpdate,
  WINDOW_START,
  writeFrameHead,
} from '../../src/http2/frame.ts'
import { HpackEncoder } from '../../src/http2/hpack/hpack-encoder.ts'
import {
  INITIAL_WINDOW_SIZE,
  MAX_CONCURRENT_STREAMS,
  MAX_HEADER_LIST_SIZE,
} from '../../src/http2/peer-settings.ts'
import type { SocketWriter } from '../../src/socket/socket-writer.ts'
import type { ListenerSide } from '../listener-side.ts'
import { http2Limits } from './http2-limits.ts'

/** A block that is too long for one frame, for as long as it takes to cut it. One for all connections. */
const whole = new Outbox()

export class Http2Output {
  readonly out: Outbox
  readonly encoder: HpackEncoder
  /** How much data the client takes on this connection (RFC 9113 §5.2). */
  window: number
  /** Counts what has left: an offset into `out` holds until it changes. */
  flushes: number
  readonly #listener: ListenerSide
  readonly #writer: SocketWriter
  readonly #connection: Flushable
  /** When a client that reads nothing has had its time; 0 while nothing waits for it. */
  blockedUntilMs: number

  constructor(listener: ListenerSide, writer: SocketWriter, connection: Flushable) {
    this.out = writer.out
    this.encoder = new HpackEncoder()
    this.window = WINDOW_START
    this.flushes = 0
    this.#listener = listener
    this.#writer = writer
    this.#connection = connection
    this.blockedUntilMs = 0
  }

  /** The first frames: what we allow. */
  openSettings(listBytesMax: number): void {
    putSettings(this.out, [
      MAX_CONCURRENT_STREAMS,
      http2Limits.streamsMax,
      INITIAL_WINDOW_SIZE,
      http2Limits.streamWindow,
      MAX_HEADER_LIST_SIZE,
      listBytesMax,
    ])
    putWindowUpdate(this.out, 0, http2Limits.connectionWindow - WINDOW_START)
    this.queue()
  }

  get isBlocked(): boolean {
    return this.#writer.isBlocked
  }

  /** Something has been put: it leaves at the end of the turn. */
  queue(): void {
    this.#listener.turn.push(this.#connection)
  }

  /** A HEADERS frame of `lines`, which are used up. Answers where it stands. */
  head(stream: number, lines: Outbox, isTrailers: boolean): number {
    const out = this.out
    const at = out.used
    putFrameHead(out, 0, HEADERS, isTrailers ? END_HEADERS | END_STREAM : END_HEADERS, stream)
    if (isTrailers) putTrailerBlock(this.encoder, out, lines)
    else putAnswerBlock(this.encoder, out, lines)
    lines.used = 0
    const length = out.used - at - FRAME_HEAD_BYTES
    if (length <= FRAME_BYTES_MAX) writeFrameHead(out.bytes, at, length, HEADERS)
    else this.#cut(at, stream)
    this.queue()
    return at
  }

  /** Turns the one frame at `at` into as many as it needs. */
  #cut(at: number, stream: number): void {
    const out = this.out
    const flags = out.bytes[at + FLAGS_AT]!
    whole.put(out.bytes, at + FRAME_HEAD_BYTES, out.used)
    out.used = at
    for (let from = 0; from < whole.used; from += FRAME_BYTES_MAX) {
      const until = Math.min(whole.used, from + FRAME_BYTES_MAX)
      const last = until === whole.used ? END_HEADERS : 0
      if (from === 0) putFrameHead(out, until, HEADERS, flags & ~END_HEADERS, stream)
      else putFrameHead(out, until - from, CONTINUATION, last, stream)
      out.put(whole.bytes, from, until)
    }
    whole.release()
  }

  /** How much of `wanted` bytes the next frame may have; 0 or less: none now. */
  room(wanted: number): number {
    if (this.#writer.isBlocked) return 0
    // A write that fails here fails again at the end of the turn, when nobody holds the exchange.
    if (this.out.used >= OUTBOX_HIGH && (!this.send() || this.#writer.isBlocked)) return 0
    const most = wanted < this.window ? wanted : this.window
    return most < FRAME_BYTES_MAX ? most : FRAME_BYTES_MAX
  }

  /** One frame of data, for which there is room. Answers where it stands. */
  data(stream: number, bytes: Uint8Array, start: number, end: number): number {
    const out = this.out
    const at = out.used
    this.window -= end - start
    putFrameHead(out, end - start, DATA, 0, stream)
    out.put(bytes, start, end)
    this.queue()
    return at
  }

  /** Ends a stream: on the frame at `at`, if that has not left since `flushes`, else with an empty one. */
  end(stream: number, at: number, flushes: number): void {
    if (flushes === this.flushes) this.out.bytes[at + FLAGS_AT]! |= END_STREAM
    else {
      putFrameHead(this.out, 0, DATA, END_STREAM, stream)
      this.queue()
    }
  }

  /** Sends all there is. False when the connection is lost. */
  send(): boolean {
    this.flushes++
    if (!this.#writer.flush()) return false
    this.blockedUntilMs = this.#writer.isBlocked
      ? this.#listener.clock.now() + this.#listener.limits.sendTimeoutMs
      : 0
    return true
  }
}
