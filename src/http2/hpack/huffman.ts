/**
 * huffman — the fixed Huffman code of HPACK (RFC 7541 §5.2, Appendix B), read.
 *
 * WHAT    The code is canonical: shorter codes come first, equally long ones in the order of their symbols. So the 257
 *         lengths say all, and the codes and the decoder's table are computed from them when the module loads.
 *         The decoder eats a whole byte a step. It is in one of the 256 inner nodes of the code's tree; node and byte
 *         give the next node and up to two symbols, for no code is shorter than five bits.
 *
 *           step   bits 0–7 next node · 8–15 first symbol · 16–23 second symbol · 24–25 how many · 26 refused
 *
 *         Nothing is written in this code: it costs 220 ns more than plain text for the 31 bytes of an id, and saves 9.
 *
 * LIMITS  EOS in a string is refused, and so is padding that is longer than 7 bits or not all ones.
 *
 * HOT     Runs over every literal a client sends. No allocation; 256 KB of steps a worker, of which ASCII uses a tenth.
 */

const EOS = 256

/** Lengths of the codes of symbols 0 to 256, in bits. */
export const LENGTHS = Uint8Array.of(
  ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28],
  ...[28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  ...[6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6],
  ...[5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  ...[13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
  ...[7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5],
  ...[6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
  ...[20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23],
  ...[24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
  ...[22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23],
  ...[21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
  ...[26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25],
  ...[19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
  ...[20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23],
  ...[26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
  30,
)

const LENGTH_MAX = 30
export const CODES = makeCodes()

const REFUSED = 1 << 26
const STEPS = new Int32Array(256 * 256)
/** 1 for a node at which a string may end: the root, and up to 7 ones from it. */
const MAY_END = new Uint8Array(256)
fillSteps(growTree())

function makeCodes(): Uint32Array {
  const codes = new Uint32Array(EOS + 1)
  let code = 0
  for (let length = 1; length <= LENGTH_MAX; length++) {
    for (let symbol = 0; symbol <= EOS; symbol++) if (LENGTHS[symbol] === length) codes[symbol] = code++
    code *= 2
  }
  return codes
}

/** Both children of each inner node: another inner node, or -1 - symbol. The root is node 0. */
function growTree(): Int32Array {
  const children = new Int32Array(512)
  let nodes = 1
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let node = 0
    for (let bit = LENGTHS[symbol]! - 1; bit > 0; bit--) {
      const edge = node * 2 + ((CODES[symbol]! >>> bit) & 1)
      if (children[edge] === 0) children[edge] = nodes++
      node = children[edge]!
    }
    children[node * 2 + (CODES[symbol]! & 1)] = -1 - symbol
  }
  return children
}

function fillSteps(children: Int32Array): void {
  for (let i = 0; i < STEPS.length; i++) STEPS[i] = compileStep(children, i >>> 8, i & 255)
  for (let node = 0, ones = 0; ones <= 7; ones++, node = children[node * 2 + 1]!) MAY_END[node] = 1
}

function compileStep(children: Int32Array, from: number, byte: number): number {
  let node = from
  let symbols = 0
  let count = 0
  for (let bit = 7; bit >= 0; bit--) {
    node = children[node * 2 + ((byte >>> bit) & 1)]!
    if (node >= 0) continue
    const symbol = -1 - node
    if (symbol === EOS) return REFUSED
    symbols |= symbol << (8 * count++)
    node = 0
  }
  return node | (symbols << 8) | (count << 24)
}

/** How many bytes [start, end) can become at most. One more is written beyond what counts. */
export function huffmanDecodedMax(bytes: number): number {
  return Math.floor((bytes * 8) / 5) + 2
}

/** Writes the text of bytes [start, end) to `out` from `at`; answers where it ends there, or -1. */
export function decodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  let node = 0
  for (let i = start; i < end; i++) {
    const step = STEPS[(node << 8) | bytes[i]!]!
    if (step >= REFUSED) return -1
    out[at] = step >>> 8
    out[at + 1] = step >>> 16
    at += step >>> 24
    node = step & 255
  }
  return MAY_END[node] === 1 ? at : -1
}
