/**
 * frame — the words of HTTP/2's framing (RFC 9113 §4 and §6, codes of §7), and frames written into an outbox.
 *
 * HOT     The writers run several times a request.
 */
import type { Outbox } from '../base/outbox.ts'

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
export const FRAME_HEAD_BYTES = 9
/** Every peer takes frames of this size, and we take no larger ones (RFC 9113 §4.2). */
export const FRAME_BYTES_MAX = 16_384
export const STREAM_ID_MAX = 0x7fffffff
/** A window that grows beyond it is an error (RFC 9113 §6.9.1). */
export const WINDOW_MAX = 0x7fffffff
/** The windows before anybody has said otherwise. */
export const WINDOW_START = 65_535

export const DATA = 0
export const HEADERS = 1
export const PRIORITY = 2
export const RST_STREAM = 3
export const SETTINGS = 4
export const PUSH_PROMISE = 5
export const PING = 6
export const GOAWAY = 7
export const WINDOW_UPDATE = 8
export const CONTINUATION = 9

export const END_STREAM = 0x1
export const ACK = 0x1
export const END_HEADERS = 0x4
export const PADDED = 0x8
export const HAS_PRIORITY = 0x20

export const NO_ERROR = 0
export const PROTOCOL_ERROR = 1
export const INTERNAL_ERROR = 2
export const FLOW_CONTROL_ERROR = 3
export const SETTINGS_TIMEOUT = 4
export const STREAM_CLOSED = 5
export const FRAME_SIZE_ERROR = 6
export const REFUSED_STREAM = 7
export const CANCEL = 8
export const COMPRESSION_ERROR = 9
export const ENHANCE_YOUR_CALM = 11
export const HTTP_1_1_REQUIRED = 13

/** Where the flags stand in a frame's head. */
export const FLAGS_AT = 4

export function putFrameHead(out: Outbox, length: number, type: number, flags: number, stream: number): void {
  out.reserve(FRAME_HEAD_BYTES)
  const at = out.used
  writeFrameHead(out.bytes, at, length, type)
  out.bytes[at + FLAGS_AT] = flags
  writeUint32(out.bytes, at + 5, stream)
  out.used = at + FRAME_HEAD_BYTES
}

/** Length and type only: for a head that stands already. */
export function writeFrameHead(bytes: Uint8Array, at: number, length: number, type: number): void {
  bytes[at] = length >>> 16
  bytes[at + 1] = length >>> 8
  bytes[at + 2] = length
  bytes[at + 3] = type
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Without the highest bit, which is reserved wherever four bytes say an id or an increment. */
export function readUint31(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) & 0x7fffffff
}

/** As an int32. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

function putUint32(out: Outbox, value: number): void {
  out.reserve(4)
  writeUint32(out.bytes, out.used, value)
  out.used += 4
}

export function putWindowUpdate(out: Outbox, stream: number, increment: number): void {
  putFrameHead(out, 4, WINDOW_UPDATE, 0, stream)
  putUint32(out, increment)
}

export function putReset(out: Outbox, stream: number, code: number): void {
  putFrameHead(out, 4, RST_STREAM, 0, stream)
  putUint32(out, code)
}

export function putGoaway(out: Outbox, lastStream: number, code: number): void {
  putFrameHead(out, 8, GOAWAY, 0, 0)
  putUint32(out, lastStream)
  putUint32(out, code)
}

/** `bytes` [start, start + 8) are what is said, or said back. */
export function putPing(out: Outbox, flags: number, bytes: Uint8Array, start: number): void {
  putFrameHead(out, 8, PING, flags, 0)
  out.put(bytes, start, start + 8)
}

export function putSettingsAck(out: Outbox): void {
  putFrameHead(out, 0, SETTINGS, ACK, 0)
}

/** `pairs`: identifier, value, identifier, value … */
export function putSettings(out: Outbox, pairs: readonly number[]): void {
  putFrameHead(out, pairs.length * 3, SETTINGS, 0, 0)
  for (let i = 0; i < pairs.length; i += 2) {
    out.reserve(2)
    out.bytes[out.used++] = pairs[i]! >>> 8
    out.bytes[out.used++] = pairs[i]!
    putUint32(out, pairs[i + 1]!)
  }
}
