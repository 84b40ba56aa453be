/** A field that an edit set, as text or as bytes made beforehand. */

/** One without a count is never changed, so that a constant one may stand in many heads. */
export class AddedField {
  readonly name: string
  readonly #text: string
  /** The line as it is sent, or its part before the count; null: to be made of name and value. */
  readonly line: Uint8Array | null
  /** What ends the line, where not negative: an int32. */
  readonly count: number

  constructor(name: string, text: string, line: Uint8Array | null, count: number) {
    this.name = name
    this.#text = text
    this.line = line
    this.count = count
  }

  get value(): string {
    return this.count < 0 ? this.#text : String(this.count)
  }
}
