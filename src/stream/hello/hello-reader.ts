/**
 * hello-reader — gathers the records of a ClientHello as they come, cut anywhere, until it is whole.
 *
 * WHAT    The bytes are kept as they came, for whoever terminates TLS or passes it on. The records' frames are walked
 *         once: a byte that came alone costs no more than one in a crowd.
 *
 * LIMITS  HELLO_BYTES_MAX in all. The first byte that can't be a hello's is the last one read.
 */
import { readServerName } from './client-hello.ts'

/** As nginx's preread buffer; those of browsers with post-quantum keys have 2 KiB. */
export const HELLO_BYTES_MAX = 16 * 1024
const START_BYTES = 2048

export const HELLO_MORE = 0
export const HELLO_WHOLE = 1
export const HELLO_BAD = 2

const HANDSHAKE = 22
const CLIENT_HELLO = 1
const RECORD_HEAD = 5
const MESSAGE_HEAD = 4

export class HelloReader {
  /** Once whole. */
  serverName: string
  #bytes: Buffer
  #used: number
  /** Where the first record stands that is not whole yet. */
  #record: number
  /** Bytes of the message in the records before it. */
  #have: number

  constructor() {
    this.serverName = ''
    this.#bytes = Buffer.alloc(0)
    this.#used = 0
    this.#record = 0
    this.#have = 0
  }

  /** All that was taken. */
  get taken(): Buffer {
    return this.#bytes.subarray(0, this.#used)
  }

  /** HELLO_MORE, HELLO_WHOLE or HELLO_BAD; what stands behind a whole one is kept with it. */
  take(chunk: Uint8Array): number {
    if (!this.#keep(chunk)) return HELLO_BAD
    while (this.#record < this.#used) {
      const length = this.#lengthOfRecord()
      if (length < 0) return HELLO_BAD
      if (length === 0 || this.#record + RECORD_HEAD + length > this.#used) return this.#orFull()
      this.#have += length
      this.#record += RECORD_HEAD + length
      const whole = this.#wholeLength()
      if (whole < 0) return HELLO_BAD
      if (whole > 0 && this.#have >= whole) return this.#read(whole)
    }
    return this.#orFull()
  }

  #keep(chunk: Uint8Array): boolean {
    const used = this.#used + chunk.length
    if (used > this.#bytes.length) {
      // More than a hello may come with it, as early data: only what is over the limit by itself is too much.
      const size = Math.max(START_BYTES, this.#bytes.length * 2, used)
      if (this.#used >= HELLO_BYTES_MAX) return false
      const grown = Buffer.allocUnsafeSlow(size)
      this.#bytes.copy(grown, 0, 0, this.#used)
      this.#bytes = grown
    }
    this.#bytes.set(chunk, this.#used)
    this.#used = used
    return true
  }

  /** Of the one at `#record`: 0 while its head is not whole, -1 when it can't be part of a hello. */
  #lengthOfRecord(): number {
    const at = this.#record
    const known = this.#used - at
    if (this.#bytes[at] !== HANDSHAKE) return -1
    if (known > 1 && this.#bytes[at + 1] !== 3) return -1
    if (known > RECORD_HEAD && this.#have === 0 && this.#bytes[at + RECORD_HEAD] !== CLIENT_HELLO) return -1
    if (known < RECORD_HEAD) return 0
    const length = this.#bytes.readUInt16BE(at + 3)
    return length === 0 || length > HELLO_BYTES_MAX ? -1 : length
  }

  /** Of the message with its head: 0 while that is not known, -1 when it is too long. */
  #wholeLength(): number {
    if (this.#have < MESSAGE_HEAD) return 0
    const head = this.#message(MESSAGE_HEAD)
    const whole = MESSAGE_HEAD + head.readUIntBE(1, 3)
    return head[0] !== CLIENT_HELLO || whole > HELLO_BYTES_MAX ? -1 : whole
  }

  #orFull(): number {
    return this.#used >= HELLO_BYTES_MAX ? HELLO_BAD : HELLO_MORE
  }

  #read(whole: number): number {
    const name = readServerName(this.#message(whole))
    if (name === null) return HELLO_BAD
    this.serverName = name
    return HELLO_WHOLE
  }

  /** The first `count` bytes of the message, out of the records it is spread over. */
  #message(count: number): Buffer {
    const message = Buffer.alloc(count)
    let at = 0
    for (let record = 0; at < count; ) {
      const length = this.#bytes.readUInt16BE(record + 3)
      const start = record + RECORD_HEAD
      this.#bytes.copy(message, at, start, Math.min(start + length, start + count - at))
      at += length
      record = start + length
    }
    return message
  }
}
