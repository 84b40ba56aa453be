/** A field that an edit set, as text or as bytes made beforehand. */

/** One without a count is never changed, so that a constant one may stand in many heads. */
export class AddedField {
  readonly name: string
  readonly #value: string
  /** The line as it is sent, or its part before the count; null: to be made of name and value. */
  readonly line: Uint8Array | null
  /** What ends the line, where not negative: an int32. */
  readonly count: number

  /** `value`: of one with a count what stands before it. */
  constructor(name: string, value: string, line: Uint8Array | null, count: number) {
    this.name = name
    this.#value = value
    this.line = line
    this.count = count
  }

  get value(): string {
    if (this.count >= 0) return this.#value + this.count
    if (this.#value !== '' || this.line === null) return this.#value
    // One whose line is written anew for each message has its value there alone.
    return Buffer.from(this.line).latin1Slice(this.name.length + 2, this.line.length - 2)
  }

  /** The whole line, to be written with one call into the engine. */
  get text(): string {
    return `${this.name}: ${this.#value}\r\n`
  }
}
