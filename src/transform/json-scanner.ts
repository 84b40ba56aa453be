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
const NINE = 57
const COLON = 58
const OPEN_LIST = 91
const BACKSLASH = 92
const CLOSE_LIST = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125
const U = 117

/** 1 for what a string may hold as it is. */
const PLAIN = new Uint8Array(256).fill(1, 32)
PLAIN[QUOTE] = 0
PLAIN[BACKSLASH] = 0

const SPACE = new Uint8Array(256)
for (const char of ' \t\r\n') SPACE[char.charCodeAt(0)] = 1
const ESCAPED = new Uint8Array(256)
for (const char of '"\\/bfnrt') ESCAPED[char.charCodeAt(0)] = 1
const HEX = new Uint8Array(256)
for (const char of '0123456789abcdefABCDEF') HEX[char.charCodeAt(0)] = 1

const WORDS = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')]

export class JsonScanner {
  /** MEMBER_STRIDE numbers a member of the outermost object. */
  members: Int32Array = new Int32Array(MEMBER_STRIDE * 32)
  count = 0
  /** Behind the bracket that opens the object. */
  start = 0
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** False: the bytes are no JSON, or no object. */
  read(): boolean {
    this.#skip()
    if (this.#bytes[this.#at] !== OPEN_OBJECT) return false
    this.start = this.#at + 1
    if (!this.#object(1)) return false
    this.#skip()
    return this.#at === this.#bytes.length
  }

  #skip(): void {
    while (SPACE[this.#bytes[this.#at]!] === 1) this.#at++
  }

  #value(depth: number): boolean {
    const byte = this.#bytes[this.#at]
    if (byte === QUOTE) return this.#string()
    if (byte === OPEN_OBJECT) return depth < DEPTH_MAX && this.#object(depth + 1)
    if (byte === OPEN_LIST) return depth < DEPTH_MAX && this.#list(depth + 1)
    if (byte === MINUS || isDigit(byte)) return this.#number()
    return this.#word()
  }

  #object(depth: number): boolean {
    const bytes = this.#bytes
    this.#at++
    this.#skip()
    if (bytes[this.#at] === CLOSE_OBJECT) return this.#isPast()
    for (;;) {
      const name = this.#at
      if (bytes[name] !== QUOTE || !this.#string()) return false
      const nameEnd = this.#at
      this.#skip()
      if (bytes[this.#at++] !== COLON) return false
      this.#skip()
      const value = this.#at
      if (!this.#value(depth)) return false
      if (depth === 1) this.#keep(name, nameEnd, value)
      this.#skip()
      if (bytes[this.#at] === CLOSE_OBJECT) return this.#isPast()
      if (bytes[this.#at++] !== COMMA) return false
      this.#skip()
    }
  }

  #list(depth: number): boolean {
    const bytes = this.#bytes
    this.#at++
    this.#skip()
    if (bytes[this.#at] === CLOSE_LIST) return this.#isPast()
    for (;;) {
      if (!this.#value(depth)) return false
      this.#skip()
      if (bytes[this.#at] === CLOSE_LIST) return this.#isPast()
      if (bytes[this.#at++] !== COMMA) return false
      this.#skip()
    }
  }

  #isPast(): boolean {
    this.#at++
    return true
  }

  #keep(name: number, nameEnd: number, value: number): void {
    const at = this.count * MEMBER_STRIDE
    if (at === this.members.length) {
      const grown = new Int32Array(at * 2)
      grown.set(this.members)
      this.members = grown
    }
    this.members[at] = name
    this.members[at + 1] = nameEnd
    this.members[at + 2] = value
    this.members[at + 3] = this.#at
    this.count++
  }

  #string(): boolean {
    const bytes = this.#bytes
    let at = this.#at + 1
    for (;;) {
      while (PLAIN[bytes[at]!] === 1) at++
      if (bytes[at] === QUOTE) break
      const width = this.#escapeWidth(at)
      if (width === 0) return false
      at += width
    }
    this.#at = at + 1
    return true
  }

  /** 0: there is no escape at `at`. */
  #escapeWidth(at: number): number {
    const bytes = this.#bytes
    if (bytes[at] !== BACKSLASH) return 0
    const escaped = bytes[at + 1]!
    if (escaped !== U) return ESCAPED[escaped] === 1 ? 2 : 0
    for (let i = at + 2; i < at + 6; i++) if (HEX[bytes[i]!] !== 1) return 0
    return 6
  }

  #number(): boolean {
    const bytes = this.#bytes
    if (bytes[this.#at] === MINUS) this.#at++
    if (bytes[this.#at] === ZERO) this.#at++
    else if (!this.#digits()) return false
    if (bytes[this.#at] === DOT) {
      this.#at++
      if (!this.#digits()) return false
    }
    if ((bytes[this.#at]! | 32) !== 101) return true
    this.#at++
    if (bytes[this.#at] === PLUS || bytes[this.#at] === MINUS) this.#at++
    return this.#digits()
  }

  #digits(): boolean {
    const from = this.#at
    while (isDigit(this.#bytes[this.#at])) this.#at++
    return this.#at > from
  }

  #word(): boolean {
    for (const word of WORDS) {
      let i = 0
      while (i < word.length && this.#bytes[this.#at + i] === word[i]) i++
      if (i < word.length) continue
      this.#at += i
      return true
    }
    return false
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}
