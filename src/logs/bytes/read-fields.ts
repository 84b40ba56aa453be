/**
 * read-fields — lines of header fields, taken apart: by name for whoever asks, or as JSON.
 *
 * One look at each byte finds the ends of names and values, the name among those that are known, and whether the value
 * can stand in JSON as it is. All of it but the strings of values is over before the bytes are given back.
 */
import type { LoggedFields } from '../../contract/machine/log-sinks.ts'
import { quote } from '../json-text.ts'
import { namedValues } from '../query-json.ts'
import { type FieldName, FieldNames } from './field-names.ts'

const CR = 13
const COLON = 58

/** 1 for a byte that cannot stand in JSON, or in a line, as it is. */
const UNSAFE = new Uint8Array(256).fill(1, 0, 32).fill(1, 127)
UNSAFE[34] = 1
UNSAFE[92] = 1

const names = new FieldNames()
/** Counts blocks of lines, so that a name knows where it stood last. */
let blocks = 0

export interface LineSource {
  readonly bytes: Buffer
  /** The bytes from `base` on, a character a byte. */
  readonly all: string
  readonly base: number
}

export class FieldLines {
  readonly #names: FieldName[] = []
  readonly #values: string[] = []
  /** Of each value: as UNSAFE. */
  readonly #unsafe: number[] = []
  /** A name may stand twice. */
  #repeats: boolean
  #fields: LoggedFields | null = null

  constructor(source: LineSource, start: number, end: number) {
    const { bytes, all, base } = source
    this.#repeats = false
    blocks++
    let at = start
    while (at < end) {
      const nameStart = at
      let hash = 0
      let byte = 0
      while (at < end && (byte = bytes[at]!) !== COLON && byte !== CR) {
        hash = ((hash << 5) - hash + byte) | 0
        at++
      }
      const nameEnd = at
      if (byte === COLON) at++
      while (at < end && isBlank(bytes[at]!)) at++
      const valueStart = at
      let unsafe = 0
      let high = 0
      while (at < end && (byte = bytes[at]!) !== CR) {
        unsafe |= UNSAFE[byte]!
        high |= byte
        at++
      }
      let valueEnd = at
      while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1]!)) valueEnd--
      at += 2
      if (nameEnd === nameStart) continue
      this.#name(names.find(bytes, nameStart, nameEnd, hash ^ (hash >>> 13)))
      this.#values.push(
        high > 127 ? bytes.utf8Slice(valueStart, valueEnd) : all.slice(valueStart - base, valueEnd - base),
      )
      this.#unsafe.push(unsafe)
    }
  }

  #name(name: FieldName): void {
    const first = name.first
    if (first.block === blocks || !name.isKept) this.#repeats = true
    first.block = blocks
    this.#names.push(name)
  }

  get count(): number {
    return this.#names.length
  }

  get json(): string {
    const count = this.#names.length
    if (count === 0) return '{}'
    if (this.#repeats) return this.#gatheredJson()
    let text = '{'
    for (let i = 0; i < count; i++) {
      if (i !== 0) text += ','
      text += this.#names[i]!.json
      text += this.#unsafe[i] === 0 ? `"${this.#values[i]!}"` : quote(this.#values[i]!)
    }
    return `${text}}`
  }

  #gatheredJson(): string {
    return namedValues(
      this.#names.map(({ lower }) => quote(lower)),
      this.#values.map(quote),
    )
  }

  get fields(): LoggedFields {
    this.#fields ??= this.#gather()
    return this.#fields
  }

  #gather(): LoggedFields {
    // A client may call a field `__proto__`.
    const fields: Record<string, string | string[]> = Object.create(null)
    for (let i = 0; i < this.#names.length; i++) {
      const name = this.#names[i]!.lower
      const value = this.#values[i]!
      const before = fields[name]
      if (before === undefined) fields[name] = value
      else if (typeof before === 'string') fields[name] = [before, value]
      else before.push(value)
    }
    return fields
  }
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9
}
