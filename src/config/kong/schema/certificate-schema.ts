/** Certificates, server names and certificates of authorities. */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { type EntityCheck, s, type Value } from '../../../contract/schema.ts'
import { type EntityDefinition, entityRecord, onText, type RawRecord, type Say } from './entity.ts'
import { sniRule } from './hosts.ts'

const PEM = { referenceable: true, custom: onText(certificateRule) }
const KEY = { referenceable: true, encrypted: true, custom: onText(keyRule) }

function certificateRule(pem: string): string | null {
  const parsed = parseCertificate(pem)
  return parsed instanceof X509Certificate ? null : `invalid certificate: ${parsed}`
}

function keyRule(pem: string): string | null {
  const parsed = parseKey(pem)
  return typeof parsed === 'string' ? `invalid key: ${parsed}` : null
}

/** Answers why not, when it is none. */
export function parseCertificate(pem: string): X509Certificate | string {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    return reason(error)
  }
}

function parseKey(pem: string): KeyObject | string {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    return reason(error)
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function matches(cert: string, key: string): EntityCheck {
  return {
    name: `${cert} matches ${key}`,
    fields: [cert, key],
    check: (record) => {
      const certificate = parseCertificate(String(record[cert] ?? ''))
      const privateKey = parseKey(String(record[key] ?? ''))
      // One that a vault had no value for has been said already.
      if (typeof certificate === 'string' || typeof privateKey === 'string') return null
      return certificate.checkPrivateKey(privateKey) ? null : 'certificate does not match key'
    },
  }
}

const bothOrNone: EntityCheck = {
  name: 'cert_alt and key_alt',
  fields: ['cert_alt', 'key_alt'],
  check: (record) =>
    (record['cert_alt'] === null) === (record['key_alt'] === null)
      ? null
      : "all or none of these fields must be set: 'cert_alt', 'key_alt'",
}

const otherKind: EntityCheck = {
  name: 'cert and cert_alt differ in kind',
  fields: ['cert', 'cert_alt'],
  check: (record) => {
    const first = keyKind(record['cert'])
    if (first === null || first !== keyKind(record['cert_alt'])) return null
    return (
      'certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), ' +
      'the provided certificates were both of the same type'
    )
  },
}

function keyKind(pem: Value | undefined): string | null {
  if (typeof pem !== 'string') return null
  const parsed = parseCertificate(pem)
  return typeof parsed === 'string' ? null : (parsed.publicKey.asymmetricKeyType ?? null)
}

export const certificates: EntityDefinition = {
  name: 'certificates',
  referenceKey: null,
  idFields: null,
  unique: [],
  schema: entityRecord(
    {
      cert: s.string({ ...PEM, required: true }),
      key: s.string({ ...KEY, required: true }),
      cert_alt: s.string(PEM),
      key_alt: s.string(KEY),
    },
    { entity_checks: [matches('cert', 'key'), matches('cert_alt', 'key_alt'), bothOrNone, otherKind] },
  ),
}

export const snis: EntityDefinition = {
  name: 'snis',
  referenceKey: 'name',
  idFields: ['name'],
  unique: [['name']],
  schema: entityRecord({
    name: s.string({ required: true, unique: true, custom: onText(sniNameRule) }),
    certificate: s.foreign('certificates', { required: true }),
  }),
}

/** `*` names the certificate for every name that has none. */
function sniNameRule(name: string): string | null {
  return name === '*' ? null : sniRule(name)
}

function authorityRule(pem: string): string | null {
  if ((pem.match(/-----BEGIN CERTIFICATE-----/g) ?? []).length > 1) {
    return 'please submit only one certificate at a time'
  }
  const parsed = parseCertificate(pem)
  if (typeof parsed === 'string') return `invalid certificate: ${parsed}`
  return parsed.ca
    ? null
    : 'certificate does not appear to be a CA because it is missing the "CA" basic constraint'
}

export const caCertificates: EntityDefinition = {
  name: 'ca_certificates',
  referenceKey: null,
  idFields: null,
  unique: [['cert_digest']],
  prepare: digest,
  schema: entityRecord({
    cert: s.string({ required: true, custom: onText(authorityRule) }),
    cert_digest: s.string({ unique: true }),
  }),
}

/** SHA-256 of the certificate's DER, always computed: what a file says of it is not believed. */
function digest(raw: RawRecord, _say: Say): void {
  const parsed = typeof raw['cert'] === 'string' ? parseCertificate(raw['cert']) : ''
  if (parsed instanceof X509Certificate) {
    raw['cert_digest'] = createHash('sha256').update(parsed.raw).digest('hex')
  }
}
