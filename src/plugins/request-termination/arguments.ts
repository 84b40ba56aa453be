/** Query arguments and form fields by name: decoded, in order, `true` for one without an equals sign. */

export type Argument = string | true

/** Kong looks at no more than this many, which bounds what a hostile query can cost. */
const ARGUMENTS_MAX = 100

export function readArguments(text: string): Map<string, Argument[]> {
  const found = new Map<string, Argument[]>()
  if (text === '') return found
  for (const part of text.split('&', ARGUMENTS_MAX)) {
    const equals = part.indexOf('=')
    const name = decoded(equals < 0 ? part : part.slice(0, equals))
    if (name === '') continue
    const values = found.get(name)
    const value = equals < 0 || decoded(part.slice(equals + 1))
    if (values === undefined) found.set(name, [value])
    else values.push(value)
  }
  return found
}

/** For JSON: one value stands alone, several are a list. */
export function plainArguments(text: string): Record<string, Argument | Argument[]> {
  const plain = [...readArguments(text)].map(([name, values]) => [
    name,
    values.length === 1 ? values[0] : values,
  ])
  return Object.fromEntries(plain)
}

/** Plus is a space, %XX a byte of UTF-8; what is no escape stays as it is. `text` is latin-1. */
function decoded(text: string): string {
  if (!/[+%\x80-\xff]/.test(text)) return text
  const bytes = text
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}
