/**
 * bearer — where in a field's value the token is that follows `Bearer` (RFC 6750 §2.1).
 *
 * HOT     Runs once a request. No allocation.
 */
import { HT, SP } from '../../http1/chars.ts'

const WORD = Buffer.from('earer')
const UPPER_B = 66
const LOWER_B = 98

/** `Bearer` or `bearer`, wherever it stands, as in Kong; `end` where none does. */
export function bearerStart(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at + WORD.length + 1 < end; at++) {
    if (bytes[at] !== UPPER_B && bytes[at] !== LOWER_B) continue
    let token = at + 1 + WORD.length
    if (!isSpace(bytes[token]!) || !isWord(bytes, at + 1)) continue
    while (token < end && isSpace(bytes[token]!)) token++
    return token
  }
  return end
}

function isWord(bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < WORD.length; i++) if (bytes[start + i] !== WORD[i]) return false
  return true
}

function isSpace(byte: number): boolean {
  return byte === SP || byte === HT
}
