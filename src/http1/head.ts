/**
 * head — one HTTP/1 message head: its bytes, and where in them each field's name and value lie.
 *
 * WHAT    `bytes` holds the head as received. `spans` has STRIDE int32 a field, and one sentinel row:
 *
 *           spans  +------------+----------+-------------+-----------+----+
 *           row i  | name start | name end | value start | value end | id |    byte offsets into `bytes`
 *                  +------------+----------+-------------+-----------+----+
 *           row n  | offset of the empty line
 *
 *         Lines lie back to back, so field i's whole line is [name start i, name start i+1), and what is
 *         forwarded unchanged is copied in runs. `present` has the bit of each well-known id (names.ts).
 *         An edit marks rows as DROPPED and appends to `added`; bytes are never rewritten.
 *
 * WRITES  The exchange that owns it. `feed` copies out of the shared read buffer, so a head outlives the read.
 *
 * LIMITS  Bytes, target bytes and fields by HeadLimits. A head that comes in drips is scanned at most twice.
 *
 * HOT     `feed` and `putFields` run for every request and every response. Grammar: RFC 9112 §2–§5, strict: no
 *         bare CR or LF, no fold, no space before the colon, no CTL in a value, one space in the first line.
 */
import type { Outbox } from '../base/outbox.ts'
import { MALFORMED, MORE, TOO_LARGE } from './answers.ts'
import { COLON, CR, FIELD, HT, LF, SP, TOKEN } from './chars.ts'
import { FirstLine } from './first-line.ts'
import type { HeadLimits } from './limits.ts'
import { HASH_START, nameId } from './names.ts'

export const STRIDE = 5
/** The id of a row that an edit took out. */
export const DROPPED = 31

export const KIND_REQUEST = 0
export const KIND_RESPONSE = 1
export const KIND_TRAILERS = 2

const START_BYTES = 2048
const START_FIELDS = 32

export interface AddedField {
  readonly name: string
  readonly value: string
}

export class Head extends FirstLine {
  readonly kind: number
  bytes: Buffer
  /** Bytes held. Once complete: the length of the head. */
  used: number
  spans: Int32Array
  count: number
  present: number
  /** Fields set by plugins, in order. Empty and shared by nobody on the plain path. */
  readonly added: AddedField[]
  #inFields: boolean

  constructor(kind: number, limits: HeadLimits) {
    super(limits)
    this.kind = kind
    this.bytes = Buffer.allocUnsafeSlow(START_BYTES)
    this.used = 0
    this.spans = new Int32Array(STRIDE * (START_FIELDS + 1))
    this.count = 0
    this.present = 0
    this.added = []
    this.#inFields = kind === KIND_TRAILERS
  }

  reset(): void {
    this.resetFirstLine()
    this.used = 0
    this.count = 0
    this.present = 0
    if (this.added.length !== 0) this.added.length = 0
    this.#inFields = this.kind === KIND_TRAILERS
  }

  /**
   * Takes bytes [start, end) of `source`. Answers the position behind the head once it is whole, MORE while it
   * is not, or one of the negative refusals. After a refusal only `reset` may follow.
   */
  feed(source: Buffer, start: number, end: number): number {
    if (this.used === 0) {
      const at = this.#parse(source, start, end)
      if (at >= 0) this.#keep(source, start, at)
      else if (at === MORE) return this.#keepPart(source, start, end)
      return at
    }
    const before = this.used
    if (this.#keepPart(source, start, end) === TOO_LARGE) return TOO_LARGE
    // Nothing can have become complete without a line feed, so drips are not parsed over and over.
    if (this.bytes.subarray(before, this.used).indexOf(LF) < 0)
      return this.used >= this.limits.headBytesMax ? TOO_LARGE : MORE
    const at = this.#parse(this.bytes, 0, this.used)
    if (at < 0) return at === MORE && this.used >= this.limits.headBytesMax ? TOO_LARGE : at
    this.used = at
    return start + (at - before)
  }

  #keep(source: Buffer, start: number, end: number): void {
    const count = end - start
    if (count > this.bytes.length) this.#grow(count)
    this.bytes.set(source.subarray(start, end), 0)
    this.used = count
  }

  #keepPart(source: Buffer, start: number, end: number): number {
    // One byte over the limit is kept, so that the parser can still find the fault that comes first.
    const count = Math.min(end - start, this.limits.headBytesMax - this.used)
    if (count <= 0) return TOO_LARGE
    if (this.used + count > this.bytes.length) this.#grow(this.used + count)
    this.bytes.set(source.subarray(start, start + count), this.used)
    this.used += count
    return count < end - start && this.bytes.indexOf('\r\n\r\n') < 0 ? TOO_LARGE : MORE
  }

  #grow(needed: number): void {
    let size = this.bytes.length
    while (size < needed) size *= 2
    const grown = Buffer.allocUnsafeSlow(size)
    grown.set(this.bytes.subarray(0, this.used), 0)
    this.bytes = grown
  }

  #parse(source: Buffer, base: number, end: number): number {
    let at = base + this.line
    if (!this.#inFields) {
      at =
        this.kind === KIND_REQUEST
          ? this.parseRequestLine(source, base, end)
          : this.parseStatusLine(source, base, end)
      if (at < 0) return at
      this.#inFields = true
      this.line = at - base
    }
    at = this.#parseFields(source, base, at, end)
    return at - base > this.limits.headBytesMax ? TOO_LARGE : at
  }

  #parseFields(source: Buffer, base: number, from: number, end: number): number {
    let i = from
    for (;;) {
      this.line = i - base
      if (i >= end) return MORE
      if (source[i] === CR) {
        if (i + 1 >= end) return MORE
        if (source[i + 1] !== LF) return MALFORMED
        this.spans[this.count * STRIDE] = i - base
        return i + 2
      }
      const name = i
      let hash = HASH_START
      let low = 0
      while (i < end && (low = TOKEN[source[i]!]!) !== 0) {
        hash = ((hash << 5) + hash + low) | 0
        i++
      }
      if (i >= end) return MORE
      const nameEnd = i
      if (source[i] !== COLON || nameEnd === name) return MALFORMED
      do i++
      while (i < end && (source[i] === SP || source[i] === HT))
      const value = i
      while (i < end && FIELD[source[i]!] === 1) i++
      if (i >= end) return MORE
      if (source[i] !== CR) return MALFORMED
      if (i + 1 >= end) return MORE
      if (source[i + 1] !== LF) return MALFORMED
      let valueEnd = i
      while (valueEnd > value && (source[valueEnd - 1] === SP || source[valueEnd - 1] === HT)) valueEnd--
      if (
        !this.#addRow(
          name - base,
          nameEnd - base,
          value - base,
          valueEnd - base,
          nameId(source, name, nameEnd, hash),
        )
      ) {
        return TOO_LARGE
      }
      i += 2
    }
  }

  #addRow(name: number, nameEnd: number, value: number, valueEnd: number, known: number): boolean {
    if (this.count >= this.limits.fieldsMax) return false
    let at = this.count * STRIDE
    if (at + 2 * STRIDE > this.spans.length) {
      const grown = new Int32Array(this.spans.length * 2)
      grown.set(this.spans)
      this.spans = grown
    }
    const spans = this.spans
    spans[at++] = name
    spans[at++] = nameEnd
    spans[at++] = value
    spans[at++] = valueEnd
    spans[at] = known
    if (known !== 0) this.present |= 1 << known
    this.count++
    return true
  }

  /** The first row at or after `from` with this well-known id, or -1. */
  indexOf(known: number, from: number): number {
    const spans = this.spans
    for (let i = from; i < this.count; i++) if (spans[i * STRIDE + 4] === known) return i
    return -1
  }

  nameAt(row: number): string {
    return this.bytes.latin1Slice(this.spans[row * STRIDE]!, this.spans[row * STRIDE + 1]!)
  }

  valueAt(row: number): string {
    return this.bytes.latin1Slice(this.spans[row * STRIDE + 2]!, this.spans[row * STRIDE + 3]!)
  }

  isDropped(row: number): boolean {
    return this.spans[row * STRIDE + 4] === DROPPED
  }

  /** Appends every line whose id is not in `mask` (bits of ids), copied in runs, then the added fields. */
  putFields(out: Outbox, mask: number): void {
    const spans = this.spans
    const refuse = mask | (1 << DROPPED)
    let run = -1
    for (let i = 0; i < this.count; i++) {
      const at = i * STRIDE
      if (((refuse >>> spans[at + 4]!) & 1) === 0) {
        if (run < 0) run = spans[at]!
      } else if (run >= 0) {
        out.put(this.bytes, run, spans[at]!)
        run = -1
      }
    }
    if (run >= 0) out.put(this.bytes, run, spans[this.count * STRIDE]!)
    for (let i = 0; i < this.added.length; i++) {
      out.putLatin1(this.added[i]!.name)
      out.putLatin1(': ')
      out.putLatin1(this.added[i]!.value)
      out.putLatin1('\r\n')
    }
  }

  /** Takes out the rows with a well-known id. */
  dropKnown(known: number): void {
    for (let i = this.indexOf(known, 0); i >= 0; i = this.indexOf(known, i + 1))
      this.spans[i * STRIDE + 4] = DROPPED
    this.present &= ~(1 << known)
  }
}
