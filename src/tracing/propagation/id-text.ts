/** Writes ids as text: hex digits in lower case, or decimal numbers. One string is made for each value. */
import { isShort } from './zero.ts'

const DIGITS = Buffer.from('0123456789abcdef', 'latin1')
const LENGTH_MAX = 128
const scratch = Buffer.alloc(LENGTH_MAX)
let used = 0

/** Begins a value; the `put…` that follow add to it, and `endText` answers it. */
export function beginText(): void {
  used = 0
}

/** ASCII. */
export function putText(text: string): void {
  for (let i = 0; i < text.length; i++) scratch[used++] = text.charCodeAt(i)
}

/** Bytes [start, end) of an id. */
export function putHex(id: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    const byte = id[i]!
    scratch[used++] = DIGITS[byte >> 4]!
    scratch[used++] = DIGITS[byte & 15]!
  }
}

/** A trace id of 8 bytes as 16 digits, others as 32. */
export function putTraceId(traceId: Uint8Array): void {
  putHex(traceId, isShort(traceId) ? 8 : 0, 16)
}

export function endText(): string {
  return scratch.latin1Slice(0, used)
}

export function hexText(id: Uint8Array, start: number, end: number): string {
  used = 0
  putHex(id, start, end)
  return endText()
}

export function traceIdText(traceId: Uint8Array): string {
  used = 0
  putTraceId(traceId)
  return endText()
}

/** The last eight bytes as an unsigned number. */
export function decimalText(id: Uint8Array): string {
  let value = 0n
  for (let i = id.length - 8; i < id.length; i++) value = (value << 8n) | BigInt(id[i]!)
  return value.toString()
}
