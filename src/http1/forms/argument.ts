/**
 * argument — one argument of a query or of a form body, by its name, on the bytes as they came
 * (application/x-www-form-urlencoded, WHATWG URL §5).
 *
 * Names are compared decoded: `%61pikey` and `apikey` are one argument. What is no escape stands for itself.
 *
 * HOT     `find` runs once a request that may have its key in the query. No allocation.
 */
import { EQUALS, HEX, PERCENT, SP } from '../chars.ts'

const PLUS = 43
const AMPERSAND = 38

export class Argument {
  readonly #name: Uint8Array
  /** Where the first value lies, still encoded, once `find` has found one; start is -1 without an equals sign. */
  valueStart: number
  valueEnd: number

  constructor(name: string) {
    this.#name = Buffer.from(name)
    this.valueStart = -1
    this.valueEnd = -1
  }

  /** How often bytes [start, end), without a question mark, have the argument. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let count = 0
    for (let at = start; at < end; ) {
      const next = nextOf(bytes, at, end)
      const nameEnd = nameEndOf(bytes, at, next)
      if (this.#isNamed(bytes, at, nameEnd)) {
        if (count === 0) {
          this.valueStart = nameEnd === next ? -1 : nameEnd + 1
          this.valueEnd = next
        }
        count++
      }
      at = next + 1
    }
    return count
  }

  /**
   * Takes the argument out of bytes [start, end), wherever it stands, and answers where they end now. What stands
   * beside it stays as it came, empty parts between ampersands too.
   */
  remove(bytes: Uint8Array, start: number, end: number): number {
    let to = start
    let isFirst = true
    // One round more than there are ampersands: behind the last one is a part too, even an empty one.
    for (let at = start; at <= end; ) {
      const next = nextOf(bytes, at, end)
      if (!this.#isNamed(bytes, at, nameEndOf(bytes, at, next))) {
        if (!isFirst) bytes[to++] = AMPERSAND
        isFirst = false
        for (let i = at; i < next; i++) bytes[to++] = bytes[i]!
      }
      at = next + 1
    }
    return to
  }

  #isNamed(bytes: Uint8Array, start: number, end: number): boolean {
    const name = this.#name
    if (end - start < name.length) return false
    let at = start
    for (let i = 0; i < name.length; i++) {
      if (at >= end || decodedAt(bytes, at, end) !== name[i]) return false
      at += widthAt(bytes, at, end)
    }
    return at === end
  }
}

/** The value of bytes [start, end), decoded, in `into`: its length, or -1 where there is no room for it. */
export function decodeArgument(bytes: Uint8Array, start: number, end: number, into: Uint8Array): number {
  let to = 0
  for (let at = start; at < end; at += widthAt(bytes, at, end)) {
    if (to === into.length) return -1
    into[to++] = decodedAt(bytes, at, end)
  }
  return to
}

function nextOf(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] !== AMPERSAND) at++
  return at
}

function nameEndOf(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] !== EQUALS) at++
  return at
}

function isEscape(bytes: Uint8Array, at: number, end: number): boolean {
  return bytes[at] === PERCENT && at + 2 < end && HEX[bytes[at + 1]!]! !== 255 && HEX[bytes[at + 2]!]! !== 255
}

function widthAt(bytes: Uint8Array, at: number, end: number): number {
  return isEscape(bytes, at, end) ? 3 : 1
}

function decodedAt(bytes: Uint8Array, at: number, end: number): number {
  const byte = bytes[at]!
  if (byte === PLUS) return SP
  return isEscape(bytes, at, end) ? (HEX[bytes[at + 1]!]! << 4) | HEX[bytes[at + 2]!]! : byte
}
