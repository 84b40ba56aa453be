/** Reads ids from the bytes of a header field, strictly. Nothing here throws, whatever the bytes are. */
import { HEX } from '../../http1/chars.ts'
import { isZero } from './zero.ts'

/**
 * Hex digits [start, end) into the end of `into`, with zeros before them. False: none, too many, another character, or
 * nothing but zeros.
 */
export function readHex(bytes: Uint8Array, start: number, end: number, into: Uint8Array): boolean {
  return readDigits(bytes, start, end, into) && !isZero(into)
}

/** The same, where zeros are as good as any. */
export function readDigits(bytes: Uint8Array, start: number, end: number, into: Uint8Array): boolean {
  const count = end - start
  if (count < 1 || count > into.length * 2) return false
  into.fill(0)
  let at = into.length - 1
  for (let i = end - 1; i >= start; i -= 2, at--) {
    const low = HEX[bytes[i]!]!
    const high = i > start ? HEX[bytes[i - 1]!]! : 0
    if (low > 15 || high > 15) return false
    into[at] = high * 16 + low
  }
  return true
}

/** True for nothing but hex digits, and at least one. */
export function isHex(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (HEX[bytes[i]!]! > 15) return false
  return end > start
}

/** As readHex, of so many digits and no other number. */
export function readHexOf(digits: number, bytes: Uint8Array, start: number, into: Uint8Array): boolean {
  return readHex(bytes, start, start + digits, into)
}

const DECIMAL_DIGITS_MAX = 20

/** A decimal number below 2^64 into the last eight bytes of `into`. */
export function readDecimal(bytes: Uint8Array, start: number, end: number, into: Uint8Array): boolean {
  if (end <= start || end - start > DECIMAL_DIGITS_MAX) return false
  into.fill(0)
  for (let i = start; i < end; i++) {
    let carry = bytes[i]! - 48
    if (carry < 0 || carry > 9) return false
    for (let at = into.length - 1; at >= into.length - 8; at--) {
      carry += into[at]! * 10
      into[at] = carry & 255
      carry >>= 8
    }
    if (carry !== 0) return false
  }
  return !isZero(into)
}

/** The first of these bytes in [start, end); `end`: none. */
export function indexOfByte(bytes: Uint8Array, byte: number, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === byte) return i
  return end
}

/** True when [start, end) is `text`, which is in lower case, in whatever case. */
export function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[start + i]!
    const lower = byte >= 65 && byte <= 90 ? byte + 32 : byte
    if (lower !== text.charCodeAt(i)) return false
  }
  return true
}

/** `1` and `true`, `0` and `false`; null for anything else. */
export function readFlag(bytes: Uint8Array, start: number, end: number): boolean | null {
  if (isText(bytes, start, end, '1') || isText(bytes, start, end, 'true')) return true
  if (isText(bytes, start, end, '0') || isText(bytes, start, end, 'false')) return false
  return null
}
