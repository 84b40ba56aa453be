/**
 * Where a message ends: body framing, persistence and the Host rules of RFC 9112 §3.2, §6 and §9.3, strictly.
 *
 * What two parsers could read differently is refused: a second length, a length beside a transfer coding, any
 * coding but `chunked`, a coding in HTTP/1.0. What is forwarded is framed anew by us, so a lie cannot pass.
 *
 * HOT     Runs once a message; the common cases are a test of two bits.
 */
import { HT, SP, TOKEN } from './chars.ts'
import { DROPPED, type Head, STRIDE } from './head.ts'
import { LENGTH_MAX } from './limits.ts'
import { bit, id } from './names.ts'

/** A message's length is >= 0, or one of these. */
export const CHUNKED = -1
export const UNTIL_CLOSE = -2
export const INVALID = -3

const HAS_CONNECTION = bit('connection')
const LENGTH_OR_CODING = bit('content-length') | bit('transfer-encoding')

/** The length of a request's body: >= 0, CHUNKED or INVALID. */
export function requestLength(head: Head): number {
  const found = head.present & LENGTH_OR_CODING
  if (found === 0) return 0
  return lengthOrCoding(head, found)
}

/** What a response's framing fields say: >= 0, CHUNKED, UNTIL_CLOSE or INVALID. Whether a body follows: isBodyless. */
export function responseLength(head: Head): number {
  const found = head.present & LENGTH_OR_CODING
  return found === 0 ? UNTIL_CLOSE : lengthOrCoding(head, found)
}

/** True when no body can follow this head (RFC 9112 §6.3 rule 1). */
export function isBodyless(status: number, toHead: boolean): boolean {
  return toHead || status < 200 || status === 204 || status === 304
}

function lengthOrCoding(head: Head, found: number): number {
  if (found === LENGTH_OR_CODING) return INVALID
  if (found === bit('content-length')) {
    const row = head.indexOf(id['content-length'], 0)
    return head.indexOf(id['content-length'], row + 1) >= 0 ? INVALID : parseLength(head, row)
  }
  const row = head.indexOf(id['transfer-encoding'], 0)
  if (head.minor === 0 || head.indexOf(id['transfer-encoding'], row + 1) >= 0) return INVALID
  // A blank behind the word is no error of grammar, but well-known parsers then do not see `chunked`.
  if (head.spans[row * STRIDE + 3] !== head.spans[(row + 1) * STRIDE]! - 2) return INVALID
  return valueIs(head, row, CHUNKED_NAME) ? CHUNKED : INVALID
}

/** 1*DIGIT and nothing else, up to 2^53 - 1. */
function parseLength(head: Head, row: number): number {
  const start = head.spans[row * STRIDE + 2]!
  const end = head.spans[row * STRIDE + 3]!
  if (start === end || end - start > 16) return INVALID
  let length = 0
  for (let i = start; i < end; i++) {
    const digit = head.bytes[i]! - 48
    if (digit < 0 || digit > 9) return INVALID
    length = length * 10 + digit
  }
  return length > LENGTH_MAX ? INVALID : length
}

const CHUNKED_NAME = Buffer.from('chunked')
const CLOSE = Buffer.from('close')
const KEEP_ALIVE = Buffer.from('keep-alive')
const CONTINUE = Buffer.from('100-continue')
const UPGRADE = Buffer.from('upgrade')

/** True when the row's value is `lower`, without case. */
export function valueIs(head: Head, row: number, lower: Uint8Array): boolean {
  return spanIs(head, head.spans[row * STRIDE + 2]!, head.spans[row * STRIDE + 3]!, lower)
}

function spanIs(head: Head, start: number, end: number, lower: Uint8Array): boolean {
  if (end - start !== lower.length) return false
  for (let i = 0; i < lower.length; i++) if (TOKEN[head.bytes[start + i]!] !== lower[i]) return false
  return true
}

/** True when there is one Expect field and it says 100-continue. */
export function expectsContinue(head: Head): boolean {
  const row = head.indexOf(id.expect, 0)
  return row >= 0 && head.indexOf(id.expect, row + 1) < 0 && valueIs(head, row, CONTINUE)
}

/** What the Connection fields say, as bits. */
export const SAYS_CLOSE = 1
export const SAYS_KEEP_ALIVE = 2
export const SAYS_UPGRADE = 4

/**
 * Reads the Connection fields: answers SAYS_* bits and drops every other field they name (RFC 9110 §7.6.1). Fields that
 * frame or address the message cannot be named away.
 */
export function readConnection(head: Head): number {
  let says = 0
  for (let row = head.indexOf(id.connection, 0); row >= 0; row = head.indexOf(id.connection, row + 1)) {
    let i = head.spans[row * STRIDE + 2]!
    const end = head.spans[row * STRIDE + 3]!
    while (i < end) {
      while (i < end && isSeparator(head.bytes[i]!)) i++
      const start = i
      while (i < end && !isSeparator(head.bytes[i]!)) i++
      if (i > start) says |= readOption(head, start, i)
    }
  }
  return says
}

/** Whether the sender keeps its connection after this message (RFC 9112 §9.3). */
export function persists(head: Head): boolean {
  if ((head.present & HAS_CONNECTION) === 0) return head.minor === 1
  const says = readConnection(head)
  return (says & SAYS_CLOSE) === 0 && (head.minor === 1 || (says & SAYS_KEEP_ALIVE) !== 0)
}

const HAS_SWITCH = HAS_CONNECTION | bit('upgrade')
const WEBSOCKET = Buffer.from('websocket')

/**
 * True for a head, of a request or of a 101, that is about WebSocket and nothing else (RFC 9110 §7.8): one Upgrade
 * field with that one word, and a Connection that says so.
 */
export function namesWebSocket(head: Head): boolean {
  if ((head.present & HAS_SWITCH) !== HAS_SWITCH || head.minor !== 1) return false
  const row = head.indexOf(id.upgrade, 0)
  if (head.indexOf(id.upgrade, row + 1) >= 0 || !valueIs(head, row, WEBSOCKET)) return false
  return (readConnection(head) & SAYS_UPGRADE) !== 0
}

/** True for a request that asks for WebSocket (RFC 6455 §4.1). A body it may not have: that is the caller's to see. */
export function asksForWebSocket(head: Head): boolean {
  return isGetRequest(head) && namesWebSocket(head)
}

function isSeparator(byte: number): boolean {
  return byte === 0x2c || byte === SP || byte === HT
}

function readOption(head: Head, start: number, end: number): number {
  if (spanIs(head, start, end, KEEP_ALIVE)) return SAYS_KEEP_ALIVE
  if (spanIs(head, start, end, CLOSE)) return SAYS_CLOSE
  if (spanIs(head, start, end, UPGRADE)) return SAYS_UPGRADE
  dropNamed(head, start, end)
  return 0
}

const PROTECTED = bit('host') | bit('connection') | bit('te') | LENGTH_OR_CODING

function dropNamed(head: Head, start: number, end: number): void {
  const spans = head.spans
  for (let row = 0; row < head.count; row++) {
    const at = row * STRIDE
    const known = spans[at + 4]!
    if (known === DROPPED || ((PROTECTED >>> known) & 1) === 1) continue
    if (spans[at + 1]! - spans[at]! !== end - start || !sameFold(head.bytes, spans[at]!, start, end - start))
      continue
    head.present &= ~(1 << known)
    spans[at + 4] = DROPPED
  }
}

function sameFold(bytes: Uint8Array, one: number, other: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (TOKEN[bytes[one + i]!] !== TOKEN[bytes[other + i]!]) return false
  return true
}

const HAS_TE = bit('te')
const TRAILERS = /\btrailers\b/i
const G = 71
const T = 84
const H = 72
const E = 69
const A = 65
const D = 68

/** True for method HEAD: its answer has no body (RFC 9110 §9.3.2). */
export function isHeadRequest(head: Head): boolean {
  const bytes = head.bytes
  const at = head.methodStart
  return (
    head.methodEnd - at === 4 &&
    bytes[at] === H &&
    bytes[at + 1] === E &&
    bytes[at + 2] === A &&
    bytes[at + 3] === D
  )
}

function isGetRequest(head: Head): boolean {
  const bytes = head.bytes
  const at = head.methodStart
  return head.methodEnd - at === 3 && bytes[at] === G && bytes[at + 1] === E && bytes[at + 2] === T
}

/** True for a client that said `TE: trailers` (RFC 9110 §6.5.1 and §10.1.4). */
export function takesTrailers(head: Head): boolean {
  return (head.present & HAS_TE) !== 0 && TRAILERS.test(head.valueAt(head.indexOf(id.te, 0)))
}
