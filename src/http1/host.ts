/**
 * Host and authority: host, and port if named (RFC 9110 §7.2, RFC 3986 §3.2.2), without user information.
 *
 * HOT     Runs once a request.
 */
import { COLON } from './chars.ts'

/** 1 for what a host name or IPv4 address may hold: unreserved and sub-delims that are in use, no comma, no percent. */
const NAME = new Uint8Array(256)
for (const char of "-._~!$&'()*+;=0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
  NAME[char.charCodeAt(0)] = 1
const IN_BRACKETS = new Uint8Array(256)
for (const char of '0123456789abcdefABCDEF:.') IN_BRACKETS[char.charCodeAt(0)] = 1

const OPEN = 0x5b
const CLOSE = 0x5d
const PORT_MAX = 65535

/** The end of the host in [start, end), or -1 when it is none: empty, user information, a comma, an odd byte. */
export function hostEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = start
  if (bytes[i] === OPEN && i < end) {
    i++
    while (i < end && IN_BRACKETS[bytes[i]!] === 1) i++
    if (i >= end || bytes[i] !== CLOSE || i - start < 3) return -1
    return i + 1 === end || bytes[i + 1] === COLON ? i + 1 : -1
  }
  while (i < end && NAME[bytes[i]!] === 1) i++
  if (i === start) return -1
  return i === end || bytes[i] === COLON ? i : -1
}

/** The port behind the host: 0 when there is none, -1 when it is no number up to 65535. */
export function portAfter(bytes: Uint8Array, hostEndAt: number, end: number): number {
  if (hostEndAt === end) return 0
  let port = 0
  for (let i = hostEndAt + 1; i < end; i++) {
    const digit = bytes[i]! - 48
    if (digit < 0 || digit > 9) return -1
    port = port * 10 + digit
    if (port > PORT_MAX) return -1
  }
  return port
}
