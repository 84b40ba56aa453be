/** A field that an edit set, as text or as bytes made beforehand. */

/** One without a count is never changed, so that a constant one may stand in many heads. */
export class AddedField {
  readonly name: string
  readonly #value: string
  /** The line as it is sent, or its part before the count; null: to be made of name and value. */
  readonly line: Uint8Array | null
  /** What ends the line, where not negative: an int32. */
  readonly count: number

  constructor(name: string, value: string, line: Uint8Array | null, count: number) {
    this.name = name
    this.#value = value
    this.line = line
    this.count = count
  }

  get value(): string {
    return this.count < 0 ? this.#value : String(this.count)
  }

  /** The whole line, to be written with one call into the engine. */
  get text(): string {
    return `${this.name}: ${this.#value}\r\n`
  }
}
