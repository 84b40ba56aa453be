/**
 * address-reader — the 128 bits of an address that is given as text.
 *
 * WHAT    Four int32 words, the first bits in `a`. An IPv4 address lies in ::ffff:0:0/96, so that `::ffff:10.0.0.1` and
 *         `10.0.0.1` are the same. Zone ids are ignored.
 *
 * HOT     `read` runs for each request whose address is looked up. No allocation.
 */
const DOT = 46
const ZERO = 48
const COLON = 58
const GROUPS = 8
/** What stands before an IPv4 address: the groups 0:0:0:0:0:ffff. */
const V4_GROUP = 0xffff

const NO_DIGIT = 255
/** What a byte is as a hexadecimal digit. */
const HEX = new Uint8Array(128).fill(NO_DIGIT)
for (let i = 0; i < 16; i++) {
  HEX[i.toString(16).charCodeAt(0)] = i
  HEX[i.toString(16).toUpperCase().charCodeAt(0)] = i
}

export class AddressReader {
  a: number
  b: number
  c: number
  d: number
  readonly #groups: Int32Array

  constructor() {
    this.a = 0
    this.b = 0
    this.c = 0
    this.d = 0
    this.#groups = new Int32Array(GROUPS)
  }

  get isV4(): boolean {
    return this.a === 0 && this.b === 0 && this.c === V4_GROUP
  }

  /** False when the text is no address; the words then mean nothing. */
  read(text: string): boolean {
    if (text.indexOf(':') >= 0) return this.#readV6(text)
    this.a = 0
    this.b = 0
    this.c = V4_GROUP
    return this.#readV4(text, 0, text.length)
  }

  /** Four numbers up to 255, without leading zeros, into `d`. */
  #readV4(text: string, start: number, end: number): boolean {
    let bits = 0
    let dots = 0
    let value = -1
    for (let i = start; i < end; i++) {
      const char = text.charCodeAt(i)
      if (char === DOT) {
        if (value < 0 || ++dots > 3) return false
        bits = (bits << 8) | value
        value = -1
      } else {
        const digit = char - ZERO
        if (digit < 0 || digit > 9 || value === 0) return false
        value = value < 0 ? digit : value * 10 + digit
        if (value > 255) return false
      }
    }
    if (value < 0 || dots !== 3) return false
    this.d = (bits << 8) | value
    return true
  }

  #readV6(text: string): boolean {
    const groups = this.#groups
    const zone = text.indexOf('%')
    const end = zone < 0 ? text.length : zone
    let count = 0
    /** How many groups stand before `::`; -1 without one. */
    let gap = -1
    let value = 0
    let digits = 0
    let at = 0
    if (text.charCodeAt(0) === COLON && text.charCodeAt(++at) !== COLON) return false
    for (; at < end; at++) {
      const char = text.charCodeAt(at)
      const digit = char < 128 ? HEX[char]! : NO_DIGIT
      if (digit !== NO_DIGIT) {
        value = (value << 4) | digit
        if (++digits > 4) return false
      } else if (char === COLON && digits === 0 && gap < 0) gap = count
      else if (char === COLON && digits > 0 && count < GROUPS) {
        groups[count++] = value
        value = 0
        digits = 0
      } else
        return char === DOT && this.#readEnd(text, at - digits, end, count) && this.#place(count + 2, gap)
    }
    // A colon alone at the end; two of them are a gap.
    if (digits === 0) return gap === count && this.#place(count, gap)
    if (count === GROUPS) return false
    groups[count] = value
    return this.#place(count + 1, gap)
  }

  /** An IPv4 address as the last two groups. */
  #readEnd(text: string, start: number, end: number, count: number): boolean {
    if (count > GROUPS - 2 || !this.#readV4(text, start, end)) return false
    this.#groups[count] = this.d >>> 16
    this.#groups[count + 1] = this.d & 0xffff
    return true
  }

  /** Spreads the groups over the words; `::` stands for at least one group. */
  #place(count: number, gap: number): boolean {
    const groups = this.#groups
    if (gap < 0 ? count !== GROUPS : count === GROUPS) return false
    if (gap >= 0) {
      const moved = count - gap
      for (let i = 1; i <= moved; i++) groups[GROUPS - i] = groups[count - i]!
      for (let i = gap; i < GROUPS - moved; i++) groups[i] = 0
    }
    this.a = (groups[0]! << 16) | groups[1]!
    this.b = (groups[2]! << 16) | groups[3]!
    this.c = (groups[4]! << 16) | groups[5]!
    this.d = (groups[6]! << 16) | groups[7]!
    return true
  }
}
