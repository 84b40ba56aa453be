/**
 * der — reads ASN.1 as certificates have it (X.690, DER): what one element is, and where it ends.
 *
 * Everything is bounded by the element around it; whatever is not DER throws RangeError.
 */

export const BOOLEAN = 1
export const INTEGER = 2
export const BIT_STRING = 3
export const OCTET_STRING = 4
export const OID = 6
export const SEQUENCE = 0x30
export const SET = 0x31

/** Elements side by side: more than any certificate needs. */
const CHILDREN_MAX = 256

export interface Element {
  /** The identifier octet: class, form and number. */
  readonly tag: number
  /** The element with its identifier and length. */
  readonly start: number
  /** What is in it. */
  readonly bytes: Buffer
  readonly end: number
}

/** The one element at `at`. */
export function readElement(bytes: Buffer, at: number): Element {
  const tag = bytes[at]
  const first = bytes[at + 1]
  // Numbers above 30 take several octets, and stand in no certificate.
  if (tag === undefined || first === undefined || (tag & 31) === 31) throw new RangeError('not DER')
  let from = at + 2
  let length = first
  if (first >= 128) {
    const octets = first & 127
    if (octets === 0 || octets > 3 || from + octets > bytes.length) throw new RangeError('not DER')
    length = bytes.readUIntBE(from, octets)
    from += octets
    if (length < 128 || length < 256 ** (octets - 1)) throw new RangeError('not DER')
  }
  const end = from + length
  if (end > bytes.length) throw new RangeError('not DER')
  return { tag, start: at, bytes: bytes.subarray(from, end), end }
}

/** The elements that make up `bytes`. */
export function readElements(bytes: Buffer): Element[] {
  const found: Element[] = []
  for (let at = 0; at < bytes.length; ) {
    const element = readElement(bytes, at)
    if (found.length === CHILDREN_MAX) throw new RangeError('too many elements')
    found.push(element)
    at = element.end
  }
  return found
}

/** The elements in one that must be of this kind. */
export function readInside(element: Element | undefined, tag: number): Element[] {
  if (element?.tag !== tag) throw new RangeError('not DER of the kind that is due')
  return readElements(element.bytes)
}

/** An object identifier in its dotted form. */
export function readOid(element: Element | undefined): string {
  if (element?.tag !== OID || element.bytes.length === 0) throw new RangeError('no object identifier')
  const numbers: number[] = []
  let value = 0
  for (const [i, byte] of element.bytes.entries()) {
    if (value === 0 && byte === 128) throw new RangeError('no object identifier')
    value = value * 128 + (byte & 127)
    if (value > Number.MAX_SAFE_INTEGER / 128) throw new RangeError('no object identifier')
    if (byte >= 128) {
      if (i === element.bytes.length - 1) throw new RangeError('no object identifier')
      continue
    }
    if (numbers.length === 0) {
      const top = Math.min(2, Math.floor(value / 40))
      numbers.push(top, value - 40 * top)
    } else numbers.push(value)
    value = 0
  }
  return numbers.join('.')
}
