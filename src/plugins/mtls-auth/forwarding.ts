/**
 * forwarding — what a target is told of the client's certificate, and how a client's own such fields are taken out.
 *
 * A target that believes these fields would believe anybody, were they not taken out of every request: all names that
 * begin with X-Client-Cert or Client-Cert, also with underscores in place of dashes.
 *
 * HOT     `dropForwarded` runs once a request.
 */
import type { AddedField } from '../../http1/added-field.ts'
import { TOKEN } from '../../http1/chars.ts'
import { makeConstantField } from '../../http1/fields.ts'
import { DROPPED, type Head, STRIDE } from '../../http1/head.ts'
import { makeFieldValue } from '../../identity/identity-fields.ts'
import type { Certificate } from './certificate.ts'

const PREFIXES = ['x-client-cert', 'client-cert'] as const
const UNDERSCORE = 95
const DASH = 45

export function dropForwarded(head: Head): void {
  const spans = head.spans
  for (let row = 0; row < head.count; row++) {
    const at = row * STRIDE
    const start = spans[at]!
    const length = spans[at + 1]! - start
    for (let i = 0; i < PREFIXES.length; i++)
      if (length >= PREFIXES[i]!.length && isPrefix(PREFIXES[i]!, head.bytes, start)) spans[at + 4] = DROPPED
  }
}

function isPrefix(name: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i]!
    if ((byte === UNDERSCORE ? DASH : TOKEN[byte]) !== name.charCodeAt(i)) return false
  }
  return true
}

export interface Forwarding {
  readonly fields: boolean
  readonly clientCert: boolean
}

/** `sent`: DER, the client's own first, its chain behind it. */
export function makeForwardFields(
  leaf: Certificate,
  sent: readonly Uint8Array[],
  forwarding: Forwarding,
): AddedField[] {
  const fields: AddedField[] = []
  if (forwarding.fields) fields.push(...makeOwnFields(leaf))
  if (forwarding.clientCert) fields.push(...makeStandardFields(sent))
  return fields
}

function makeOwnFields(leaf: Certificate): AddedField[] {
  const { x509 } = leaf
  return [
    makeConstantField('X-Client-Cert', encodeURIComponent(x509.toString())),
    makeConstantField('X-Client-Cert-Subject', makeFieldValue(leaf.subject.text)),
    makeConstantField('X-Client-Cert-Issuer', makeFieldValue(leaf.issuer.text)),
    makeConstantField('X-Client-Cert-Serial', x509.serialNumber),
    makeConstantField('X-Client-Cert-Fingerprint', fingerprintOf(leaf)),
  ]
}

/** SHA-256 in hexadecimal. */
export function fingerprintOf(leaf: Certificate): string {
  return leaf.x509.fingerprint256.replaceAll(':', '').toLowerCase()
}

/** RFC 9440 §2: byte sequences of structured fields (RFC 8941 §3.3.5). */
function makeStandardFields(sent: readonly Uint8Array[]): AddedField[] {
  const [own, ...chain] = sent.map((der) => `:${Buffer.from(der).toString('base64')}:`)
  const fields = [makeConstantField('Client-Cert', own ?? '')]
  if (chain.length > 0) fields.push(makeConstantField('Client-Cert-Chain', chain.join(', ')))
  return fields
}

/** Kong's, where no consumer is looked for. */
export function makeNameFields(leaf: Certificate): AddedField[] {
  const fields = [makeConstantField('X-Client-Cert-DN', makeFieldValue(leaf.subject.text))]
  const names = leaf.altNames.join(',')
  if (names !== '') fields.push(makeConstantField('X-Client-Cert-SAN', makeFieldValue(names)))
  return fields
}
