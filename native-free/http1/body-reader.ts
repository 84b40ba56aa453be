/**
 * body-reader — finds a request body's bytes in what a connection reads: a length to count down, or chunks.
 *
 * HOT     `read` runs once a read of a body. It answers at most one span of data a call, in dataStart and dataEnd;
 *         `pos` says how far it got.
 */
import { type Fault, faults } from '../../src/base/faults.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import type { ListenerLimits } from '../../src/contract/listener.ts'
import { MORE } from '../../src/http1/answers.ts'
import { CHUNK_BAD, CHUNK_DATA, CHUNK_TRAILERS, ChunkedReader } from '../../src/http1/chunked/chunked.ts'
import { CHUNKED } from '../../src/http1/framing.ts'
import { bit } from '../../src/http1/names.ts'
import { keepAnnounced } from './trailers.ts'

export const BODY_MORE = 0
export const BODY_DONE = 1
export const BODY_BAD = 2
export const BODY_TOO_LARGE = 3

export class BodyReader {
  readonly #limits: ListenerLimits
  readonly #chunks: ChunkedReader
  #left: number
  #inTrailers: boolean
  #total: number
  /** Time spent reading, not counting when the flow had us wait. */
  #spentMs: number
  #sinceMs: number
  dataStart: number
  dataEnd: number
  pos: number

  constructor(limits: ListenerLimits) {
    this.#limits = limits
    this.#chunks = new ChunkedReader()
    this.#left = 0
    this.#inTrailers = false
    this.#total = 0
    this.#spentMs = 0
    this.#sinceMs = 0
    this.dataStart = 0
    this.dataEnd = 0
    this.pos = 0
  }

  reset(length: number, nowMs: number): void {
    this.#left = length
    this.#inTrailers = false
    this.#total = 0
    this.#spentMs = 0
    this.#sinceMs = nowMs
    if (length === CHUNKED) this.#chunks.reset()
  }

  read(x: Exchange, buffer: Buffer, start: number, end: number): number {
    this.dataStart = start
    this.dataEnd = start
    if (x.requestLength === CHUNKED) return this.#readChunks(x, buffer, start, end)
    const until = Math.min(end, start + this.#left)
    this.dataEnd = until
    this.pos = until
    this.#total += until - start
    this.#left -= until - start
    return this.#left === 0 ? BODY_DONE : BODY_MORE
  }

  #readChunks(x: Exchange, buffer: Buffer, start: number, end: number): number {
    if (this.#inTrailers) return this.#readTrailers(x, buffer, start, end)
    const chunks = this.#chunks
    const verdict = chunks.next(buffer, start, end)
    this.pos = chunks.pos
    if (verdict === CHUNK_DATA) {
      this.dataStart = chunks.dataStart
      this.dataEnd = chunks.dataEnd
      this.#total += chunks.dataEnd - chunks.dataStart
      return this.#limits.bodyBytesMax !== 0 && this.#total > this.#limits.bodyBytesMax
        ? BODY_TOO_LARGE
        : BODY_MORE
    }
    if (verdict === CHUNK_BAD) return BODY_BAD
    if (verdict === CHUNK_TRAILERS) this.#inTrailers = true
    return BODY_MORE
  }

  #readTrailers(x: Exchange, buffer: Buffer, start: number, end: number): number {
    const at = x.requestTrailers.feed(buffer, start, end)
    this.pos = at >= 0 ? at : end
    if (at < 0) return at === MORE ? BODY_MORE : BODY_BAD
    if (x.requestTrailers.count > 0)
      keepAnnounced(x.requestTrailers, x.request, (x.request.present & bit('trailer')) !== 0)
    return BODY_DONE
  }

  /** The flow had us wait from now on. */
  stopped(nowMs: number): void {
    this.#spentMs += nowMs - this.#sinceMs
    this.#sinceMs = nowMs
  }

  started(nowMs: number): void {
    this.#sinceMs = nowMs
  }

  /** What is wrong with a body that is not whole after a read that answered `verdict`; NONE when nothing is. */
  faultOf(verdict: number, nowMs: number): Fault {
    if (verdict === BODY_BAD) return faults.REQUEST_MALFORMED
    if (verdict === BODY_TOO_LARGE) return faults.REQUEST_BODY_TOO_LARGE
    return this.isTooSlow(nowMs) ? faults.REQUEST_TIMEOUT : faults.NONE
  }

  /** True once the body has taken longer than the time limit and come in at less than the least rate. */
  isTooSlow(nowMs: number): boolean {
    const spentMs = this.#spentMs + nowMs - this.#sinceMs
    return spentMs > this.#limits.bodyTimeoutMs && this.#total * 1000 < this.#limits.bodyRateMin * spentMs
  }
}
