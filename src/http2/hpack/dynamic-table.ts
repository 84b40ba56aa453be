/**
 * dynamic-table — the fields one direction of a connection has agreed to remember (RFC 7541 §2.3.2, §4).
 *
 * WHAT    The bytes of the entries lie one after the other in one buffer, the oldest first, each in one piece, so that
 *         a field can be lent without a copy. What is evicted leaves a hole at the front; when the end is reached,
 *         what lives moves to the front, which each byte pays for once at most.
 *
 *           bytes  | evicted | name value | name value | name value | free |
 *           rows     a ring of three numbers an entry: name starts, value starts, value ends
 *
 * LIMITS  `bytesMax` as RFC 7541 §4.1 counts, which is 32 bytes an entry more than what lies here. The buffer grows
 *         with what is kept, to twice `bytesMax` at most; a connection that indexes nothing has none.
 *
 * HOT     No allocation but when it grows. Numbers of entries run on; an entry lives while
 *         `inserted - number` is below `count`.
 */

/** What an entry counts beyond its bytes: RFC 7541 §4.1. */
export const ENTRY_EXTRA = 32

const ROW = 3
const ROWS_START = 8
const BYTES_START = 512
const NO_BYTES = Buffer.alloc(0)
const NO_ROWS = new Int32Array(0)

export class DynamicTable {
  bytes: Buffer
  /** Entries that live. */
  count: number
  /** Entries there have ever been: the newest has the number `inserted - 1`. */
  inserted: number
  bytesMax: number
  #used: number
  #start: number
  #end: number
  #rows: Int32Array
  #rowMask: number

  constructor(bytesMax: number) {
    this.bytes = NO_BYTES
    this.count = 0
    this.inserted = 0
    this.bytesMax = bytesMax
    this.#used = 0
    this.#start = 0
    this.#end = 0
    this.#rows = NO_ROWS
    this.#rowMask = -1
  }

  /** What all entries count. */
  get used(): number {
    return this.#used
  }

  /** A place for nameStart, valueStart and valueEnd of the entry that came `age` entries before the newest. */
  rowOf(age: number): number {
    return ((this.inserted - 1 - age) & this.#rowMask) * ROW
  }

  nameStart(row: number): number {
    return this.#rows[row]!
  }

  valueStart(row: number): number {
    return this.#rows[row + 1]!
  }

  valueEnd(row: number): number {
    return this.#rows[row + 2]!
  }

  /** A new maximum: the oldest entries go until the rest fits. */
  resize(bytesMax: number): void {
    this.bytesMax = bytesMax
    this.#evict(bytesMax)
  }

  /**
   * Begins an entry whose name and value have `length` bytes together: the oldest go until there is room. False for
   * one that is too large: it empties the table and is not kept (RFC 7541 §4.4). Its bytes may not come from here.
   */
  begin(length: number): boolean {
    const size = length + ENTRY_EXTRA
    this.#evict(this.bytesMax - size)
    if (size > this.bytesMax) return false
    if (this.#end + length > this.bytes.length) this.#compact(length)
    if (this.count === this.#rowMask + 1) this.#growRows()
    this.#used += size
    return true
  }

  addName(source: Buffer, start: number, end: number): void {
    const row = (this.inserted & this.#rowMask) * ROW
    this.#rows[row] = this.#end
    this.#copy(source, start, end)
    this.#rows[row + 1] = this.#end
  }

  /** Ends the entry. */
  addValue(source: Buffer, start: number, end: number): void {
    const row = (this.inserted & this.#rowMask) * ROW
    this.#copy(source, start, end)
    this.#rows[row + 2] = this.#end
    this.inserted++
    this.count++
  }

  /** A loop: a block copy of a part makes a view first. */
  #copy(source: Buffer, start: number, end: number): void {
    let at = this.#end
    const bytes = this.bytes
    for (let i = start; i < end; i++) bytes[at++] = source[i]!
    this.#end += end - start
  }

  #evict(usedMax: number): void {
    while (this.count > 0 && this.#used > usedMax) {
      const row = this.rowOf(this.count - 1)
      this.#used -= this.#rows[row + 2]! - this.#rows[row]! + ENTRY_EXTRA
      this.#start = this.#rows[row + 2]!
      this.count--
    }
    if (this.count === 0) {
      this.#start = 0
      this.#end = 0
    }
  }

  /** Moves what lives to the front, of a larger buffer if half of this one would not do. */
  #compact(length: number): void {
    const shift = this.#start
    const live = this.#end - shift
    const old = this.bytes
    if (2 * (live + length) > old.length && old.length < 2 * this.bytesMax) this.#growBytes(live + length)
    old.copy(this.bytes, 0, shift, this.#end)
    for (let age = 0; age < this.count; age++) {
      const row = this.rowOf(age)
      for (let i = 0; i < ROW; i++) this.#rows[row + i]! -= shift
    }
    this.#start = 0
    this.#end = live
  }

  #growBytes(needed: number): void {
    let size = BYTES_START
    while (size < 2 * needed) size *= 2
    this.bytes = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(size, 2 * this.bytesMax)))
  }

  #growRows(): void {
    const old = this.#rows
    const oldMask = this.#rowMask
    const rows = Math.max(ROWS_START, 2 * (oldMask + 1))
    this.#rows = new Int32Array(rows * ROW)
    this.#rowMask = rows - 1
    for (let number = this.inserted - this.count; number < this.inserted; number++)
      for (let i = 0; i < ROW; i++)
        this.#rows[(number & this.#rowMask) * ROW + i] = old[(number & oldMask) * ROW + i]!
  }
}
