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
 *         An edit marks rows as DROPPED and appends to `added`; bytes are not rewritten, but for a query that an
 *         argument is taken out of (forms/query.ts).
 *
 * WRITES  The exchange that owns it. `feed` copies out of the shared read buffer, so a head outlives the read.
 *
 * LIMITS  Bytes, target bytes and fields by HeadLimits; the verdict on a head depends on its first `headBytesMax` bytes
 *         only. Memory is at most twice the head. Drips are parsed when a line feed came, from the line they are in, so
 *         the work is linear in the bytes.
 *
 * HOT     `feed` and `putFields` run for every request and every response. Values are looked at four bytes at a time.
 *         Grammar: RFC 9112 §2–§5, strict: no bare CR or LF, no fold, no space before the colon, no CTL in a value, one
 *         space in the first line.
 */
import { empty } from '../base/empty.ts'
import type { Outbox } from '../base/outbox.ts'
import { SourceMemory } from '../base/source-memory.ts'
import type { AddedField } from './added-field.ts'
import { MORE, TOO_LARGE } from './answers.ts'
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

const START_FIELDS = 32
/** Up to this many bytes a loop beats the view that a block copy has to make first. */
const LOOP_MAX = 96

/** Of an int32. */
const COUNT_DIGITS_MAX = 10

const last = new SourceMemory()

export class Head extends FirstLine {
  readonly kind: number
  spans: Int32Array
  count: number
  present: number
  /** Fields set by plugins, in order. Empty and shared by nobody on the plain path. */
  readonly added: AddedField[]
  /** Memory kept for fields whose lines are written anew for each message, by whoever adds them: no two of a name. */
  readonly rewritten: AddedField[]
  #inFields: boolean
  /** The same memory as `bytes`, four at a time. */
  /** The ArrayBuffer of `bytes`, which starts with it. */
  #memory: ArrayBufferLike
  #words: Int32Array

  constructor(kind: number, limits: HeadLimits) {
    super(limits)
    this.kind = kind
    this.spans = new Int32Array(STRIDE * (START_FIELDS + 1))
    this.count = 0
    this.present = 0
    this.added = []
    this.rewritten = []
    this.#inFields = kind === KIND_TRAILERS
    this.#memory = this.bytes.buffer
    this.#words = new Int32Array(this.#memory)
  }

  reset(): void {
    this.resetFirstLine()
    this.count = 0
    this.present = 0
    empty(this.added)
    this.#inFields = this.kind === KIND_TRAILERS
  }

  /**
   * Takes bytes [start, end) of `source`. Answers the position behind the head once it is whole, MORE while it
   * is not, or one of the negative refusals. After a refusal only `reset` may follow.
   */
  feed(source: Buffer, start: number, end: number): number {
    const bytesMax = this.limits.headBytesMax
    let at = start
    while (at < end) {
      const before = this.used
      const count = this.#take(source, at, Math.min(end, at + bytesMax - before))
      // Without a line feed nothing can have become complete, so drips are not parsed over and over.
      if (before === 0 || this.used === bytesMax || this.#hasLineFeed(before)) {
        const verdict = this.#parse()
        if (verdict >= 0) {
          this.used = verdict
          return at + verdict - before
        }
        if (verdict !== MORE) return verdict
        if (this.used === bytesMax) return TOO_LARGE
      }
      at += count
    }
    return MORE
  }

  /** Copies as much of [start, end) as there is room for, making room if there is none. Answers how much. */
  #take(source: Buffer, start: number, end: number): number {
    if (this.used + 1 >= this.bytes.length) this.#grow()
    const count = Math.min(end - start, this.bytes.length - 1 - this.used)
    const bytes = this.bytes
    let to = this.used
    if (count <= LOOP_MAX) for (let i = start; i < start + count; i++) bytes[to++] = source[i]!
    else {
      last.look(source)
      bytes.set(new Uint8Array(last.memory, last.offset + start, count), to)
    }
    this.used += count
    bytes[this.used] = 0
    return count
  }

  #grow(): void {
    const size = Math.min(this.bytes.length * 2, (this.limits.headBytesMax + 8) & ~3)
    const grown = Buffer.allocUnsafeSlow(Math.max(size, this.bytes.length + 4))
    grown.set(this.bytes.subarray(0, this.used), 0)
    this.bytes = grown
    this.#memory = grown.buffer
    this.#words = new Int32Array(this.#memory)
  }

  #hasLineFeed(from: number): boolean {
    for (let i = from; i < this.used; i++) if (this.bytes[i] === LF) return true
    return false
  }

  #parse(): number {
    if (!this.#inFields) {
      const at = this.kind === KIND_REQUEST ? this.parseRequestLine() : this.parseStatusLine()
      if (at < 0) return at
      this.#inFields = true
      this.line = at
    }
    return this.#parseFields()
  }

  #parseFields(): number {
    const bytes = this.bytes
    const token = TOKEN
    let spans = this.spans
    let count = this.count | 0
    let i = this.line | 0
    while (bytes[i] !== CR) {
      const name = i
      // An import has no known type to the compiler: without `| 0` the loop runs on doubles, 5 times slower.
      let hash = HASH_START | 0
      let low = 0
      while ((low = token[bytes[i]!]!) !== 0) {
        hash = ((hash << 5) + hash + low) | 0
        i++
      }
      if (bytes[i] !== COLON || i === name) return this.stoppedAt(i)
      const nameEnd = i++
      while (bytes[i] === SP || bytes[i] === HT) i++
      const value = i
      i = this.#endOfValue(i)
      if (bytes[i] !== CR) return this.stoppedAt(i)
      if (bytes[i + 1] !== LF) return this.stoppedAt(i + 1)
      if (count >= this.limits.fieldsMax) return TOO_LARGE
      let valueEnd = i
      while (valueEnd > value && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HT)) valueEnd--
      const known = nameId(bytes, name, nameEnd, hash)
      this.present |= known === 0 ? 0 : 1 << known
      const at = count * STRIDE
      if (at + 2 * STRIDE > spans.length) spans = this.#growSpans()
      spans[at] = name
      spans[at + 1] = nameEnd
      spans[at + 2] = value
      spans[at + 3] = valueEnd
      spans[at + 4] = known
      count++
      this.count = count
      i += 2
      this.line = i
    }
    if (bytes[i + 1] !== LF) return this.stoppedAt(i + 1)
    spans[count * STRIDE] = i
    return i + 2
  }

  /** The first byte from `from` on that no value may hold. */
  #endOfValue(from: number): number {
    const bytes = this.bytes
    const field = FIELD
    const words = this.#words
    let i = from
    for (;;) {
      while ((i & 3) !== 0 && field[bytes[i]!] === 1) i++
      if ((i & 3) !== 0) return i
      let at = i >> 2
      while (isPlain(words[at]!)) at++
      i = at << 2
      do if (field[bytes[i]!] === 0) return i
      while ((++i & 3) !== 0)
    }
  }

  #growSpans(): Int32Array {
    const grown = new Int32Array(this.spans.length * 2)
    grown.set(this.spans)
    this.spans = grown
    return grown
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

  /** Appends every line whose id is not in `mask` (bits of ids), copied in runs, then the added fields. A first
   *  line that starts at `from` goes before them as it came. */
  putFields(out: Outbox, mask: number, from = -1): void {
    this.putReceived(out, mask, from)
    for (let i = 0; i < this.added.length; i++) {
      const field = this.added[i]!
      if (field.line === null) {
        out.putLatin1(field.text)
        continue
      }
      if (field.count < 0) out.putAll(field.line)
      else putCounted(out, field.line, field.count)
    }
  }

  /** The same without the added fields. */
  putReceived(out: Outbox, mask: number, from = -1): void {
    const spans = this.spans
    const refuse = mask | (1 << DROPPED)
    let run = from
    for (let i = 0; i < this.count; i++) {
      const at = i * STRIDE
      if (((refuse >>> spans[at + 4]!) & 1) === 0) {
        if (run < 0) run = spans[at]!
      } else if (run >= 0) {
        out.putFrom(this.#memory, this.bytes, run, spans[at]!)
        run = -1
      }
    }
    if (run >= 0) out.putFrom(this.#memory, this.bytes, run, spans[this.count * STRIDE]!)
  }

  /** Takes out the rows with a well-known id. */
  dropKnown(known: number): void {
    for (let i = this.indexOf(known, 0); i >= 0; i = this.indexOf(known, i + 1))
      this.spans[i * STRIDE + 4] = DROPPED
    this.present &= ~(1 << known)
  }
}

/**
 * True when none of a word's four bytes is a control or DEL. Where one is, a byte above it may be taken for one too, so
 * false only means: look closer.
 */
function isPlain(word: number): boolean {
  const del = word ^ 0x7f7f7f7f
  return ((((word - 0x20202020) & ~word) | ((del - 0x01010101) & ~del)) & 0x80808080) === 0
}

/** A line that ends with a count. By hand and in int32: each call into the outbox costs as much as ten bytes. */
function putCounted(out: Outbox, line: Uint8Array, count: number): void {
  out.reserve(line.length + COUNT_DIGITS_MAX + 2)
  const bytes = out.bytes
  let at = out.used
  for (let i = 0; i < line.length; i++) bytes[at++] = line[i]!
  let rest = count | 0
  let digits = 1
  for (let left = rest; left >= 10; left = (left / 10) | 0) digits++
  at += digits
  for (let i = 1; i <= digits; i++) {
    const next = (rest / 10) | 0
    bytes[at - i] = 48 + (rest - next * 10)
    rest = next
  }
  bytes[at] = CR
  bytes[at + 1] = LF
  out.used = at + 2
}
