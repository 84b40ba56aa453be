/**
 * hpack-encoder — writes the header blocks of one direction of a connection (RFC 7541).
 *
 * WHAT    What repeats is put into the table and is one byte from then on. Nobody says which fields repeat: a name
 *         that neither table has is put in with its first value; a value is put in when it comes the second time. So
 *         a date is kept for its second, and an id that differs every time costs its literal and nothing more.
 *
 *           slots   by name and length of the value: the entry that is likely the same
 *           names   by name: an entry with that name
 *           seen    by name and length of the value: what the last value that was not kept hashed to
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
const SLOTS = 64
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
  /** Numbers of entries, plus 1. */
  readonly #slots: Int32Array
  readonly #names: Int32Array
  readonly #seen: Int32Array
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
    this.#slots = new Int32Array(SLOTS)
    this.#names = new Int32Array(SLOTS)
    this.#seen = new Int32Array(SLOTS)
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
    const fixed = staticName(bytes, nameStart, nameEnd, hash)
    if (isSecret) this.#putLiteral(out, NEVER_INDEXED, 0x0f, fixed)
    else this.#putOpen(out, hash, fixed)
    this.#bytes = NONE
  }

  #putOpen(out: Outbox, hash: number, fixed: number): void {
    const slot = (hash ^ (this.#valueEnd - this.#valueStart)) & (SLOTS - 1)
    const age = this.#age(this.#slots[slot]!)
    if (age >= 0 && this.#isEntry(this.#table.rowOf(age))) {
      putInteger(out, INDEXED, 0x7f, STATIC_COUNT + 1 + age)
      return
    }
    const index = fixed > 0 ? fixed : this.#nameIndex(hash)
    if (!this.#isWorth(slot, index)) return this.#putLiteral(out, LITERAL, 0x0f, index)
    this.#putLiteral(out, LITERAL_KEPT, 0x3f, index)
    this.#keep(slot, hash)
  }

  /** How many entries came after one that is noted in slots or names; -1 if it is gone. */
  #age(noted: number): number {
    const age = this.#table.inserted - noted
    return noted > 0 && age < this.#table.count ? age : -1
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

  #nameIndex(hash: number): number {
    const age = this.#age(this.#names[hash & (SLOTS - 1)]!)
    return age >= 0 && this.#hasName(this.#table.rowOf(age)) ? STATIC_COUNT + 1 + age : 0
  }

  /** Whether the field is to be kept, whose name is known by `index` (0: not at all). */
  #isWorth(slot: number, index: number): boolean {
    const end = this.#valueEnd
    if (end - this.#valueStart > VALUE_KEPT_MAX || this.#nameEnd - this.#nameStart > NAME_KEPT_MAX)
      return false
    if (this.#table.bytesMax === 0) return false
    if (index === 0) return true
    const bytes = this.#bytes
    let hash = 1
    for (let i = this.#valueStart; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0
    if (this.#seen[slot] === hash) return true
    this.#seen[slot] = hash
    return false
  }

  #keep(slot: number, hash: number): void {
    const table = this.#table
    const length = this.#nameEnd - this.#nameStart + this.#valueEnd - this.#valueStart
    if (!table.begin(length)) return
    table.addName(this.#bytes, this.#nameStart, this.#nameEnd)
    table.addValue(this.#bytes, this.#valueStart, this.#valueEnd)
    const row = table.rowOf(0)
    const end = table.valueStart(row)
    const bytes = table.bytes
    for (let i = table.nameStart(row); i < end; i++) bytes[i] = LOWER[bytes[i]!]!
    this.#slots[slot] = table.inserted
    this.#names[hash & (SLOTS - 1)] = table.inserted
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
