/** What an unquoted YAML scalar means in the 1.2 core schema. */
import type { Value } from '../../../contract/schema.ts'

const INTEGER = /^[-+]?[0-9]+$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$|^[-+]?[0-9]+[eE][-+]?[0-9]+$/
const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['', null],
  ['~', null],
  ['null', null],
  ['Null', null],
  ['NULL', null],
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
])

/** Undefined: a form too rare to read here (octal, hexadecimal, infinity, integers beyond 2^53). */
export function plainScalar(text: string): Value | undefined {
  const first = text.charCodeAt(0)
  // Words and numbers begin with one of: nothing, + - . 0-9, ~ n N t T f F. The rest is a string at once.
  if (!(text.length === 0 || first < 58 || first === 126 || isWordStart(first))) return text
  const word = WORDS.get(text)
  if (word !== undefined) return word
  if (INTEGER.test(text)) {
    const number = Number(text)
    return Number.isSafeInteger(number) ? number : undefined
  }
  if (FLOAT.test(text)) return Number.parseFloat(text)
  return /^0[ox]|^[-+]?\.(?:inf|nan)$/i.test(text) ? undefined : text
}

function isWordStart(code: number): boolean {
  const lower = code | 32
  return lower === 110 || lower === 116 || lower === 102
}
