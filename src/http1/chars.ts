/** Character classes of RFC 9110 §5.6.2 and RFC 9112 §3–§5 as 256-entry tables, and the bytes by name. */

export const HT = 9
export const LF = 10
export const CR = 13
export const SP = 32
export const COLON = 58
export const ASTERISK = 42
export const SLASH = 47
export const QUESTION = 63
export const PERCENT = 37
export const DOT = 46
export const EQUALS = 61
export const SEMICOLON = 59
export const QUOTE = 34
export const BACKSLASH = 92

/** For a tchar its lower-case form, else 0. One look-up tells both whether a name is valid and its fold. */
export const TOKEN = new Uint8Array(256)
for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
  TOKEN[char.charCodeAt(0)] = char.charCodeAt(0)
for (let i = 65; i <= 90; i++) TOKEN[i] = i + 32

/** 1 for what may stand in a field value: HTAB, SP, VCHAR, obs-text. */
export const FIELD = new Uint8Array(256).fill(1)
FIELD.fill(0, 0, 32)
FIELD[HT] = 1
FIELD[127] = 0

/** The value of a hexadecimal digit, or 255. */
export const HEX = new Uint8Array(256).fill(255)
for (let i = 0; i < 10; i++) HEX[48 + i] = i
for (let i = 0; i < 6; i++) {
  HEX[65 + i] = 10 + i
  HEX[97 + i] = 10 + i
}
