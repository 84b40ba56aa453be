/**
 * header-block — a header block that came in several frames (RFC 9113 §4.3, §6.10), until it is whole.
 *
 * LIMITS  Bytes and frames by http2Limits: what is too long ends the connection, since its fields can't be passed over
 *         without reading them.
 */
import { appendBytes, NO_BYTES } from '../../src/base/append-bytes.ts'
import { http2Limits } from './http2-limits.ts'

export class HeaderBlock {
  /** 0 while none has begun. */
  stream: number
  /** Of the HEADERS frame. */
  flags: number
  bytes: Buffer
  #frames: number

  constructor() {
    this.stream = 0
    this.flags = 0
    this.bytes = NO_BYTES
    this.#frames = 0
  }

  begin(stream: number, flags: number): void {
    this.stream = stream
    this.flags = flags
    this.bytes = NO_BYTES
    this.#frames = 0
  }

  /** False when it is too long. */
  add(bytes: Buffer, start: number, end: number): boolean {
    if (++this.#frames > http2Limits.blockFramesMax) return false
    if (this.bytes.length + end - start > http2Limits.blockBytesMax) return false
    this.bytes = appendBytes(this.bytes, bytes, start, end)
    return true
  }

  forget(): void {
    this.stream = 0
    this.bytes = NO_BYTES
  }
}
