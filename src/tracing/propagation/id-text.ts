/**
 * Writes ids as text: hex digits in lower case, or decimal numbers. One string is made for each value.
 *
 * Each `put…` writes behind `at` and answers where it ended; `textTo` answers what has been put since 0.
 */
import { isShort } from './zero.ts'

const DIGITS = Buffer.from('0123456789abcdef', 'latin1')
const LENGTH_MAX = 128
const scratch = Buffer.alloc(LENGTH_MAX)

/** ASCII. */
export function putText(at: number, text: string): number {
  let to = at | 0
  for (let i = 0; i < text.length; i++) scratch[to++] = text.charCodeAt(i)
  return to
}

/** Bytes [start, end) of an id. */
export function putHex(at: number, id: Uint8Array, start: number, end: number): number {
  let to = at | 0
  for (let i = start | 0; i < end; i++) {
    const byte = id[i]! | 0
    scratch[to] = DIGITS[byte >> 4]!
    scratch[to + 1] = DIGITS[byte & 15]!
    to += 2
  }
  return to
}

/** Bytes [start, 8 or 16) of an id into a line, at `at`. Answers where they end. */
export function putIdInto(line: Uint8Array, at: number, id: Uint8Array, start: number): number {
  const count = id.length
  let to = at | 0
  for (let i = start | 0; i < count; i++) {
    const byte = id[i]! | 0
    line[to] = DIGITS[byte >> 4]!
    line[to + 1] = DIGITS[byte & 15]!
    to += 2
  }
  return to
}

/** A trace id of 8 bytes as 16 digits, others as 32. */
export function putTraceId(at: number, traceId: Uint8Array): number {
  return putHex(at, traceId, isShort(traceId) ? 8 : 0, 16)
}

export function textTo(end: number): string {
  return scratch.latin1Slice(0, end)
}

export function hexText(id: Uint8Array, start: number, end: number): string {
  return textTo(putHex(0, id, start, end))
}

export function traceIdText(traceId: Uint8Array): string {
  return textTo(putTraceId(0, traceId))
}

/** Decimal digits of 64 bits, at most. */
const DECIMAL_DIGITS = 20
const GROUP = 10_000
const limbs = new Int32Array(4)

/** The last eight bytes as an unsigned number: four digits at a time, since a number has no room for all 64 bits. */
export function decimalText(id: Uint8Array): string {
  const from = id.length - 8
  for (let i = 0; i < 4; i++) limbs[i] = id[from + 2 * i]! * 256 + id[from + 2 * i + 1]!
  let at = DECIMAL_DIGITS
  while (at > 0) {
    let rest = 0
    for (let i = 0; i < 4; i++) {
      const value = rest * 65_536 + limbs[i]!
      limbs[i] = (value / GROUP) | 0
      rest = value % GROUP
    }
    for (let digit = 0; digit < 4; digit++, rest = (rest / 10) | 0) scratch[--at] = 48 + (rest % 10)
  }
  while (at < DECIMAL_DIGITS - 1 && scratch[at] === 48) at++
  return scratch.latin1Slice(at, DECIMAL_DIGITS)
}
