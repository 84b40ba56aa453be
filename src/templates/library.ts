/** library — the functions that expressions may call: type, tostring, tonumber and a part of Lua's `string`. */
import { formatText } from './format-text.ts'
import {
  type LuaFunction,
  type LuaTable,
  type LuaValue,
  TEXT_LENGTH_MAX,
  TemplateError,
  toNumber,
  toText,
  typeName,
} from './lua-value.ts'

type Body = (values: Values) => LuaValue

/** What a function was called with, as it wants them. */
class Values {
  readonly list: readonly LuaValue[]
  readonly #name: string

  constructor(name: string, list: readonly LuaValue[]) {
    this.#name = name
    this.list = list
  }

  /** The `nth`, from 1, whatever it is. */
  any(nth: number): LuaValue {
    const value = this.list[nth - 1]
    if (value === undefined) throw this.#bad(nth, 'value expected')
    return value
  }

  text(nth: number): string {
    const value = this.list[nth - 1] ?? null
    if (typeof value !== 'string' && typeof value !== 'number') throw this.#wants('string', nth, value)
    return toText(value)
  }

  /** A whole number; `absent` where there is none. */
  integer(nth: number, absent: number | null = null): number {
    const value = this.list[nth - 1] ?? null
    if (value === null && absent !== null) return absent
    const number = toNumber(value)
    if (number === null) throw this.#wants('number', nth, value)
    return Math.trunc(number)
  }

  #wants(type: string, nth: number, value: LuaValue): TemplateError {
    return this.#bad(nth, `${type} expected, got ${nth > this.list.length ? 'no value' : typeName(value)}`)
  }

  #bad(nth: number, problem: string): TemplateError {
    return new TemplateError(`bad argument #${nth} to '${this.#name}' (${problem})`)
  }
}

class Library implements LuaTable {
  readonly type = 'table'
  readonly length = 0
  readonly #functions: ReadonlyMap<string, LuaFunction>

  constructor(bodies: Readonly<Record<string, Body>>) {
    this.#functions = new Map(
      Object.entries(bodies).map(([name, body]) => [
        name,
        { type: 'function', call: (list) => body(new Values(name, list)) },
      ]),
    )
  }

  get(key: string | number): LuaValue {
    return typeof key === 'string' ? (this.#functions.get(key) ?? null) : null
  }
}

export const stringFunctions: LuaTable = new Library({
  byte: (values) => byteAt(values.text(1), values.integer(2, 1)),
  format: (values) => formatText(values.text(1), values.list.slice(1)),
  len: (values) => values.text(1).length,
  lower: (values) => values.text(1).replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  rep: (values) => repeat(values.text(1), values.integer(2)),
  reverse: (values) => [...values.text(1)].reverse().join(''),
  sub: (values) => slice(values.text(1), values.integer(2), values.integer(3, -1)),
  upper: (values) => values.text(1).replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
})

const plainFunctions = new Library({
  tonumber: (values) => numberIn(values.any(1), values.integer(2, 10)),
  tostring: (values) => toText(values.any(1)),
  type: (values) => typeName(values.any(1)),
})

export const globalFunctions: ReadonlyMap<string, LuaValue> = new Map([
  ['string', stringFunctions],
  ...['tonumber', 'tostring', 'type'].map((name): [string, LuaValue] => [name, plainFunctions.get(name)]),
])

function byteAt(text: string, at: number): LuaValue {
  const code = text.charCodeAt(at < 0 ? text.length + at : at - 1)
  return Number.isNaN(code) ? null : code
}

function repeat(text: string, count: number): string {
  if (text.length * count > TEXT_LENGTH_MAX) throw new TemplateError('the text is too long')
  return count > 0 && text !== '' ? text.repeat(count) : ''
}

/** From the `first` to the `last` character, both counted from 1, or from -1 at the end. */
function slice(text: string, first: number, last: number): string {
  const from = first < 0 ? Math.max(text.length + first, 0) : Math.max(first - 1, 0)
  const to = last < 0 ? text.length + last + 1 : last
  return to > from ? text.slice(from, to) : ''
}

function numberIn(value: LuaValue, base: number): LuaValue {
  if (base === 10) return toNumber(value)
  if (base < 2 || base > 36) throw new TemplateError("bad argument #2 to 'tonumber' (base out of range)")
  const text = toText(value).trim().toLowerCase()
  const digits = '0123456789abcdefghijklmnopqrstuvwxyz'.slice(0, base)
  return text !== '' && [...text].every((digit) => digits.includes(digit))
    ? Number.parseInt(text, base)
    : null
}
