/**
 * uri — the path of a request-target as bytes: brought to its one normal form, and escaped again for the target.
 *
 * WHAT    normalizePath decodes %XX unless the byte is reserved (RFC 3986 §2.2, and '%' itself), upper-cases the
 *         triplets it keeps, merges slashes and takes out dot segments, in this order and in one pass. A decoded path
 *         may hold any byte, also spaces and controls: escapePath is what makes it fit for the wire again.
 *
 * LIMITS  What is written never exceeds what was read, but for the one slash of an empty path. Escaping writes at
 *         most three bytes for one.
 *
 * HOT     Runs for requests whose path is marked odd by the parser, and once a try. No allocation.
 */
import type { Outbox } from '../base/outbox.ts'
import { HEX, PERCENT, SLASH } from './chars.ts'

const DOT = 46
const DIGITS = Buffer.from('0123456789ABCDEF')

/** 1 for a byte that keeps its triplet: decoding it would change what the path means. */
const RESERVED = new Uint8Array(256)
for (const char of "!*'();:@&=+$,/?%#[]") RESERVED[char.charCodeAt(0)] = 1

/** 1 for a byte that may be sent as it is. */
const SENDABLE = new Uint8Array(256)
for (const char of "!#$&'()*+,/:;=?@[]-_.~%0123456789") SENDABLE[char.charCodeAt(0)] = 1
SENDABLE.fill(1, 65, 91)
SENDABLE.fill(1, 97, 123)

/**
 * Writes the normal form of the path in bytes [start, end) of `source` to `into` from 0 and answers its length, or -1
 * for a path that must be refused: a broken %XX, one that climbs above the root, or one that does not start with '/'.
 * `into` has room for end - start bytes, and for one at least. An empty path is '/'.
 */
export function normalizePath(source: Buffer, start: number, end: number, into: Buffer): number {
  into[0] = SLASH
  if (start >= end) return 1
  if (source[start] !== SLASH) return -1
  let out = 1
  let segment = 1
  for (let i = start + 1; i < end; i++) {
    const byte = source[i]!
    if (byte === PERCENT) {
      if (i + 2 >= end) return -1
      const high = HEX[source[i + 1]!]!
      const low = HEX[source[i + 2]!]!
      if (high === 255 || low === 255) return -1
      i += 2
      const decoded = (high << 4) | low
      if (RESERVED[decoded] === 0) into[out++] = decoded
      else {
        into[out++] = PERCENT
        into[out++] = DIGITS[high]!
        into[out++] = DIGITS[low]!
      }
    } else if (byte !== SLASH) into[out++] = byte
    else {
      out = closeSegment(into, segment, out)
      if (out < 0) return -1
      if (out > segment) into[out++] = SLASH
      segment = out
    }
  }
  return closeSegment(into, segment, out)
}

/**
 * Where the path ends once its last segment, [segment, out), is looked at: '.' and '..' leave it. -1: above the
 * root.
 */
function closeSegment(into: Buffer, segment: number, out: number): number {
  if (out === segment || into[segment] !== DOT || out - segment > 2) return out
  if (out - segment === 1) return segment
  if (into[segment + 1] !== DOT) return out
  if (segment === 1) return -1
  let parent = segment - 1
  while (into[parent - 1] !== SLASH) parent--
  return parent
}

/** Appends bytes [start, end) of `source` with every byte that may not stand in a path as %XX. */
export function escapePath(source: Buffer, start: number, end: number, out: Outbox): void {
  out.reserve((end - start) * 3)
  const into = out.bytes
  let at = out.used
  for (let i = start; i < end; i++) {
    const byte = source[i]!
    if (SENDABLE[byte] === 1) into[at++] = byte
    else {
      into[at++] = PERCENT
      into[at++] = DIGITS[byte >> 4]!
      into[at++] = DIGITS[byte & 15]!
    }
  }
  out.used = at
}
