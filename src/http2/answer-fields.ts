/**
 * answer-fields — the head of an HTTP/1.1 answer as the block of an HTTP/2 one: names in lower case, without what
 * spoke of one connection (RFC 9113 §8.2.2).
 *
 * HOT     Runs once an answer.
 */
import type { Outbox } from '../base/outbox.ts'
import { COLON, CR, HT, SP, TOKEN } from '../http1/chars.ts'
import { isOfConnection, isWord } from './field-checks.ts'
import type { HpackEncoder } from './hpack/hpack-encoder.ts'

const SET_COOKIE = Buffer.from('set-cookie')
/** Where the status stands in 'HTTP/1.1 200 OK'. */
const STATUS_AT = 9

/** `lines` hold a status line and fields, each with CRLF; they are changed. The block goes to `out`. */
export function putAnswerBlock(encoder: HpackEncoder, out: Outbox, lines: Outbox): void {
  const bytes = lines.bytes
  const status =
    (bytes[STATUS_AT]! - 48) * 100 + (bytes[STATUS_AT + 1]! - 48) * 10 + (bytes[STATUS_AT + 2]! - 48)
  encoder.begin(out)
  encoder.status(out, status)
  let at = STATUS_AT + 3
  while (bytes[at] !== CR) at++
  putLines(encoder, out, lines, at + 2)
}

/** `lines` hold fields only. */
export function putTrailerBlock(encoder: HpackEncoder, out: Outbox, lines: Outbox): void {
  encoder.begin(out)
  putLines(encoder, out, lines, 0)
}

function putLines(encoder: HpackEncoder, out: Outbox, lines: Outbox, from: number): void {
  const bytes = lines.bytes
  const used = lines.used
  let at = from
  while (at < used) {
    const name = at
    while (bytes[at] !== COLON) {
      bytes[at] = TOKEN[bytes[at]!]!
      at++
    }
    const nameEnd = at++
    while (bytes[at] === SP || bytes[at] === HT) at++
    const value = at
    while (bytes[at] !== CR) at++
    let valueEnd = at
    while (valueEnd > value && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HT)) valueEnd--
    at += 2
    if (isOfConnection(bytes, name, nameEnd)) continue
    encoder.field(out, bytes, name, nameEnd, value, valueEnd, isWord(bytes, name, nameEnd, SET_COOKIE))
  }
}
