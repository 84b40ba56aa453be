/**
 * The extensions of a chunk-size line (RFC 9112 §7.1.1) as a machine of one byte a step. The grammar is checked, so
 * that nobody can read the line in another way; what it says is dropped.
 *
 *     *( ";" name [ "=" ( token / quoted-string ) ] )
 *
 * The blanks that the RFC calls bad are refused: nobody sends them, and parsers differ on them.
 *
 * HOT     One table look-up or two a byte, on chunks that have extensions.
 */
import { BACKSLASH, CR, EQUALS, FIELD, QUOTE, SEMICOLON, TOKEN } from '../chars.ts'

/** A semicolon came. */
export const EXTENSION_START = 0
const NAME = 1
const VALUE_START = 2
const TOKEN_VALUE = 3
const QUOTED = 4
const ESCAPED = 5
const QUOTE_ENDED = 6

/** The carriage return that ends the line came, where it may. */
export const EXTENSION_END = -1
export const EXTENSION_BAD = -2

/** The state after `byte`; EXTENSION_END or EXTENSION_BAD at the end. */
export function stepExtension(state: number, byte: number): number {
  if (state === QUOTED) return stepQuoted(byte)
  if (state === ESCAPED) return FIELD[byte] === 1 ? QUOTED : EXTENSION_BAD
  if (TOKEN[byte] !== 0) return afterToken(state)
  if (byte === QUOTE) return state === VALUE_START ? QUOTED : EXTENSION_BAD
  if (byte === EQUALS) return state === NAME ? VALUE_START : EXTENSION_BAD
  if (state === EXTENSION_START || state === VALUE_START) return EXTENSION_BAD
  if (byte === SEMICOLON) return EXTENSION_START
  return byte === CR ? EXTENSION_END : EXTENSION_BAD
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
