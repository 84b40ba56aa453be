/** One certificate: what OpenSSL makes of it, and what it says that OpenSSL has no question for. */
import { X509Certificate } from 'node:crypto'
import { BIT_STRING, BOOLEAN, INTEGER, readElement, readInside, readOid, SEQUENCE } from './der.ts'
import { type DistinguishedName, type Extension, readAltNames, readExtensions, readName } from './names.ts'

/** Bytes of one certificate: more than those of people and programs ever have. */
const BYTES_MAX = 16 * 1024

const KEY_USAGE = '2.5.29.15'
const ALT_NAME = '2.5.29.17'
const BASIC_CONSTRAINTS = '2.5.29.19'
const NAME_CONSTRAINTS = '2.5.29.30'
const POLICIES = '2.5.29.32'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const UNDERSTOOD = new Set([KEY_USAGE, ALT_NAME, BASIC_CONSTRAINTS, POLICIES, EXTENDED_KEY_USAGE])

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const ANY_USAGE = '2.5.29.37.0'
/** Bits of KeyUsage's first octet. */
const DIGITAL_SIGNATURE = 0x80
const KEY_AGREEMENT = 0x08

const EXTENSIONS_TAG = 0xa3
const VERSION_TAG = 0xa0

export class Certificate {
  readonly x509: X509Certificate
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  readonly altNames: readonly string[]
  /** Milliseconds since 1970. */
  readonly validFromMs: number
  readonly validToMs: number
  /** Authorities that may stand below it; Infinity without a limit. */
  readonly pathLength: number
  /** Of the algorithm it is signed with. */
  readonly signature: string
  readonly #extensions: ReadonlyMap<string, Extension>

  /** Throws for what is no certificate. */
  constructor(der: Uint8Array | string) {
    if (der.length > 2 * BYTES_MAX) throw new RangeError('larger than any certificate')
    this.x509 = new X509Certificate(der)
    const raw = this.x509.raw
    if (raw.length > BYTES_MAX) throw new RangeError('larger than any certificate')
    const [body, algorithm] = readInside(readElement(raw, 0), SEQUENCE)
    const fields = readInside(body, SEQUENCE)
    if (fields[0]?.tag === VERSION_TAG) fields.shift()
    // serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo and what may follow.
    this.issuer = readName(fields[2])
    this.subject = readName(fields[4])
    this.signature = readOid(readInside(algorithm, SEQUENCE)[0])
    this.#extensions = readExtensions(fields.find((field) => field.tag === EXTENSIONS_TAG))
    const altNames = this.#extensions.get(ALT_NAME)
    this.altNames = altNames === undefined ? [] : readAltNames(altNames.value)
    this.validFromMs = Date.parse(this.x509.validFrom)
    this.validToMs = Date.parse(this.x509.validTo)
    this.pathLength = readPathLength(this.#extensions.get(BASIC_CONSTRAINTS))
  }

  /** What it is called, its other names first. */
  get names(): string[] {
    const { commonName } = this.subject
    return commonName === '' ? [...this.altNames] : [...this.altNames, commonName]
  }

  get isSelfIssued(): boolean {
    return this.x509.checkIssued(this.x509)
  }

  /** Something it demands of who verifies it that nobody here understands; '' for nothing. */
  get demand(): string {
    // Names that an authority may not vouch for are its business even where it forgot to say so.
    if (this.#extensions.has(NAME_CONSTRAINTS)) return 'name constraints'
    for (const [oid, { isCritical }] of this.#extensions)
      if (isCritical && !UNDERSTOOD.has(oid)) return `the critical extension ${oid}`
    return ''
  }

  /** Clients may be authenticated with it, or with what it has signed. */
  get isForClients(): boolean {
    const usage = this.#extensions.get(EXTENDED_KEY_USAGE)
    if (usage === undefined) return true
    const usages = readInside(readElement(usage.value, 0), SEQUENCE).map(readOid)
    return usages.includes(CLIENT_AUTH) || usages.includes(ANY_USAGE)
  }

  /** Its key may sign a handshake. */
  get maySign(): boolean {
    const usage = this.#extensions.get(KEY_USAGE)
    if (usage === undefined) return true
    const { tag, bytes } = readElement(usage.value, 0)
    // The first octet counts the bits that are not used.
    return tag === BIT_STRING && ((bytes[1] ?? 0) & (DIGITAL_SIGNATURE | KEY_AGREEMENT)) !== 0
  }
}

function readPathLength(extension: Extension | undefined): number {
  if (extension === undefined) return Number.POSITIVE_INFINITY
  const parts = readInside(readElement(extension.value, 0), SEQUENCE).filter(({ tag }) => tag !== BOOLEAN)
  const [length] = parts
  if (length === undefined) return Number.POSITIVE_INFINITY
  if (
    length.tag !== INTEGER ||
    length.bytes.length === 0 ||
    length.bytes.length > 4 ||
    length.bytes[0]! > 127
  )
    throw new RangeError('a broken path length')
  return length.bytes.readUIntBE(0, length.bytes.length)
}
