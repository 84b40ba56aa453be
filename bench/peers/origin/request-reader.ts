/** Counts the requests in bytes that come in any pieces: several at once, or one byte at a time. */

const HEAD_END = Buffer.from('\r\n\r\n')
const HEAD_BYTES_MAX = 65_536
const LENGTH = /\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n/i
const CODED = /\r\ntransfer-encoding:/i

export class RequestReader {
  /** The begun head; empty inside a body. */
  #rest: Buffer = Buffer.alloc(0)
  #isInBody = false
  #bodyLeft = 0

  /** How many requests have ended, body included, since the last call. Throws on what it cannot read. */
  feed(chunk: Buffer): number {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    let ended = 0
    while (true) {
      const body = Math.min(this.#bodyLeft, bytes.length - at)
      at += body
      this.#bodyLeft -= body
      if (this.#isInBody && this.#bodyLeft === 0) {
        this.#isInBody = false
        ended += 1
      }
      const end = this.#isInBody ? -1 : bytes.indexOf(HEAD_END, at)
      if (end < 0) break
      this.#bodyLeft = bodyLength(bytes.latin1Slice(at, end + 2))
      this.#isInBody = true
      at = end + HEAD_END.length
    }
    this.#rest = bytes.subarray(at)
    if (this.#rest.length > HEAD_BYTES_MAX) throw new Error('a head does not end')
    return ended
  }
}

function bodyLength(head: string): number {
  // All scenarios tell the length of a body. A proxy that makes chunks of it would cost the origin more than others do.
  if (CODED.test(head)) throw new Error('a body without a length')
  return Number(LENGTH.exec(head)?.[1] ?? 0)
}
