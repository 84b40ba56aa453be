/**
 * answer-reader — finds the end of each answer on a connection, and its status; bodies are counted and dropped.
 *
 * LIMITS  Heads and trailers by the codec's limits; INTERIM_MAX interim answers to a request.
 *
 * HOT     `take` runs for every read.
 */
import { MORE } from '../../../src/http1/answers.ts'
import { CHUNK_BAD, CHUNK_DATA, CHUNK_MORE, ChunkedReader } from '../../../src/http1/chunked/chunked.ts'
import {
  CHUNKED,
  INVALID,
  isBodyless,
  persists,
  responseLength,
  UNTIL_CLOSE,
} from '../../../src/http1/framing.ts'
import { Head, KIND_RESPONSE, KIND_TRAILERS } from '../../../src/http1/head.ts'
import { RESPONSE_LIMITS, TRAILER_LIMITS } from '../../../src/http1/limits.ts'

export const READ_MORE = 0
export const READ_DONE = 1
export const READ_BAD = 2

const IN_HEAD = 0
const IN_LENGTH = 1
const IN_CHUNKS = 2
const IN_TRAILERS = 3
const IN_REST = 4
const IN_NOTHING = 5

const INTERIM_MAX = 16
/** Below every answer of the codec, so that it is neither a position nor MORE. */
const FAILED = -9

export class AnswerReader {
  readonly #toHead: boolean
  readonly #head: Head
  readonly #trailers: Head
  readonly #chunks: ChunkedReader
  #state: number
  #left: number
  #interim: number
  /** After READ_DONE: the connection may serve again. */
  reusable: boolean
  /** After READ_DONE: where the answer ended. */
  pos: number

  /** `toHead`: the requests are HEAD, so no answer has a body. */
  constructor(toHead: boolean) {
    this.#toHead = toHead
    this.#head = new Head(KIND_RESPONSE, RESPONSE_LIMITS)
    this.#trailers = new Head(KIND_TRAILERS, TRAILER_LIMITS)
    this.#chunks = new ChunkedReader()
    this.#state = IN_NOTHING
    this.#left = 0
    this.#interim = 0
    this.reusable = false
    this.pos = 0
  }

  /** Before each request. */
  reset(): void {
    this.#head.reset()
    this.#state = IN_HEAD
    this.#left = 0
    this.#interim = 0
    this.reusable = false
    this.pos = 0
  }

  get status(): number {
    return this.#head.status
  }

  /** True when the close of the connection is the end of the body. */
  get endsAtClose(): boolean {
    return this.#state === IN_REST
  }

  /** Reads bytes [start, end). */
  take(buffer: Buffer, start: number, end: number): number {
    let at = start
    while (at < end && this.#state !== IN_NOTHING) {
      if (this.#state === IN_HEAD) at = this.#takeHead(buffer, at, end)
      else if (this.#state === IN_LENGTH) at = this.#takeLength(at, end)
      else if (this.#state === IN_CHUNKS) at = this.#takeChunk(buffer, at, end)
      else if (this.#state === IN_TRAILERS) at = this.#takeTrailers(buffer, at, end)
      else at = end
      if (at === MORE) return READ_MORE
      if (at < MORE) return READ_BAD
    }
    this.pos = at
    return this.#state === IN_NOTHING ? READ_DONE : READ_MORE
  }

  #takeHead(buffer: Buffer, start: number, end: number): number {
    const head = this.#head
    const at = head.feed(buffer, start, end)
    if (at < 0) return at
    if (head.status < 200) {
      if (head.status === 101 || ++this.#interim > INTERIM_MAX) return FAILED
      head.reset()
      return at
    }
    const length = responseLength(head)
    if (length === INVALID) return FAILED
    this.reusable = persists(head)
    if (isBodyless(head.status, this.#toHead) || length === 0) this.#state = IN_NOTHING
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
    return at
  }

  #takeLength(start: number, end: number): number {
    const until = Math.min(end, start + this.#left)
    this.#left -= until - start
    if (this.#left === 0) this.#state = IN_NOTHING
    return until
  }

  #takeChunk(buffer: Buffer, start: number, end: number): number {
    const verdict = this.#chunks.next(buffer, start, end)
    if (verdict === CHUNK_BAD) return FAILED
    if (verdict !== CHUNK_DATA && verdict !== CHUNK_MORE) {
      this.#trailers.reset()
      this.#state = IN_TRAILERS
    }
    return this.#chunks.pos
  }

  #takeTrailers(buffer: Buffer, start: number, end: number): number {
    const at = this.#trailers.feed(buffer, start, end)
    if (at >= 0) this.#state = IN_NOTHING
    return at
  }
}
