/**
 * answer-reader — turns what a target sends into the events of one exchange: interim heads, head, body, trailers, end.
 *
 * HOT     `take` runs for every read from a target. Body bytes are handed on where they lie.
 */
import { asksForHead, asksForTunnel, type Exchange, NO_UPGRADE, UPGRADED } from '../../contract/exchange.ts'
import type { TransportEvents } from '../../contract/transport.ts'
import { MORE } from '../../http1/answers.ts'
import { CHUNK_BAD, CHUNK_DATA, CHUNK_MORE, ChunkedReader } from '../../http1/chunked/chunked.ts'
import { forgetReceived } from '../../http1/fields.ts'
import {
  CHUNKED,
  INVALID,
  isBodyless,
  isHeadRequest,
  namesWebSocket,
  persists,
  responseLength,
  UNTIL_CLOSE,
} from '../../http1/framing.ts'

export const READ_MORE = 0
export const READ_DONE = 1
export const READ_BAD = 2

const IN_HEAD = 0
const IN_LENGTH = 1
const IN_CHUNKS = 2
const IN_TRAILERS = 3
const IN_REST = 4

/** Interim answers to one request; more is a target gone wrong. */
const INTERIM_MAX = 16

export class AnswerReader {
  readonly #events: TransportEvents
  readonly #chunks: ChunkedReader
  #state: number
  #left: number
  #interim: number
  /** After READ_DONE: the connection may serve again. */
  reusable: boolean
  /** After READ_DONE: where the answer ended. */
  pos: number
  /** A byte of the answer has come. */
  started: boolean
  /** The flow asked not to be given more for now. */
  wantsPause: boolean

  constructor(events: TransportEvents) {
    this.#events = events
    this.#chunks = new ChunkedReader()
    this.#state = IN_HEAD
    this.#left = 0
    this.#interim = 0
    this.reusable = false
    this.pos = 0
    this.started = false
    this.wantsPause = false
  }

  reset(x: Exchange): void {
    this.#state = IN_HEAD
    this.#left = 0
    this.#interim = 0
    this.reusable = false
    this.pos = 0
    this.started = false
    this.wantsPause = false
    if (x.response.used !== 0) forgetReceived(x.response)
  }

  /** True when the close of the connection is the end of the body. */
  get endsAtClose(): boolean {
    return this.#state === IN_REST
  }

  /** Reads bytes [start, end). Stops early when the exchange is no longer ours: its carrier has changed. */
  take(x: Exchange, buffer: Buffer, start: number, end: number): number {
    const carrier = x.carrier
    if (!this.started) {
      this.started = true
      if (x.firstByteMs === 0) x.firstByteMs = this.#events.now()
    }
    this.wantsPause = false
    let at = start
    while (at < end) {
      if (this.#state === IN_HEAD) at = this.#head(x, buffer, at, end)
      else if (this.#state === IN_TRAILERS) at = this.#trailers(x, buffer, at, end)
      else at = this.#body(x, buffer, at, end)
      if (x.carrier !== carrier) return READ_MORE
      if (at === MORE) return READ_MORE
      if (at < MORE) return READ_BAD
      if (this.#state === IN_HEAD && x.status !== 0) {
        this.pos = at
        return READ_DONE
      }
    }
    return READ_MORE
  }

  #head(x: Exchange, buffer: Buffer, start: number, end: number): number {
    const head = x.response
    const at = head.feed(buffer, start, end)
    if (at < 0) return at
    if (head.status < 200) {
      if (head.status === 101) return this.#switch(x, at)
      if (++this.#interim > INTERIM_MAX) return READ_FAILED
      this.#events.targetInfo(x)
      forgetReceived(head)
      return at
    }
    // A target that has refused an upgrade may have taken its connection out of HTTP all the same.
    this.reusable = persists(head) && x.upgrade === NO_UPGRADE
    return this.#frame(x, at)
  }

  /** What was asked for: the connection is a tunnel from here on, and what follows is handed on as it is. */
  #switch(x: Exchange, at: number): number {
    if (!asksForTunnel(x) || !namesWebSocket(x.response)) return READ_FAILED
    x.upgrade = UPGRADED
    x.responseLength = UNTIL_CLOSE
    x.bodyless = true
    x.status = x.response.status
    this.#state = IN_REST
    this.#events.targetHead(x)
    return at
  }

  #frame(x: Exchange, at: number): number {
    const length = responseLength(x.response)
    if (length === INVALID) return READ_FAILED
    const hasNone = isBodyless(x.response.status, asksForHead(x))
    x.bodyless = isBodyless(x.response.status, isHeadRequest(x.request))
    x.responseLength = hasNone && !x.bodyless ? 0 : length
    x.status = x.response.status
    if (hasNone || length === 0) this.#state = IN_HEAD
    else if (length === CHUNKED) {
      this.#chunks.reset()
      this.#state = IN_CHUNKS
    } else if (length === UNTIL_CLOSE) {
      this.reusable = false
      this.#state = IN_REST
    } else {
      this.#left = length
      this.#state = IN_LENGTH
    }
    this.#events.targetHead(x)
    return at
  }

  #body(x: Exchange, buffer: Buffer, start: number, end: number): number {
    if (this.#state === IN_CHUNKS) return this.#chunk(x, buffer, start, end)
    if (this.#state === IN_REST) {
      this.#give(x, buffer, start, end)
      return end
    }
    const until = Math.min(end, start + this.#left)
    this.#left -= until - start
    if (this.#left === 0) this.#state = IN_HEAD
    this.#give(x, buffer, start, until)
    return until
  }

  #chunk(x: Exchange, buffer: Buffer, start: number, end: number): number {
    const chunks = this.#chunks
    const verdict = chunks.next(buffer, start, end)
    if (verdict === CHUNK_DATA) this.#give(x, buffer, chunks.dataStart, chunks.dataEnd)
    else if (verdict === CHUNK_BAD) return READ_FAILED
    else if (verdict !== CHUNK_MORE) this.#state = IN_TRAILERS
    return chunks.pos
  }

  #trailers(x: Exchange, buffer: Buffer, start: number, end: number): number {
    const at = x.responseTrailers.feed(buffer, start, end)
    if (at >= 0) this.#state = IN_HEAD
    return at
  }

  #give(x: Exchange, buffer: Buffer, start: number, end: number): void {
    if (!this.#events.targetBody(x, buffer, start, end)) this.wantsPause = true
  }
}

/** Below every answer of the codec, so that it can't be taken for a position or for MORE. */
const READ_FAILED = -9
