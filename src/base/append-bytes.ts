/**
 * Gathers bytes that come in pieces: a buffer that grows by doubling, so that a large body is not copied once a piece.
 *
 * The spare room lies behind the buffer in its own memory, and only this function writes there.
 */
const START_BYTES = 4096

export const NO_BYTES: Buffer = Buffer.allocUnsafeSlow(0)

/** `soFar` (NO_BYTES, or an earlier answer of this function) with bytes [start, end) of `source` behind it. */
export function appendBytes(soFar: Buffer, source: Uint8Array, start: number, end: number): Buffer {
  const length = soFar.length + end - start
  let memory = soFar.buffer
  if (length > memory.byteLength) {
    let size = Math.max(START_BYTES, memory.byteLength)
    while (size < length) size *= 2
    memory = new ArrayBuffer(size)
    new Uint8Array(memory).set(soFar)
  }
  new Uint8Array(memory).set(source.subarray(start, end), soFar.length)
  return Buffer.from(memory, 0, length)
}
