/** peer-settings — what the other side has said in its SETTINGS, and what is wrong with them (RFC 9113 §6.5.2). */
import {
  FLOW_CONTROL_ERROR,
  FRAME_BYTES_MAX,
  NO_ERROR,
  PROTOCOL_ERROR,
  readUint32,
  WINDOW_MAX,
  WINDOW_START,
} from './frame.ts'

export const HEADER_TABLE_SIZE = 1
export const ENABLE_PUSH = 2
export const MAX_CONCURRENT_STREAMS = 3
export const INITIAL_WINDOW_SIZE = 4
export const MAX_FRAME_SIZE = 5
export const MAX_HEADER_LIST_SIZE = 6

/** The dynamic table's size before anybody has said otherwise. */
export const TABLE_BYTES_START = 4096
const FRAME_SIZE_MAX = 0xffffff

export class PeerSettings {
  tableBytesMax: number
  initialWindow: number
  /** No bound has been said. */
  streamsMax: number

  constructor() {
    this.tableBytesMax = TABLE_BYTES_START
    this.initialWindow = WINDOW_START
    this.streamsMax = Number.POSITIVE_INFINITY
  }

  /** Takes a payload, of a length that six divides. Answers NO_ERROR or the code that ends the connection. */
  take(bytes: Buffer, start: number, end: number): number {
    for (let at = start; at + 6 <= end; at += 6) {
      const id = (bytes[at]! << 8) | bytes[at + 1]!
      const code = this.#set(id, readUint32(bytes, at + 2) >>> 0)
      if (code !== NO_ERROR) return code
    }
    return NO_ERROR
  }

  #set(id: number, value: number): number {
    if (id === HEADER_TABLE_SIZE) this.tableBytesMax = value
    else if (id === ENABLE_PUSH) return value <= 1 ? NO_ERROR : PROTOCOL_ERROR
    else if (id === MAX_CONCURRENT_STREAMS) this.streamsMax = value
    else if (id === INITIAL_WINDOW_SIZE) {
      if (value > WINDOW_MAX) return FLOW_CONTROL_ERROR
      this.initialWindow = value
    } else if (id === MAX_FRAME_SIZE)
      return value >= FRAME_BYTES_MAX && value <= FRAME_SIZE_MAX ? NO_ERROR : PROTOCOL_ERROR
    return NO_ERROR
  }
}
