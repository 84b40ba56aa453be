/** Sets of ASCII characters as numbers of 128 bits, one a character, as RE2 understands classes and escapes. Cold. */

export const ALL = (1n << 128n) - 1n
/** By character code. */
const BIT = Array.from({ length: 128 }, (_, code) => 1n << BigInt(code))
const DIGIT = range(48, 57)
const WORD = DIGIT | range(65, 90) | range(97, 122) | range(95, 95)
const SPACE = range(9, 10) | range(12, 13) | range(32, 32)
export const ANY = ALL & ~range(10, 10)

/** What `\d` and its like stand for. */
export const SHORT: Readonly<Record<string, bigint>> = {
  d: DIGIT,
  D: ALL & ~DIGIT,
  w: WORD,
  W: ALL & ~WORD,
  s: SPACE,
  S: ALL & ~SPACE,
}

function range(low: number, high: number): bigint {
  return (1n << BigInt(high + 1)) - (1n << BigInt(low))
}

export function single(char: string): bigint {
  return BIT[char.charCodeAt(0)]!
}

export function isSingle(mask: bigint): boolean {
  return (mask & (mask - 1n)) === 0n
}

/** Both cases of every letter. */
export function folded(mask: bigint): bigint {
  const upper = mask & range(65, 90)
  const lower = mask & range(97, 122)
  return mask | (upper << 32n) | (lower >> 32n)
}

/** The set as a class of escapes, so that no character can mean anything else. */
export function classOf(mask: bigint): string {
  const known = WRITTEN.get(mask)
  if (known !== undefined) return known
  let text = ''
  for (let code = 0; code < 128; code++) {
    const low = code
    while (code < 128 && (mask & BIT[code]!) !== 0n) code++
    if (code > low) text += code === low + 1 ? hex(low) : `${hex(low)}-${hex(code - 1)}`
  }
  return `[${text}]`
}

function hex(code: number): string {
  return `\\x${code.toString(16).padStart(2, '0')}`
}

const WRITTEN: ReadonlyMap<bigint, string> = new Map(BIT.map((bit, code) => [bit, hex(code)]))
