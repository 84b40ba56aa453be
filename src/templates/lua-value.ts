/**
 * lua-value — the values of Lua that a template's expressions know, as JavaScript's, and how one becomes another.
 *
 * A string has one character a byte, as in Lua: 'é' of a file in UTF-8 is two of them.
 */

export type LuaValue = null | boolean | number | string | LuaTable | LuaFunction

/** Read only. */
export interface LuaTable {
  readonly type: 'table'
  /** What `#` answers. */
  readonly length: number
  get(key: string | number): LuaValue
}

export interface LuaFunction {
  readonly type: 'function'
  call(values: readonly LuaValue[]): LuaValue
}

/** An expression that can't be read, or not be worked out for this request. The request is then answered with 500. */
export class TemplateError extends Error {}

/** Characters of any string that an expression makes, and of what a template comes to. */
export const TEXT_LENGTH_MAX = 64 * 1024

const DIGITS = 14
const NUMBER =
  /^[ \t\n\v\f\r]*[+-]?(?:0[xX][0-9a-fA-F]{1,13}|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[ \t\n\v\f\r]*$/
const NUMBER_LENGTH_MAX = 400

export class LuaList implements LuaTable {
  readonly type = 'table'
  readonly values: readonly LuaValue[]

  constructor(values: readonly LuaValue[]) {
    this.values = values
  }

  get length(): number {
    return this.values.length
  }

  get(key: string | number): LuaValue {
    return typeof key === 'number' ? (this.values[key - 1] ?? null) : null
  }
}

/** The bytes of a text that stands in a configuration. */
export function toBytes(text: string): string {
  return Buffer.from(text).toString('latin1')
}

export function typeName(value: LuaValue): string {
  if (value === null) return 'nil'
  return typeof value === 'object' ? value.type : typeof value
}

export function isTrue(value: LuaValue): boolean {
  return value !== null && value !== false
}

/** Null where Lua knows no number in it. */
export function toNumber(value: LuaValue): number | null {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || value.length > NUMBER_LENGTH_MAX || !NUMBER.test(value)) return null
  const text = value.trim()
  return text.startsWith('-') ? -Number(text.slice(1)) : Number(text.replace('+', ''))
}

/** What `tostring` says. A table, whose address means nothing, is the list of its values. */
export function toText(value: LuaValue): string {
  if (value === null) return 'nil'
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberText(value, DIGITS)
  if (typeof value === 'boolean') return String(value)
  if (value instanceof LuaList) return value.values.map(toText).join(', ')
  throw new TemplateError(`a ${value.type} has no text`)
}

/** As C prints a number with %.{digits}g. */
export function numberText(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [mantissa = '', power = ''] = value.toExponential(digits - 1).split('e')
  const exponent = Number(power)
  if (exponent >= -4 && exponent < digits) return withoutZeros(value.toFixed(digits - 1 - exponent))
  return `${withoutZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
