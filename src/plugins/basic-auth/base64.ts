/**
 * base64 — decodes base64 (RFC 4648 §4) in place of a Buffer's own decoder, which passes over what it doesn't know.
 *
 * HOT     Runs once a request with a name and a password. No allocation.
 */
const NONE = 255
const EQUALS = 61

const VALUES = new Uint8Array(256).fill(NONE)
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i

/**
 * Bytes [start, end) of `from` to the start of `to`; answers how many, or -1 for what is no base64 or has no room.
 * Padding may be left out, as Kong lets it.
 */
export function decodeBase64(from: Uint8Array, start: number, end: number, to: Uint8Array): number {
  let last = end
  if (((end - start) & 3) === 0)
    for (let i = 0; i < 2 && last > start && from[last - 1] === EQUALS; i++) last--
  const odd = (last - start) & 3
  const count = ((last - start) >> 2) * 3 + (odd === 0 ? 0 : odd - 1)
  if (odd === 1 || count > to.length) return -1
  let at = 0
  let word = 0
  let bits = 0
  for (let i = start; i < last; i++) {
    const value = VALUES[from[i]!]!
    if (value === NONE) return -1
    word = ((word << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    to[at++] = (word >> bits) & 255
  }
  return at
}
