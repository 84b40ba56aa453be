/** query-json — the arguments of a query as Kong's log has them: repeated ones as arrays, one without a value as true. */
import { quote } from './json-text.ts'

/** More arguments than this are left out (as Kong). */
const ARGUMENTS_MAX = 100

export function queryJson(uri: string): string {
  const mark = uri.indexOf('?')
  if (mark < 0 || mark === uri.length - 1) return '{}'
  const names: string[] = []
  const values: string[] = []
  const query = uri.slice(mark + 1)
  for (let at = 0; at <= query.length && names.length < ARGUMENTS_MAX; ) {
    const found = query.indexOf('&', at)
    const end = found < 0 ? query.length : found
    const equals = query.indexOf('=', at)
    const hasValue = equals >= 0 && equals < end
    const name = decode(query.slice(at, hasValue ? equals : end))
    if (name !== '') {
      names.push(quote(name))
      values.push(hasValue ? quote(decode(query.slice(equals + 1, end))) : 'true')
    }
    at = end + 1
  }
  return namedValues(names, values)
}

/** Names and values that are JSON already, as an object; values of one name become an array. Order is kept. */
export function namedValues(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '{}'
  let text = ''
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    if (i > 0 && names.indexOf(name) < i) continue
    const next = names.indexOf(name, i + 1)
    const value = next < 0 ? values[i]! : arrayFrom(names, values, i)
    text += i === 0 ? `{${name}:${value}` : `,${name}:${value}`
  }
  return `${text}}`
}

function arrayFrom(names: readonly string[], values: readonly string[], first: number): string {
  let text = `[${values[first]!}`
  for (let i = names.indexOf(names[first]!, first + 1); i >= 0; i = names.indexOf(names[first]!, i + 1))
    text += `,${values[i]!}`
  return `${text}]`
}

/** Percent-encoded bytes and plus signs; what is no UTF-8 becomes U+FFFD. */
function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  const spaced = text.replaceAll('+', ' ')
  if (!spaced.includes('%')) return spaced
  const bytes = Buffer.from(spaced)
  let to = 0
  for (let at = 0; at < bytes.length; at++) {
    const high = bytes[at] === 37 ? digitOf(bytes[at + 1]) : -1
    const low = high < 0 ? -1 : digitOf(bytes[at + 2])
    bytes[to++] = low < 0 ? bytes[at]! : high * 16 + low
    if (low >= 0) at += 2
  }
  return bytes.toString('utf8', 0, to)
}

function digitOf(byte: number | undefined): number {
  if (byte === undefined) return -1
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
