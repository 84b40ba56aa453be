/**
 * answer-writer — puts one connection's answers into its outbox: interim heads, the head's end with its framing,
 * body bytes as they are or in chunks, and the end of a chunked body.
 *
 * HOT     `head`, `body` and `end` run for every request.
 */
import type { Outbox } from '../../src/base/outbox.ts'
import type { Exchange } from '../../src/contract/exchange.ts'
import { putFraming, putLastChunk } from './response-framing.ts'

const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n')
const CRLF = Buffer.from('\r\n')

export class AnswerWriter {
  readonly #out: Outbox
  #isChunked: boolean

  constructor(out: Outbox) {
    this.#out = out
    this.#isChunked = false
  }

  head(x: Exchange): void {
    this.#isChunked = putFraming(this.#out, x)
  }

  /** HTTP/1.0 has no interim answers (RFC 9110 §15.2). */
  info(x: Exchange): void {
    if (x.request.minor === 0) this.#out.used = 0
    else this.#out.putAll(CRLF)
  }

  continue(): void {
    this.#out.putAll(CONTINUE)
  }

  body(bytes: Uint8Array, start: number, end: number): void {
    const out = this.#out
    if (!this.#isChunked) return out.put(bytes, start, end)
    if (start === end) return
    out.putHex(end - start)
    out.putAll(CRLF)
    out.put(bytes, start, end)
    out.putAll(CRLF)
  }

  end(x: Exchange): void {
    if (!this.#isChunked) return
    this.#isChunked = false
    putLastChunk(this.#out, x)
  }
}
