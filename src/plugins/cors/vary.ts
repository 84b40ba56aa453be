/**
 * vary — tells caches that an answer is for one origin (RFC 9110 §12.5.5), where the target has not told them already.
 *
 * HOT     Runs once a request of a route whose answers differ by origin. No allocation.
 */
import { findRow, makeConstantField } from '../../http1/fields.ts'
import { type Head, STRIDE } from '../../http1/head.ts'

const VARY_ORIGIN = makeConstantField('Vary', 'Origin')
/** Of a field that another plugin has added. */
const SAYS_SO = /(?:^|[\s,])(?:origin|\*)(?:$|[\s,])/i

const TAB = 9
const SPACE = 32
const STAR = 42
const COMMA = 44
const ORIGIN = Buffer.from('origin')
/** Makes a letter lower-case. */
const LOWER = 0x20

export function addVary(response: Head): void {
  for (let row = findRow(response, 'vary', 0); row >= 0; row = findRow(response, 'vary', row + 1)) {
    const at = row * STRIDE
    if (namesOrigin(response.bytes, response.spans[at + 2]!, response.spans[at + 3]!)) return
  }
  const added = response.added
  for (let i = 0; i < added.length; i++) {
    const field = added[i]!
    if (field === VARY_ORIGIN) return
    if (field.name.length === 4 && field.name.toLowerCase() === 'vary' && SAYS_SO.test(field.value)) return
  }
  added.push(VARY_ORIGIN)
}

function namesOrigin(bytes: Uint8Array, from: number, end: number): boolean {
  for (let start = from; start < end; ) {
    let stop = start
    while (stop < end && !isBetween(bytes[stop]!)) stop++
    if (stop - start === 1 && bytes[start] === STAR) return true
    if (isOrigin(bytes, start, stop)) return true
    start = stop + 1
  }
  return false
}

function isBetween(byte: number): boolean {
  return byte === COMMA || byte === SPACE || byte === TAB
}

function isOrigin(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== ORIGIN.length) return false
  for (let i = 0; i < ORIGIN.length; i++) if ((bytes[start + i]! | LOWER) !== ORIGIN[i]) return false
  return true
}
