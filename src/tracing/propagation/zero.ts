/** An id of nothing but zeros is none, in every format. */

export function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false
  return true
}

/** Whether a trace id of 16 bytes is one of eight, with zeros before it. */
export function isShort(traceId: Uint8Array): boolean {
  for (let i = 0; i < 8; i++) if (traceId[i] !== 0) return false
  return true
}
