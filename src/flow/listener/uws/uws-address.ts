/** uws-address — the text of an address that came as 4 or 16 bytes, the same text as the other engine's. */

/** Mapped IPv4 as IPv4, IPv6 as RFC 5952 §4 wants it, 'unix:' for no bytes. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) return 'unix:'
  if (isMapped(bytes)) return bytes.subarray(12).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
  const [start, count] = longestZeros(groups)
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  return count < 2 ? text(0, 8) : `${text(0, start)}::${text(start + count, 8)}`
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes[10] === 255 && bytes[11] === 255 && bytes.subarray(0, 10).every((byte) => byte === 0)
}

/** Where the first longest run of zero groups starts, and its length. */
function longestZeros(groups: readonly number[]): [number, number] {
  let best: [number, number] = [0, 0]
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > best[1]) best = [i, end - i]
    i = Math.max(i, end - 1)
  }
  return best
}

/**
 * Most requests come from an address that has just been seen, so the last one is kept with its text.
 */
export class AddressReader {
  #bytes: Uint8Array = new Uint8Array(0)
  #text = 'unix:'

  read(buffer: ArrayBuffer): string {
    const bytes = new Uint8Array(buffer)
    if (!same(bytes, this.#bytes)) {
      this.#bytes = bytes.slice()
      this.#text = addressText(bytes)
    }
    return this.#text
  }
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}
