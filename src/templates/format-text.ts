/** format-text — Lua's string.format: what C's printf does with the conversions that Lua has, but %q. */
import {
  type LuaValue,
  numberText,
  TEXT_LENGTH_MAX,
  TemplateError,
  toNumber,
  toText,
  typeName,
} from './lua-value.ts'

const CONVERSION = /%(?:%|([-+ #0]{0,5})(\d{0,2})(?:\.(\d{0,2}))?([a-zA-Z]?))/g
const DEFAULT_DIGITS = 6

interface Conversion {
  readonly flags: string
  readonly width: number
  /** -1: none. */
  readonly precision: number
  readonly letter: string
}

export function formatText(pattern: string, values: readonly LuaValue[]): string {
  let text = ''
  let from = 0
  let next = 0
  for (const match of pattern.matchAll(CONVERSION)) {
    text += pattern.slice(from, match.index)
    from = match.index + match[0].length
    text += match[0] === '%%' ? '%' : convert(readConversion(match), values, next++)
    if (text.length > TEXT_LENGTH_MAX) throw new TemplateError('the text is too long')
  }
  return text + pattern.slice(from)
}

function readConversion([, flags = '', width = '', precision, letter = '']: RegExpMatchArray): Conversion {
  return { flags, width: Number(width), precision: precision === undefined ? -1 : Number(precision), letter }
}

function convert(conversion: Conversion, values: readonly LuaValue[], at: number): string {
  const { letter, precision } = conversion
  if (letter === 's') {
    if (at >= values.length) throw bad(at, 'no value')
    const text = toText(values[at]!)
    return padded(precision < 0 ? text : text.slice(0, precision), conversion)
  }
  if (!/^[dicuoxXeEfgG]$/.test(letter)) throw new TemplateError(`invalid option '%${letter}' to 'format'`)
  const value = values[at] ?? null
  const number = toNumber(value)
  if (number === null)
    throw bad(at, `number expected, got ${at < values.length ? typeName(value) : 'no value'}`)
  return numeric(number, conversion)
}

function numeric(number: number, conversion: Conversion): string {
  const { letter, flags } = conversion
  if (letter === 'c') return padded(String.fromCharCode(Math.trunc(number) & 255), conversion)
  const digits = digitsOf(Math.abs(number), conversion)
  const sign =
    number < 0 || Object.is(number, -0) ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''
  const room = conversion.width - sign.length
  const isFilled = flags.includes('0') && !flags.includes('-')
  return padded(sign + (isFilled ? digits.padStart(room, '0') : digits), conversion)
}

function digitsOf(number: number, { letter, precision, flags }: Conversion): string {
  const places = precision < 0 ? DEFAULT_DIGITS : precision
  if (!Number.isFinite(number)) return Number.isNaN(number) ? 'nan' : 'inf'
  switch (letter) {
    case 'f':
      return number < 1e21 ? number.toFixed(places) : BigInt(number).toString()
    case 'e':
      return exponential(number, places)
    case 'E':
      return exponential(number, places).toUpperCase()
    case 'g':
      return numberText(number, Math.max(places, 1))
    case 'G':
      return numberText(number, Math.max(places, 1)).toUpperCase()
  }
  const whole = BigInt(Math.trunc(number))
  const base = letter === 'o' ? 8 : letter === 'x' || letter === 'X' ? 16 : 10
  const digits = whole.toString(base).padStart(Math.max(precision, 0), '0')
  const prefix = base === 16 && flags.includes('#') ? '0x' : ''
  return letter === 'X' ? (prefix + digits).toUpperCase() : prefix + digits
}

function exponential(number: number, places: number): string {
  return number.toExponential(places).replace(/e([+-])(\d)$/, 'e$10$2')
}

function padded(text: string, { flags, width }: Conversion): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width)
}

function bad(at: number, problem: string): TemplateError {
  return new TemplateError(`bad argument #${at + 2} to 'format' (${problem})`)
}
