/**
 * styles — how OpenAPI writes a value into a path, a header or a query ("style" and "explode"), read back.
 *
 * Texts are cut while they are still encoded, so that an encoded separator stays part of a value, and decoded then.
 */

export type Kind = 'primitive' | 'array' | 'object'
export type Pairs = readonly (readonly [name: string, value: string])[]
export type Read = string | readonly string[] | Pairs

export const STYLES: Readonly<Record<'query' | 'header' | 'path', readonly string[]>> = {
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  path: ['simple', 'label', 'matrix'],
}

export interface Manner {
  readonly name: string
  readonly style: string
  readonly explode: boolean
  readonly kind: Kind
}

type Decode = (text: string) => string

/** simple, label and matrix. Throws an Error where the text is not in the style. */
export function readText(text: string, manner: Manner, decode: Decode): Read {
  if (manner.style === 'label') return readParts(after('.', text), manner, manner.explode ? '.' : ',', decode)
  if (manner.style === 'matrix') return readMatrix(after(';', text), manner, decode)
  return readParts(text, manner, ',', decode)
}

function after(mark: string, text: string): string {
  if (!text.startsWith(mark)) throw new Error(`it does not start with '${mark}'`)
  return text.slice(1)
}

function readParts(text: string, { kind, explode }: Manner, separator: string, decode: Decode): Read {
  if (kind === 'primitive') return decode(text)
  const parts = text === '' ? [] : text.split(separator)
  if (kind === 'array') return parts.map(decode)
  return explode ? parts.map((part) => pairOf(part, decode)) : alternating(parts, decode)
}

function readMatrix(text: string, manner: Manner, decode: Decode): Read {
  const { name, kind, explode } = manner
  const pairs = text.split(';').map((part) => pairOf(part, (raw) => raw))
  if (kind === 'object' && explode) return pairs.map(([key, value]) => [decode(key), decode(value)] as const)
  if (pairs.some(([key]) => decode(key) !== name)) throw new Error(`it is not of the form ;${name}=value`)
  if (kind === 'array' && explode) return pairs.map(([, value]) => decode(value))
  if (pairs.length !== 1) throw new Error('it is there more than once')
  return readParts(pairs[0]![1], { ...manner, explode: false }, ',', decode)
}

function pairOf(part: string, decode: Decode): readonly [string, string] {
  const equals = part.indexOf('=')
  if (equals < 0) throw new Error('a part has no value')
  return [decode(part.slice(0, equals)), decode(part.slice(equals + 1))]
}

function alternating(parts: readonly string[], decode: Decode): Pairs {
  if (parts.length % 2 !== 0) throw new Error('a member has no value')
  const pairs: [string, string][] = []
  for (let i = 0; i < parts.length; i += 2) pairs.push([decode(parts[i]!), decode(parts[i + 1]!)])
  return pairs
}

/** The arguments of a query as they came; names are decoded. */
export type Arguments = Pairs

const SEPARATORS: Readonly<Record<string, RegExp>> = {
  form: /,/,
  spaceDelimited: /%20|\+| /,
  pipeDelimited: /\||%7c/i,
}

/** Null: it is not there. `members`: what an exploded object of style form may consist of. */
export function readQuery(
  query: Arguments,
  manner: Manner,
  members: readonly string[],
  decode: Decode,
): Read | null {
  const { name, style, kind, explode } = manner
  if (kind === 'object' && style === 'deepObject') return readDeep(query, name, decode)
  if (kind === 'object' && explode) {
    const own = query.filter(([key]) => members.includes(key))
    return own.length === 0 ? null : own.map(([key, raw]) => [key, decode(raw)] as const)
  }
  const values = query.filter(([key]) => key === name).map(([, raw]) => raw)
  if (values.length === 0) return null
  if (kind === 'array' && explode) return values.map(decode)
  // The target may take another one than is looked at here.
  if (values.length > 1) throw new Error('it is there more than once')
  if (kind === 'primitive') return decode(values[0]!)
  const parts = values[0] === '' ? [] : values[0]!.split(SEPARATORS[style] ?? /,/)
  return kind === 'array' ? parts.map(decode) : alternating(parts, decode)
}

function readDeep(query: Arguments, name: string, decode: Decode): Pairs | null {
  const own = query.filter(([key]) => key.startsWith(`${name}[`) && key.endsWith(']'))
  if (own.length === 0) return null
  return own.map(([key, raw]) => [key.slice(name.length + 1, -1), decode(raw)] as const)
}
