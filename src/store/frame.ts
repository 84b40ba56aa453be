/**
 * frame — how a record lies in a file of the state: with its length and a checksum, so that half of one is told from a
 * whole one.
 *
 *           | "SLST" | length of payload | CRC-32 of payload | payload |      three uint32, big-endian
 */
import { crc32 } from 'node:zlib'

const MAGIC = 0x534c5354
const MAGIC_BYTES = Buffer.from('SLST', 'latin1')
export const FRAME_HEAD_BYTES = 12

export function makeFrame(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + payload.length)
  frame.writeUInt32BE(MAGIC, 0)
  frame.writeUInt32BE(payload.length, 4)
  frame.writeUInt32BE(crc32(payload), 8)
  frame.set(payload, FRAME_HEAD_BYTES)
  return frame
}

/** The payload of the frame at `at`: a view. Null: there is no whole one. */
export function readFrame(bytes: Buffer, at: number): Buffer | null {
  if (at + FRAME_HEAD_BYTES > bytes.length || bytes.readUInt32BE(at) !== MAGIC) return null
  const start = at + FRAME_HEAD_BYTES
  const end = start + bytes.readUInt32BE(at + 4)
  if (end > bytes.length) return null
  const payload = bytes.subarray(start, end)
  return crc32(payload) === bytes.readUInt32BE(at + 8) ? payload : null
}

/** Whether a whole frame begins anywhere behind `at`: then what is broken there is no end that was torn off. */
export function hasFrameBehind(bytes: Buffer, at: number): boolean {
  for (let next = bytes.indexOf(MAGIC_BYTES, at + 1); next >= 0; next = bytes.indexOf(MAGIC_BYTES, next + 1))
    if (readFrame(bytes, next) !== null) return true
  return false
}
