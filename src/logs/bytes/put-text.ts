/**
 * put-text — appends texts to a log record, each behind its length.
 *
 * HOT     Runs some twenty times for each request that is logged. Short texts go by a loop: a call into Node costs as
 *         much as fifty characters.
 */
import type { Outbox } from '../../base/outbox.ts'

const LOOP_MAX = 64
const LENGTH_BYTES = 4
/** UTF-8 of one UTF-16 unit. */
const UNIT_BYTES_MAX = 3

export function putLength(out: Outbox, value: number): void {
  out.reserve(LENGTH_BYTES)
  writeLength(out.bytes, out.used, value)
  out.used += LENGTH_BYTES
}

function writeLength(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value & 127
  bytes[at + 1] = (value >>> 7) & 127
  bytes[at + 2] = (value >>> 14) & 127
  bytes[at + 3] = (value >>> 21) & 127
}

/** Bytes [start, end) of `source`, as they are. */
export function putBytes(out: Outbox, source: Uint8Array, start: number, end: number): void {
  putLength(out, end - start)
  if (end > start) out.put(source, start, end)
}

/** A string that has a character a byte: what came over the wire, an id, an address. */
export function putLatin1(out: Outbox, text: string): void {
  const count = text.length
  out.reserve(LENGTH_BYTES + count)
  const bytes = out.bytes
  let at = out.used
  writeLength(bytes, at, count)
  at += LENGTH_BYTES
  if (count > LOOP_MAX) bytes.latin1Write(text, at, count)
  else for (let i = 0; i < count; i++) bytes[at + i] = text.charCodeAt(i)
  out.used = at + count
}

/** Any string, as UTF-8. */
export function putText(out: Outbox, text: string): void {
  const count = text.length
  out.reserve(LENGTH_BYTES + count * UNIT_BYTES_MAX)
  const at = out.used + LENGTH_BYTES
  const length = count === 0 ? 0 : out.bytes.utf8Write(text, at, count * UNIT_BYTES_MAX)
  writeLength(out.bytes, out.used, length)
  out.used = at + length
}

/** For bytes that follow and are not counted yet. Answers where; `endLength` is to be told. */
export function beginLength(out: Outbox): number {
  const at = out.used
  putLength(out, 0)
  return at
}

export function endLength(out: Outbox, at: number): void {
  writeLength(out.bytes, at, out.used - at - LENGTH_BYTES)
}
