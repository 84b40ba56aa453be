/** Text in the Huffman code of HPACK (RFC 7541 §5.2), for tests and benches: the gateway itself only reads it. */
import { CODES, LENGTHS } from '../../src/http2/hpack/huffman.ts'

export function huffmanText(text: Uint8Array): Buffer {
  const bytes: number[] = []
  let waiting = 0
  let bits = 0
  for (const symbol of text)
    for (let bit = LENGTHS[symbol]! - 1; bit >= 0; bit--) {
      waiting = ((waiting << 1) | ((CODES[symbol]! >>> bit) & 1)) & 0xff
      if (++bits % 8 === 0) bytes.push(waiting)
    }
  const rest = bits % 8
  if (rest > 0) bytes.push(((waiting << (8 - rest)) | (0xff >>> rest)) & 0xff)
  return Buffer.from(bytes)
}
