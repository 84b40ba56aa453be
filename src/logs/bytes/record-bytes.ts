/**
 * record-bytes — a log record's bytes, taken from front to back.
 *
 * All of them become one string at once, of which texts are slices: a call into Node for each would cost more than the
 * rest of reading.
 */
import { isAscii } from 'node:buffer'
import { FieldLines } from './read-fields.ts'
import { RecordError } from './record-layout.ts'

export const LENGTH_BYTES = 4

export class RecordBytes {
  readonly bytes: Buffer
  readonly base: number
  readonly #end: number
  /** A character a byte. */
  readonly all: string
  #at: number
  #isAscii: boolean

  constructor(bytes: Buffer, start: number, end: number) {
    if (!(start >= 0 && start <= end && end <= bytes.length)) throw broken()
    this.bytes = bytes
    this.base = start
    this.#end = end
    this.all = bytes.latin1Slice(start, end)
    this.#at = start
    this.#isAscii = false
  }

  /** Where the next `count` bytes start, which are passed over. */
  skip(count: number): number {
    const at = this.#at
    if (at + count > this.#end) throw broken()
    this.#at = at + count
    return at
  }

  hex(count: number): string {
    const at = this.skip(count)
    return this.bytes.hexSlice(at, at + count)
  }

  /** The numbers are over. */
  beginTexts(): void {
    this.#isAscii = isAscii(this.bytes.subarray(this.#at, this.#end))
  }

  length(): number {
    const at = this.skip(LENGTH_BYTES)
    const bytes = this.bytes
    return (
      (bytes[at]! & 127) |
      ((bytes[at + 1]! & 127) << 7) |
      ((bytes[at + 2]! & 127) << 14) |
      ((bytes[at + 3]! & 127) << 21)
    )
  }

  byte(): number {
    return this.bytes[this.skip(1)]!
  }

  /** Lines of header fields. */
  lines(): FieldLines {
    const length = this.length()
    const at = this.skip(length)
    return new FieldLines(this, at, at + length)
  }

  /** How far it has got. */
  get at(): number {
    return this.#at
  }

  /** Bytes that are no UTF-8 become U+FFFD. */
  text(): string {
    const length = this.length()
    if (length === 0) return ''
    const at = this.skip(length)
    if (!this.#isAscii) return this.bytes.utf8Slice(at, at + length)
    const from = at - this.base
    return this.all.slice(from, from + length)
  }
}

function broken(): RecordError {
  return new RecordError('a log record ends too early')
}
