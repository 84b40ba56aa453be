/** The names in a certificate: distinguished names as text, and what its subject is called besides. */
import {
  type Element,
  OCTET_STRING,
  readElement,
  readElements,
  readInside,
  readOid,
  SEQUENCE,
  SET,
} from './der.ts'

/** RFC 4514 §3, and the usual ones beyond. */
const SHORT: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '1.2.840.113549.1.9.1': 'emailAddress',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
}
const COMMON_NAME = '2.5.4.3'

export interface DistinguishedName {
  /** As RFC 4514 writes it: the most specific part first. */
  readonly text: string
  /** The last common name, which is the most specific; '' without one. */
  readonly commonName: string
}

export function readName(name: Element | undefined): DistinguishedName {
  let commonName = ''
  const parts: string[] = []
  for (const relative of readInside(name, SEQUENCE)) {
    const pairs = readInside(relative, SET).map((pair) => {
      const [kind, value] = readInside(pair, SEQUENCE)
      const oid = readOid(kind)
      const text = readText(value)
      if (oid === COMMON_NAME && text !== null) commonName = text
      return showPair(oid, value, text)
    })
    parts.push(pairs.join('+'))
  }
  return { text: parts.reverse().join(','), commonName }
}

function showPair(oid: string, value: Element | undefined, text: string | null): string {
  const name = SHORT[oid]
  if (name === undefined || text === null) return `${name ?? oid}=#${value?.bytes.toString('hex') ?? ''}`
  return `${name}=${escapeValue(text)}`
}

/** RFC 4514 §2.4. */
function escapeValue(text: string): string {
  return text
    .replace(/[\\"+,;<>]/g, '\\$&')
    .replace(/[\x00-\x1f\x7f]/g, (char) => `\\${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
}

const UTF8 = 12
const LATIN_TYPES = [18, 19, 20, 22, 26]
const BMP = 30

/** Null for what is no text. */
function readText(value: Element | undefined): string | null {
  if (value === undefined) return null
  const { tag, bytes } = value
  if (tag === UTF8) return bytes.toString('utf8')
  if (LATIN_TYPES.includes(tag)) return bytes.latin1Slice(0, bytes.length)
  if (tag !== BMP || bytes.length % 2 !== 0) return null
  return Buffer.from(bytes).swap16().toString('utf16le')
}

/** Context tags of GeneralName (RFC 5280 §4.2.1.6). */
const EMAIL = 0x81
const DNS = 0x82
const URI = 0x86

/** Mail addresses, host names and URIs of a subjectAltName's value, in order. */
export function readAltNames(extension: Buffer): string[] {
  const names: string[] = []
  for (const { tag, bytes } of readInside(readElement(extension, 0), SEQUENCE))
    if (tag === EMAIL || tag === DNS || tag === URI) names.push(bytes.latin1Slice(0, bytes.length))
  return names
}

export interface Extension {
  readonly isCritical: boolean
  readonly value: Buffer
}

/** By object identifier. One that stands twice is refused (RFC 5280 §4.2). */
export function readExtensions(wrapped: Element | undefined): Map<string, Extension> {
  const found = new Map<string, Extension>()
  if (wrapped === undefined) return found
  for (const extension of readInside(readElements(wrapped.bytes)[0], SEQUENCE)) {
    const parts = readInside(extension, SEQUENCE)
    const oid = readOid(parts[0])
    const value = parts.at(-1)
    if (value?.tag !== OCTET_STRING || found.has(oid)) throw new RangeError('a broken extension')
    found.set(oid, { isCritical: parts.length === 3 && parts[1]!.bytes[0] !== 0, value: value.bytes })
  }
  return found
}
