/**
 * The extensions of a chunk-size line (RFC 9112 §7.1.1) as a machine of one byte a step: the grammar is checked, so that
 * nobody behind us can read the line in another way; what it says is dropped.
 *
 *     *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
 *
 * HOT     One table look-up or two a byte, on chunks that have extensions.
 */
import { BACKSLASH, CR, EQUALS, FIELD, HT, QUOTE, SEMICOLON, SP, TOKEN } from './chars.ts'

/** A space came where only a semicolon may follow. */
export const EXTENSION_NEXT = 0
/** A semicolon came. */
export const EXTENSION_START = 1
const NAME = 2
const NAME_ENDED = 3
const VALUE_START = 4
const TOKEN_VALUE = 5
const QUOTED = 6
const ESCAPED = 7
const QUOTE_ENDED = 8

/** The carriage return that ends the line came, where it may. */
export const EXTENSION_END = -1
export const EXTENSION_BAD = -2

/** The state after `byte`; EXTENSION_END or EXTENSION_BAD at the end. */
export function stepExtension(state: number, byte: number): number {
  if (state === QUOTED) return stepQuoted(byte)
  if (state === ESCAPED) return FIELD[byte] === 1 ? QUOTED : EXTENSION_BAD
  if (TOKEN[byte] !== 0) return afterToken(state)
  if (byte === SP || byte === HT) return afterBlank(state)
  if (byte === QUOTE) return state === VALUE_START ? QUOTED : EXTENSION_BAD
  if (byte === EQUALS) return state === NAME || state === NAME_ENDED ? VALUE_START : EXTENSION_BAD
  if (state === EXTENSION_START || state === VALUE_START) return EXTENSION_BAD
  if (byte === SEMICOLON) return EXTENSION_START
  const mayEnd = state === NAME || state === TOKEN_VALUE || state === QUOTE_ENDED
  return byte === CR && mayEnd ? EXTENSION_END : EXTENSION_BAD
}

function stepQuoted(byte: number): number {
  if (byte === QUOTE) return QUOTE_ENDED
  if (byte === BACKSLASH) return ESCAPED
  return FIELD[byte] === 1 ? QUOTED : EXTENSION_BAD
}

function afterToken(state: number): number {
  if (state === EXTENSION_START || state === NAME) return NAME
  return state === VALUE_START || state === TOKEN_VALUE ? TOKEN_VALUE : EXTENSION_BAD
}

function afterBlank(state: number): number {
  if (state === NAME) return NAME_ENDED
  return state === TOKEN_VALUE || state === QUOTE_ENDED ? EXTENSION_NEXT : state
}
