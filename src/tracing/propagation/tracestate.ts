/**
 * tracestate — whether the field beside a traceparent is one that may be passed on (W3C Trace Context §3.3).
 *
 *     tracestate: vendor=value, tenant@vendor=value        at most 32 members, in one field or several
 */
import { findRow } from '../../http1/fields.ts'
import { type Head, STRIDE } from '../../http1/head.ts'
import { indexOfByte } from './read-ids.ts'

const MEMBERS_MAX = 32
const COMMA = 44
const SPACE = 32
const TAB = 9
const KEY = '[a-z0-9][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13}'
/** Printable, without comma and equals sign; the last of a value is no blank. */
const VALUE = '[ -+\\x2d-<>-~]{0,255}[!-+\\x2d-<>-~]'
const MEMBER = new RegExp(`^(?:${KEY})=${VALUE}$`)
/** Key, equals sign and value at their longest. */
const MEMBER_LENGTH_MAX = 513

/** All fields of the name together; true where there are none. */
export function isTracestateValid(head: Head): boolean {
  let members = 0
  for (let row = findRow(head, 'tracestate', 0); row >= 0; row = findRow(head, 'tracestate', row + 1)) {
    const end = head.spans[row * STRIDE + 3]!
    let at = head.spans[row * STRIDE + 2]!
    while (at < end) {
      const next = indexOfByte(head.bytes, COMMA, at, end)
      const found = isMember(head.bytes, at, next)
      if (found === null) return false
      if (found && ++members > MEMBERS_MAX) return false
      at = next + 1
    }
  }
  return true
}

/** False: nothing but blanks, which is allowed and no member. Null: malformed. */
function isMember(bytes: Buffer, from: number, to: number): boolean | null {
  let start = from
  let end = to
  while (start < end && (bytes[start] === SPACE || bytes[start] === TAB)) start++
  while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--
  if (start === end) return false
  if (end - start > MEMBER_LENGTH_MAX) return null
  return MEMBER.test(bytes.latin1Slice(start, end)) ? true : null
}
