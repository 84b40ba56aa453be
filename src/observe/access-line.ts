/**
 * access-line — one line an exchange, in Kong's access log format, written where it will be sent from.
 *
 * WHAT    address - user [22/Nov/2026:20:15:09 +0000] "GET /a HTTP/1.1" 200 12 "referer" "agent" kong_request_id: "id"
 *
 *         What others have said is copied out of the head's bytes. Quotes, backslashes, controls and bytes from 0x7f
 *         on, which could end or forge a line, are written as \xHH, and characters of a name beyond 0xff, which only
 *         configuration can hold, as \uHHHH. The time is put in words once a second.
 *
 * LIMITS  A line is at most 4 times its head, 6 times the user's name, and 200 bytes. After a step of the wall clock
 *         its time is wrong for a second at most.
 *
 * HOT     `put` runs once a request while PROXY_ACCESS_LOG is on. No string is made, and nothing allocated.
 */
import type { Clock } from '../base/clock.ts'
import type { Outbox } from '../base/outbox.ts'
import type { Exchange } from '../contract/exchange.ts'
import { findRow } from '../http1/fields.ts'
import { type Head, STRIDE } from '../http1/head.ts'
import { id } from '../http1/names.ts'
import { LineTime } from './line-time.ts'

const USER_AGENT = id['user-agent']

const QUOTE = 34
const BACKSLASH = 92
const SMALL_U = 117
const SMALL_X = 120

/** 1 for a byte that is written as \xHH. Here and not imported, so that the compiler folds it. */
const UNSAFE = new Uint8Array(256)
UNSAFE.fill(1, 0, 32)
UNSAFE.fill(1, 127)
UNSAFE[QUOTE] = 1
UNSAFE[BACKSLASH] = 1

const HEX = Buffer.from('0123456789ABCDEF')
const BEFORE_USER = Buffer.from(' - ')
const AFTER_NO_REQUEST = Buffer.from('" ')
const AFTER_REQUEST = [
  Buffer.from(' HTTP/1.0" '),
  Buffer.from(' HTTP/1.1" '),
  Buffer.from(' HTTP/2.0" '),
] as const
const BEFORE_REFERER = Buffer.from(' "')
const BEFORE_AGENT = Buffer.from('" "')
const BEFORE_ID = Buffer.from('" kong_request_id: "')
const END = Buffer.from('"\n')

export class AccessLine {
  readonly #time: LineTime

  constructor(clock: Clock) {
    this.#time = new LineTime(clock)
  }

  /** Appends the exchange's line with its newline. */
  put(out: Outbox, x: Exchange): void {
    const head = x.request
    const client = x.client
    const user = x.consumer === null ? null : x.consumer.username
    if (x.clientAddress !== '') putText(out, x.clientAddress)
    else putText(out, client === null ? '-' : client.peerAddress)
    putOurs(out, BEFORE_USER)
    putText(out, user === null ? '-' : user)
    putOurs(out, this.#time.read())
    if (head.targetEnd === 0) putOurs(out, AFTER_NO_REQUEST)
    else {
      putBytes(out, head.bytes, head.methodStart, head.targetEnd)
      putOurs(out, AFTER_REQUEST[client?.isHttp2 === true ? 2 : head.minor]!)
    }
    out.putDecimal(x.status)
    putByte(out, 32)
    out.putDecimal(x.responseBytes)
    putOurs(out, BEFORE_REFERER)
    putField(out, head, findRow(head, 'referer', 0), 'referer')
    putOurs(out, BEFORE_AGENT)
    putField(out, head, head.indexOf(USER_AGENT, 0), 'user-agent')
    putOurs(out, BEFORE_ID)
    putOurs(out, x.requestId)
    putOurs(out, END)
  }
}

/** The value in `row`, or where that is -1 what a plugin has added under this name. */
function putField(out: Outbox, head: Head, row: number, lower: string): void {
  if (row < 0) return putText(out, head.added.length === 0 ? '-' : addedValue(head, lower))
  const at = row * STRIDE
  putBytes(out, head.bytes, head.spans[at + 2]!, head.spans[at + 3]!)
}

function addedValue(head: Head, lower: string): string {
  const added = head.added
  for (let i = 0; i < added.length; i++) {
    const name = added[i]!.name
    if (name.length === lower.length && name.toLowerCase() === lower) return added[i]!.value
  }
  return '-'
}

function putByte(out: Outbox, byte: number): void {
  out.reserve(1)
  out.bytes[out.used++] = byte
}

/** What needs no escape, and is short. Four at a time, as in putBytes. */
function putOurs(out: Outbox, source: Uint8Array): void {
  const count = source.length | 0
  out.reserve(count)
  const bytes = out.bytes
  const at = out.used | 0
  let i = 0
  for (; i < count - 3; i = (i + 4) | 0) {
    const to = (at + i) | 0
    bytes[to] = source[i]!
    bytes[(to + 1) | 0] = source[(i + 1) | 0]!
    bytes[(to + 2) | 0] = source[(i + 2) | 0]!
    bytes[(to + 3) | 0] = source[(i + 3) | 0]!
  }
  for (; i < count; i = (i + 1) | 0) bytes[(at + i) | 0] = source[i]!
  out.used = (at + count) | 0
}

/** Four at a time, which halves the time. */
function putBytes(out: Outbox, source: Uint8Array, start: number, end: number): void {
  out.reserve((end - start) * 4)
  const bytes = out.bytes
  let at = out.used | 0
  let i = start | 0
  while (i < end) {
    if (end - i >= 4) {
      const a = source[i]!
      const b = source[(i + 1) | 0]!
      const c = source[(i + 2) | 0]!
      const d = source[(i + 3) | 0]!
      if ((UNSAFE[a]! | UNSAFE[b]! | UNSAFE[c]! | UNSAFE[d]!) === 0) {
        bytes[at] = a
        bytes[(at + 1) | 0] = b
        bytes[(at + 2) | 0] = c
        bytes[(at + 3) | 0] = d
        at = (at + 4) | 0
        i = (i + 4) | 0
        continue
      }
    }
    at = putCode(bytes, at, source[i]!)
    i = (i + 1) | 0
  }
  out.used = at
}

function putText(out: Outbox, text: string): void {
  const count = text.length
  out.reserve(count * 6)
  const bytes = out.bytes
  let at = out.used
  for (let i = 0; i < count; i++) at = putCode(bytes, at, text.charCodeAt(i))
  out.used = at
}

/** Answers where the next is to go. */
function putCode(bytes: Uint8Array, at: number, code: number): number {
  if (code >= 256 || UNSAFE[code] !== 0) return putEscape(bytes, at, code)
  bytes[at] = code
  return (at + 1) | 0
}

function putEscape(bytes: Uint8Array, from: number, code: number): number {
  let at = from
  bytes[at++] = BACKSLASH
  bytes[at++] = code < 256 ? SMALL_X : SMALL_U
  for (let shift = code < 256 ? 4 : 12; shift >= 0; shift -= 4) bytes[at++] = HEX[(code >> shift) & 15]!
  return at
}
