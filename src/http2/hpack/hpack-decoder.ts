/**
 * hpack-decoder — reads the header blocks of one direction of a connection (RFC 7541).
 *
 * LIMITS  The table has at most the bytes it was made with; integers end after four bytes of continuation; a block may
 *         begin with two changes of the table's size at most. Whoever calls bounds the block itself: what a Huffman
 *         string becomes is at most 8/5 of it, in one buffer of the worker.
 *
 * HOT     `decode` runs once a request and everything else here once a field. No allocation once table and scratch
 *         have grown. The sink is lent bytes of the block, of the tables or of the scratch, and may not keep them.
 */
import { DynamicTable, ENTRY_EXTRA } from './dynamic-table.ts'
import { decodeHuffman, huffmanDecodedMax } from './huffman.ts'
import { STATIC_BYTES, STATIC_COUNT, STATIC_NAME, STATIC_VALUE } from './static-table.ts'

export interface FieldSink {
  /** One field. The bytes are only lent; name and value may lie in different buffers. */
  field(
    bytes: Buffer,
    nameStart: number,
    nameEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void
}

export const OK = 0
/** The error code of RFC 9113 §7 as well. */
export const COMPRESSION_ERROR = 9
export const TOO_LARGE = -1

/** What both sides begin with until SETTINGS_HEADER_TABLE_SIZE says otherwise (RFC 9113 §6.5.2). */
export const TABLE_BYTES_START = 4096

const INDEXED = 0x80
const LITERAL_KEPT = 0x40
const TABLE_SIZE = 0x20
const NEVER_INDEXED = 0x10
const SIZE_CHANGES_MAX = 2
const CONTINUATIONS_MAX = 4
const HUFFMAN = 0x80

const NONE = Buffer.alloc(0)
let scratch = Buffer.allocUnsafeSlow(4096)

function growScratch(needed: number): void {
  let size = scratch.length
  while (size < needed) size *= 2
  const grown = Buffer.allocUnsafeSlow(size)
  // A name that was read into the old one stays there: whoever holds it holds that buffer.
  scratch = grown
}

export class HpackDecoder {
  /** While the sink is called: the client asked that this field never enters a table (RFC 7541 §7.1.3). */
  isSecret: boolean
  readonly #tableBytesMax: number
  readonly #table: DynamicTable
  #block: Buffer
  #at: number
  #end: number
  /** Of the list, by RFC 9113 §6.5.2; below 0 once it is too large. */
  #bytesLeft: number
  #sizeChangesLeft: number
  #scratchUsed: number
  // The string that was read last, and the name it may be the value of.
  #text: Buffer
  #textStart: number
  #textEnd: number
  #name: Buffer
  #nameStart: number
  #nameEnd: number

  constructor(tableBytesMax: number) {
    this.isSecret = false
    this.#tableBytesMax = tableBytesMax
    this.#table = new DynamicTable(Math.min(tableBytesMax, TABLE_BYTES_START))
    this.#block = NONE
    this.#at = 0
    this.#end = 0
    this.#bytesLeft = 0
    this.#sizeChangesLeft = 0
    this.#scratchUsed = 0
    this.#text = NONE
    this.#textStart = 0
    this.#textEnd = 0
    this.#name = NONE
    this.#nameStart = 0
    this.#nameEnd = 0
  }

  /**
   * Decodes one whole header block. OK, or COMPRESSION_ERROR, after which the connection has to end (RFC 9113 §4.3);
   * or TOO_LARGE, for a list of more than `listBytesMax` by RFC 9113 §6.5.2: the rest is read to keep the table in
   * step, and the sink is not called any more.
   */
  decode(bytes: Buffer, start: number, end: number, sink: FieldSink, listBytesMax: number): number {
    this.#block = bytes
    this.#at = start
    this.#end = end
    this.#bytesLeft = listBytesMax
    this.#sizeChangesLeft = SIZE_CHANGES_MAX
    let isFine = true
    while (isFine && this.#at < this.#end) isFine = this.#next(sink)
    this.#block = NONE
    this.#text = NONE
    this.#name = NONE
    if (!isFine) return COMPRESSION_ERROR
    return this.#bytesLeft < 0 ? TOO_LARGE : OK
  }

  #next(sink: FieldSink): boolean {
    const first = this.#block[this.#at]!
    if (first < LITERAL_KEPT && first >= TABLE_SIZE) return this.#resize()
    this.#sizeChangesLeft = 0
    if (first >= INDEXED) return this.#indexed(sink)
    return this.#literal(sink, first)
  }

  /** RFC 7541 §6.1 */
  #indexed(sink: FieldSink): boolean {
    const index = this.#integer(0x7f)
    if (index <= 0) return false
    this.isSecret = false
    if (index <= STATIC_COUNT) {
      const valueStart = STATIC_VALUE[index]!
      const end = STATIC_NAME[index + 1]!
      this.#take(end - STATIC_NAME[index]!)
      if (this.#bytesLeft >= 0)
        sink.field(STATIC_BYTES, STATIC_NAME[index]!, valueStart, STATIC_BYTES, valueStart, end)
      return true
    }
    const table = this.#table
    const age = index - STATIC_COUNT - 1
    if (age >= table.count) return false
    const row = table.rowOf(age)
    const start = table.nameStart(row)
    const valueStart = table.valueStart(row)
    const end = table.valueEnd(row)
    this.#take(end - start)
    if (this.#bytesLeft >= 0) sink.field(table.bytes, start, valueStart, table.bytes, valueStart, end)
    return true
  }

  /** RFC 7541 §6.2 */
  #literal(sink: FieldSink, first: number): boolean {
    const isKept = first >= LITERAL_KEPT
    this.#scratchUsed = 0
    const index = this.#integer(isKept ? 0x3f : 0x0f)
    if (!this.#readName(index, isKept) || !this.#readText()) return false
    this.isSecret = !isKept && first >= NEVER_INDEXED
    const nameStart = this.#nameStart
    const nameEnd = this.#nameEnd
    this.#take(nameEnd - nameStart + this.#textEnd - this.#textStart)
    if (this.#bytesLeft >= 0)
      sink.field(this.#name, nameStart, nameEnd, this.#text, this.#textStart, this.#textEnd)
    if (isKept) this.#keep()
    return true
  }

  #keep(): void {
    const table = this.#table
    const length = this.#nameEnd - this.#nameStart + this.#textEnd - this.#textStart
    if (!table.begin(length)) return
    table.addName(this.#name, this.#nameStart, this.#nameEnd)
    table.addValue(this.#text, this.#textStart, this.#textEnd)
  }

  #readName(index: number, isKept: boolean): boolean {
    if (index < 0) return false
    if (index === 0) {
      if (!this.#readText()) return false
      this.#name = this.#text
      this.#nameStart = this.#textStart
      this.#nameEnd = this.#textEnd
      return true
    }
    if (index <= STATIC_COUNT) {
      this.#name = STATIC_BYTES
      this.#nameStart = STATIC_NAME[index]!
      this.#nameEnd = STATIC_VALUE[index]!
      return true
    }
    const table = this.#table
    const age = index - STATIC_COUNT - 1
    if (age >= table.count) return false
    const row = table.rowOf(age)
    this.#name = table.bytes
    this.#nameStart = table.nameStart(row)
    this.#nameEnd = table.valueStart(row)
    // Its entry may be evicted by the one it is to be the name of (RFC 7541 §4.4).
    if (isKept) this.#saveName()
    return true
  }

  #saveName(): void {
    const length = this.#nameEnd - this.#nameStart
    if (length > scratch.length) growScratch(length)
    this.#name.copy(scratch, 0, this.#nameStart, this.#nameEnd)
    this.#name = scratch
    this.#nameStart = 0
    this.#nameEnd = length
    this.#scratchUsed = length
  }

  /** A string literal (RFC 7541 §5.2), to where #text says. */
  #readText(): boolean {
    if (this.#at >= this.#end) return false
    const isHuffman = this.#block[this.#at]! >= HUFFMAN
    const length = this.#integer(0x7f)
    const start = this.#at
    if (length < 0 || length > this.#end - start) return false
    this.#at = start + length
    if (!isHuffman) {
      this.#text = this.#block
      this.#textStart = start
      this.#textEnd = start + length
      return true
    }
    const used = this.#scratchUsed
    if (used + huffmanDecodedMax(length) > scratch.length) growScratch(used + huffmanDecodedMax(length))
    const end = decodeHuffman(this.#block, start, start + length, scratch, used)
    if (end < 0) return false
    this.#text = scratch
    this.#textStart = used
    this.#textEnd = end
    this.#scratchUsed = end
    return true
  }

  /** RFC 7541 §6.3 */
  #resize(): boolean {
    if (this.#sizeChangesLeft === 0) return false
    this.#sizeChangesLeft--
    const bytes = this.#integer(0x1f)
    if (bytes < 0 || bytes > this.#tableBytesMax) return false
    this.#table.resize(bytes)
    return true
  }

  /** An integer whose first byte has the bits of `mask` for it (RFC 7541 §5.1). -1: cut off or beyond all use. */
  #integer(mask: number): number {
    let value = this.#block[this.#at++]! & mask
    if (value < mask) return value
    for (let i = 0; i < CONTINUATIONS_MAX; i++) {
      if (this.#at >= this.#end) return -1
      const byte = this.#block[this.#at++]!
      value += (byte & 0x7f) << (7 * i)
      if (byte < 0x80) return value
    }
    return -1
  }

  #take(bytes: number): void {
    if (this.#bytesLeft >= 0) this.#bytesLeft -= bytes + ENTRY_EXTRA
  }
}
