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

/**
 * What a request-target's byte asks of the router: 0 refuse, 1 plain, 2 ends the path ('?'), 4 wants a closer look
 * (percent, slash, dot or a byte above 127). '#' is refused: a fragment is never sent (RFC 9112 §3.2).
 */
export const TARGET = new Uint8Array(256).fill(1)
TARGET.fill(0, 0, 33)
TARGET[127] = 0
TARGET[0x23] = 0
for (const char of '"<>\\^`{|}') TARGET[char.charCodeAt(0)] = 4
TARGET.fill(4, 128)
TARGET[QUESTION] = 2
TARGET[PERCENT] = 4

/** The value of a hexadecimal digit, or 255. */
export const HEX = new Uint8Array(256).fill(255)
for (let i = 0; i < 10; i++) HEX[48 + i] = i
for (let i = 0; i < 6; i++) {
  HEX[65 + i] = 10 + i
  HEX[97 + i] = 10 + i
}
