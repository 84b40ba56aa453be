/**
 * frame-tracker — where one direction of a WebSocket connection stands between two frames, by their headers alone
 * (RFC 6455 §5.2).
 *
 * WHAT    | b0 fin, opcode | b1 mask, length | 0, 2 or 8 of length | 0 or 4 of mask | payload … |
 *         Payload is counted and not looked at. Nothing is judged: what is no WebSocket is followed just the same, and
 *         then merely never comes to the end of a frame.
 *
 * HOT     `follow` runs once a read of a tunnel, and its loop once for a payload and once for each byte of a header.
 */

const OPCODE = 0x0f
const CLOSE = 8
const LENGTH = 0x7f
const MASKED = 0x80
const IN_TWO_BYTES = 126

export class FrameTracker {
  /** Bytes of the header that have come: 0 between frames, and within a payload. */
  #header: number
  /** Bytes of the length, and of length and mask, that are still to come. */
  #lengthLeft: number
  #headerLeft: number
  /** Of the payload: its length while the header is read, then what is still to come. */
  #left: number
  #opcode: number
  /** A close frame has passed, whole. */
  hasClosed: boolean

  constructor() {
    this.#header = 0
    this.#lengthLeft = 0
    this.#headerLeft = 0
    this.#left = 0
    this.#opcode = 0
    this.hasClosed = false
  }

  /** What is sent now would stand between two frames. */
  get isBetween(): boolean {
    return this.#header === 0 && this.#left === 0
  }

  /** Reads bytes [start, end). Answers where it stopped: at the end, or where `stops`, behind the first frame that ends. */
  follow(bytes: Uint8Array, start: number, end: number, stops: boolean): number {
    let at = start
    while (at < end) {
      if (this.#header === 0 && this.#left > 0) {
        const count = Math.min(this.#left, end - at)
        this.#left -= count
        at += count
        if (this.#left > 0) return at
      } else if (!this.#readHeader(bytes[at++]!) || this.#left > 0) continue
      if (this.#opcode === CLOSE) this.hasClosed = true
      if (stops) return at
    }
    return at
  }

  /** One byte of a header; true when it was the last. */
  #readHeader(byte: number): boolean {
    this.#header++
    if (this.#header === 1) {
      this.#opcode = byte & OPCODE
      return false
    }
    if (this.#header === 2) this.#readLength(byte)
    else {
      if (this.#lengthLeft > 0) {
        this.#lengthLeft--
        // Above 2^53 it is no longer exact, and such a frame never ends.
        this.#left = this.#left * 256 + byte
      }
      this.#headerLeft--
    }
    if (this.#headerLeft > 0) return false
    this.#header = 0
    return true
  }

  #readLength(byte: number): void {
    const length = byte & LENGTH
    this.#left = length < IN_TWO_BYTES ? length : 0
    this.#lengthLeft = length < IN_TWO_BYTES ? 0 : length === IN_TWO_BYTES ? 2 : 8
    this.#headerLeft = this.#lengthLeft + ((byte & MASKED) === 0 ? 0 : 4)
  }
}
