/**
 * hpack-encoder — writes the header blocks of one direction of a connection (RFC 7541).
 *
 * WHAT    What repeats is put into the table and is one byte from then on. Nobody says which fields repeat: a name
 *         that neither table has is put in with its first value; a value is put in when it comes the second time. So
 *         a date is kept for its second, and an id that differs every time costs its literal and nothing more.
 *
 *           entries   sets of four: the tag of a name, or of a name and its value's length, and an entry's number
 *           seen      a ring of the hashes of the last fields that were not kept
 *
 * LIMITS  The table has at most TABLE_BYTES_START, whatever the client allows. What is longer than NAME_KEPT_MAX and
 *         VALUE_KEPT_MAX is not kept, for it would push out what is worth more.
 *
 * HOT     `field` runs once a field. No allocation once the table has grown.
 */
import type { Outbox } from '../../base/outbox.ts'
import { DynamicTable } from './dynamic-table.ts'
import { LOWER, nameHash, STATIC_COUNT, STATUS_INDEX, staticName } from './static-table.ts'

const TABLE_BYTES_MAX = 4096
const VALUE_KEPT_MAX = 512
const NAME_KEPT_MAX = 128
/** A set holds the few fields that fall together; what the table can hold fits all sets together. */
const WAYS = 4
const SETS = 32
const SEEN = 32
/** First byte, two integers' bytes and a status. */
const EXTRA_MAX = 20

const INDEXED = 0x80
const LITERAL_KEPT = 0x40
const TABLE_SIZE = 0x20
const NEVER_INDEXED = 0x10
const LITERAL = 0

const NONE = Buffer.alloc(0)

export class HpackEncoder {
  readonly #table: DynamicTable
  readonly #tags: Int32Array
  /** Numbers of entries, plus 1. */
  readonly #numbers: Int32Array
  readonly #seen: Int32Array
  #seenNext: number
  /** The least and the last size that were set since the last block; -1: none. */
  #pendingLeast: number
  #pendingLast: number
  // The field at hand.
  #bytes: Buffer
  #nameStart: number
  #nameEnd: number
  #valueStart: number
  #valueEnd: number

  constructor() {
    this.#table = new DynamicTable(TABLE_BYTES_MAX)
    this.#tags = new Int32Array(SETS * WAYS)
    this.#numbers = new Int32Array(SETS * WAYS)
    this.#seen = new Int32Array(SEEN)
    this.#seenNext = 0
    this.#pendingLeast = -1
    this.#pendingLast = -1
    this.#bytes = NONE
    this.#nameStart = 0
    this.#nameEnd = 0
    this.#valueStart = 0
    this.#valueEnd = 0
  }

  /** The client's SETTINGS_HEADER_TABLE_SIZE. */
  setTableMax(bytes: number): void {
    const size = Math.min(bytes, TABLE_BYTES_MAX)
    if (this.#pendingLast < 0 && size === this.#table.bytesMax) return
    if (this.#pendingLeast < 0 || size < this.#pendingLeast) this.#pendingLeast = size
    this.#pendingLast = size
  }

  /** Starts a block: writes the change of the table's size that is due (RFC 7541 §4.2). */
  begin(out: Outbox): void {
    if (this.#pendingLast < 0) return
    out.reserve(EXTRA_MAX)
    if (this.#pendingLeast < this.#pendingLast) this.#putSize(out, this.#pendingLeast)
    this.#putSize(out, this.#pendingLast)
    this.#pendingLeast = -1
    this.#pendingLast = -1
  }

  #putSize(out: Outbox, bytes: number): void {
    this.#table.resize(bytes)
    putInteger(out, TABLE_SIZE, 0x1f, bytes)
  }

  status(out: Outbox, status: number): void {
    out.reserve(EXTRA_MAX)
    const index = statusIndex(status)
    if (index > 0) return putInteger(out, INDEXED, 0x7f, index)
    putInteger(out, LITERAL, 0x0f, STATUS_INDEX)
    out.bytes[out.used++] = 3
    out.putDecimal(status)
  }

  /**
   * One field, with its name in any case. `isSecret`: it must enter no table, here and wherever it is sent on to
   * (RFC 7541 §7.1.3).
   */
  field(
    out: Outbox,
    bytes: Buffer,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    isSecret: boolean,
  ): void {
    this.#bytes = bytes
    this.#nameStart = nameStart
    this.#nameEnd = nameEnd
    this.#valueStart = valueStart
    this.#valueEnd = valueEnd
    out.reserve(nameEnd - nameStart + valueEnd - valueStart + EXTRA_MAX)
    const hash = nameHash(bytes, nameStart, nameEnd)
    if (isSecret) this.#putLiteral(out, NEVER_INDEXED, 0x0f, staticName(bytes, nameStart, nameEnd, hash))
    else this.#putOpen(out, hash)
    this.#bytes = NONE
  }

  #putOpen(out: Outbox, hash: number): void {
    const tag = mixTag(hash, this.#valueEnd - this.#valueStart)
    const age = this.#find(tag, true)
    if (age >= 0) return putInteger(out, INDEXED, 0x7f, STATIC_COUNT + 1 + age)
    const fixed = staticName(this.#bytes, this.#nameStart, this.#nameEnd, hash)
    const index = fixed > 0 ? fixed : STATIC_COUNT + 1 + this.#find(hash, false)
    const isNew = index === STATIC_COUNT
    if (!this.#isWorth(tag, isNew)) return this.#putLiteral(out, LITERAL, 0x0f, isNew ? 0 : index)
    this.#putLiteral(out, LITERAL_KEPT, 0x3f, isNew ? 0 : index)
    this.#keep(tag, hash)
  }

  /** How many entries came after the one with the name at hand, and its value if `isWhole`; -1 if there is none. */
  #find(tag: number, isWhole: boolean): number {
    const start = (tag & (SETS - 1)) * WAYS
    for (let i = start; i < start + WAYS; i++) {
      if (this.#tags[i] !== tag) continue
      const age = this.#age(i)
      if (age < 0) continue
      const row = this.#table.rowOf(age)
      if (isWhole ? this.#isEntry(row) : this.#hasName(row)) return age
    }
    return -1
  }

  #age(place: number): number {
    const number = this.#numbers[place]!
    const age = this.#table.inserted - number
    return number > 0 && age < this.#table.count ? age : -1
  }

  /** The newest entry goes where the set has one that is gone, or else the oldest. */
  #note(tag: number): void {
    const start = (tag & (SETS - 1)) * WAYS
    let place = start
    for (let i = start; i < start + WAYS; i++) if (this.#numbers[i]! < this.#numbers[place]!) place = i
    this.#tags[place] = tag
    this.#numbers[place] = this.#table.inserted
  }

  #isEntry(row: number): boolean {
    const table = this.#table
    const start = this.#valueStart
    const end = this.#valueEnd
    const at = table.valueStart(row)
    if (table.valueEnd(row) - at !== end - start) return false
    const bytes = this.#bytes
    const known = table.bytes
    const shift = at - start
    for (let i = start; i < end; i++) if (bytes[i] !== known[i + shift]) return false
    return this.#hasName(row)
  }

  #hasName(row: number): boolean {
    const table = this.#table
    const start = this.#nameStart
    const end = this.#nameEnd
    const at = table.nameStart(row)
    if (table.valueStart(row) - at !== end - start) return false
    const bytes = this.#bytes
    const known = table.bytes
    const shift = at - start
    for (let i = start; i < end; i++) if (LOWER[bytes[i]!] !== known[i + shift]) return false
    return true
  }

  /** Whether the field is to be kept; `isNew`: its name is in neither table. */
  #isWorth(tag: number, isNew: boolean): boolean {
    const end = this.#valueEnd
    if (end - this.#valueStart > VALUE_KEPT_MAX || this.#nameEnd - this.#nameStart > NAME_KEPT_MAX)
      return false
    if (this.#table.bytesMax === 0) return false
    if (isNew) return true
    const bytes = this.#bytes
    let hash = tag
    for (let i = this.#valueStart; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0
    const seen = this.#seen
    for (let i = 0; i < SEEN; i++) if (seen[i] === hash) return true
    seen[this.#seenNext] = hash
    this.#seenNext = (this.#seenNext + 1) & (SEEN - 1)
    return false
  }

  #keep(tag: number, hash: number): void {
    const table = this.#table
    const length = this.#nameEnd - this.#nameStart + this.#valueEnd - this.#valueStart
    if (!table.begin(length)) return
    table.addName(this.#bytes, this.#nameStart, this.#nameEnd)
    table.addValue(this.#bytes, this.#valueStart, this.#valueEnd)
    const row = table.rowOf(0)
    const end = table.valueStart(row)
    const bytes = table.bytes
    for (let i = table.nameStart(row); i < end; i++) bytes[i] = LOWER[bytes[i]!]!
    this.#note(tag)
    this.#note(hash)
  }

  #putLiteral(out: Outbox, kind: number, mask: number, index: number): void {
    putInteger(out, kind, mask, index)
    const bytes = this.#bytes
    if (index === 0) {
      const end = this.#nameEnd
      putInteger(out, 0, 0x7f, end - this.#nameStart)
      const written = out.bytes
      let at = out.used
      for (let i = this.#nameStart; i < end; i++) written[at++] = LOWER[bytes[i]!]!
      out.used = at
    }
    putInteger(out, 0, 0x7f, this.#valueEnd - this.#valueStart)
    out.put(bytes, this.#valueStart, this.#valueEnd)
  }
}

/** Of a name's hash and the length of its value; never that of a name alone, which has 16 bits. */
function mixTag(hash: number, length: number): number {
  const mixed = Math.imul((hash << 12) + length + 1, 0x9e3779b1)
  return (mixed ^ (mixed >>> 16)) | 0x10000
}

/** Writes an integer below 2^28 behind the bits of `kind` (RFC 7541 §5.1). There is room. */
function putInteger(out: Outbox, kind: number, mask: number, value: number): void {
  const bytes = out.bytes
  let at = out.used
  if (value < mask) bytes[at++] = kind | value
  else {
    bytes[at++] = kind | mask
    let rest = value - mask
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
  }
  out.used = at
}

/** Of the seven that the static table has, else 0. */
function statusIndex(status: number): number {
  if (status === 200) return 8
  if (status === 204) return 9
  if (status === 206) return 10
  if (status === 304) return 11
  if (status === 400) return 12
  if (status === 404) return 13
  return status === 500 ? 14 : 0
}
