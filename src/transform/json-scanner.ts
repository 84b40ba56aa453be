/**
 * json-scanner — checks that bytes are one JSON object (RFC 8259) and finds where its own members lie.
 *
 * Nothing is decoded, so nothing is lost: digits beyond a double, the order, names that stand twice.
 */

/** Values within values. Deeper ones count as broken, as in Kong. */
export const DEPTH_MAX = 1000
/** int32 a member: its name with quotes, and its value. */
export const MEMBER_STRIDE = 4

const QUOTE = 34
const COMMA = 44
const MINUS = 45
const PLUS = 43
const DOT = 46
const ZERO = 48
const COLON = 58
const OPEN_LIST = 91
const BACKSLASH = 92
const CLOSE_LIST = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125
const E = 101
const U = 117

/** 1 for what a string may hold as it is. */
const PLAIN = new Uint8Array(256).fill(1, 32)
PLAIN[QUOTE] = 0
PLAIN[BACKSLASH] = 0

const SPACE = new Uint8Array(256)
for (const char of ' \t\r\n') SPACE[char.charCodeAt(0)] = 1
const ESCAPED = new Uint8Array(256)
for (const char of '"\\/bfnrt') ESCAPED[char.charCodeAt(0)] = 1
const DIGIT = new Uint8Array(256).fill(1, ZERO, ZERO + 10)
const HEX = new Uint8Array(256)
for (const char of '0123456789abcdefABCDEF') HEX[char.charCodeAt(0)] = 1

const WORDS = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')]

/** What `…End` answers where the value is broken. */
const BROKEN = -1

export class JsonScanner {
  /** MEMBER_STRIDE numbers a member of the outermost object. */
  members: Int32Array = new Int32Array(MEMBER_STRIDE * 32)
  count = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** False: the bytes are no JSON, or no object. */
  read(): boolean {
    const bytes = this.#bytes
    const start = skip(bytes, 0)
    if (bytes[start] !== OPEN_OBJECT) return false
    const end = objectEnd(bytes, start, 1, this)
    return end !== BROKEN && skip(bytes, end) === bytes.length
  }

  keep(name: number, nameEnd: number, value: number, valueEnd: number): void {
    const at = this.count * MEMBER_STRIDE
    if (at === this.members.length) {
      const grown = new Int32Array(at * 2)
      grown.set(this.members)
      this.members = grown
    }
    this.members[at] = name
    this.members[at + 1] = nameEnd
    this.members[at + 2] = value
    this.members[at + 3] = valueEnd
    this.count++
  }
}

function skip(bytes: Uint8Array, from: number): number {
  let at = from
  while (SPACE[bytes[at]!] === 1) at++
  return at
}

/** Behind the value that begins at `at`, which is what all of these answer. */
function valueEnd(bytes: Uint8Array, at: number, depth: number): number {
  const byte = bytes[at]!
  if (byte === QUOTE) return stringEnd(bytes, at)
  if (DIGIT[byte] === 1 || byte === MINUS) return numberEnd(bytes, at)
  if (byte === OPEN_OBJECT) return depth < DEPTH_MAX ? objectEnd(bytes, at, depth + 1, null) : BROKEN
  if (byte === OPEN_LIST) return depth < DEPTH_MAX ? listEnd(bytes, at, depth + 1) : BROKEN
  return wordEnd(bytes, at)
}

function objectEnd(bytes: Uint8Array, start: number, depth: number, scanner: JsonScanner | null): number {
  let at = skip(bytes, start + 1)
  if (bytes[at] === CLOSE_OBJECT) return at + 1
  for (;;) {
    const name = at
    const nameEnd = bytes[at] === QUOTE ? stringEnd(bytes, at) : BROKEN
    if (nameEnd === BROKEN) return BROKEN
    at = skip(bytes, nameEnd)
    if (bytes[at] !== COLON) return BROKEN
    const value = skip(bytes, at + 1)
    const end = valueEnd(bytes, value, depth)
    if (end === BROKEN) return BROKEN
    if (scanner !== null) scanner.keep(name, nameEnd, value, end)
    at = skip(bytes, end)
    if (bytes[at] === CLOSE_OBJECT) return at + 1
    if (bytes[at] !== COMMA) return BROKEN
    at = skip(bytes, at + 1)
  }
}

function listEnd(bytes: Uint8Array, start: number, depth: number): number {
  let at = skip(bytes, start + 1)
  if (bytes[at] === CLOSE_LIST) return at + 1
  for (;;) {
    at = valueEnd(bytes, at, depth)
    if (at === BROKEN) return BROKEN
    at = skip(bytes, at)
    if (bytes[at] === CLOSE_LIST) return at + 1
    if (bytes[at] !== COMMA) return BROKEN
    at = skip(bytes, at + 1)
  }
}

function stringEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1
  for (;;) {
    while (PLAIN[bytes[at]!] === 1) at++
    if (bytes[at] === QUOTE) return at + 1
    const width = escapeWidth(bytes, at)
    if (width === 0) return BROKEN
    at += width
  }
}

/** 0: there is no escape at `at`. */
function escapeWidth(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== BACKSLASH) return 0
  const escaped = bytes[at + 1]!
  if (escaped !== U) return ESCAPED[escaped] === 1 ? 2 : 0
  for (let i = at + 2; i < at + 6; i++) if (HEX[bytes[i]!] !== 1) return 0
  return 6
}

function numberEnd(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start
  at = bytes[at] === ZERO ? at + 1 : digitsEnd(bytes, at)
  if (at !== BROKEN && bytes[at] === DOT) at = digitsEnd(bytes, at + 1)
  if (at === BROKEN || (bytes[at]! | 32) !== E) return at
  at++
  if (bytes[at] === PLUS || bytes[at] === MINUS) at++
  return digitsEnd(bytes, at)
}

function digitsEnd(bytes: Uint8Array, start: number): number {
  let at = start
  while (DIGIT[bytes[at]!] === 1) at++
  return at > start ? at : BROKEN
}

function wordEnd(bytes: Uint8Array, start: number): number {
  for (const word of WORDS) {
    let i = 0
    while (i < word.length && bytes[start + i] === word[i]) i++
    if (i === word.length) return start + i
  }
  return BROKEN
}
