/** Which fields HTTP/2 knows no more, since they spoke of one connection (RFC 9113 §8.2.2), and names by bytes. */

const CONNECTION = Buffer.from('connection')
const KEEP_ALIVE = Buffer.from('keep-alive')
const PROXY_CONNECTION = Buffer.from('proxy-connection')
const TRANSFER_ENCODING = Buffer.from('transfer-encoding')
const UPGRADE = Buffer.from('upgrade')

/** True when bytes [start, end) are exactly `word`. */
export function isWord(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word[i]) return false
  return true
}

/** Of a name in lower case. */
export function isOfConnection(bytes: Uint8Array, start: number, end: number): boolean {
  switch (end - start) {
    case 7:
      return isWord(bytes, start, end, UPGRADE)
    case 10:
      return isWord(bytes, start, end, CONNECTION) || isWord(bytes, start, end, KEEP_ALIVE)
    case 16:
      return isWord(bytes, start, end, PROXY_CONNECTION)
    case 17:
      return isWord(bytes, start, end, TRANSFER_ENCODING)
    default:
      return false
  }
}
