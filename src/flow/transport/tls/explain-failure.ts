/** explain-failure — why a handshake with a target failed, for the operator: which certificate, and which rule. */
import type { X509Certificate } from 'node:crypto'
import type { Address } from '../../../contract/target.ts'
import { ChainTooLong, nameToVerify } from './verify.ts'

export interface TlsFailure {
  readonly error: Error
  /** What the target has shown, or null. */
  readonly leaf: X509Certificate | null
  /** Now, in milliseconds since 1970. */
  readonly wallMs: number
}

const CHAIN_MAX = 100
/** A target may put anything into its certificate. */
const TEXT_MAX = 200

export function explainFailure(address: Address, failure: TlsFailure): string {
  const { error, leaf } = failure
  const code = codeOf(error)
  const rule = ruleOf(address, failure, code)
  if (rule !== null) return `${leaf === null ? 'its certificate' : showCertificate(leaf)} ${rule}`
  return explainProtocol(code, error.message)
}

/** What a certificate has broken; null: it is not about certificates. */
function ruleOf(address: Address, { error, leaf, wallMs }: TlsFailure, code: string): string | null {
  if (error instanceof ChainTooLong) {
    const allowed = address.tls?.verifyDepth ?? 0
    return `has ${error.intermediates} intermediate certificates above it, and tls_verify_depth allows ${allowed}`
  }
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `has the wrong name: it is not for '${nameToVerify(address)}'`
    case 'CERT_HAS_EXPIRED':
      return `has expired${whose(
        leaf,
        (each) => Date.parse(each.validTo) < wallMs,
        (each) => each.validTo,
      )}`
    case 'CERT_NOT_YET_VALID':
      return `is not valid yet${whose(
        leaf,
        (each) => Date.parse(each.validFrom) > wallMs,
        (each) => each.validFrom,
      )}`
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'is self-signed and not itself among the trusted ones'
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return 'leads to a root that is not trusted'
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return 'is signed by an unknown CA: not a trusted one, or the target does not send an intermediate certificate'
    case 'INVALID_PURPOSE':
      return 'is not meant for servers'
    case 'CERT_REVOKED':
      return 'is revoked'
    case 'CERT_SIGNATURE_FAILURE':
      return 'has a signature that is wrong'
    default:
      return null
  }
}

/** Of leaf and issuers the first that the rule is about, and its date. */
function whose(
  leaf: X509Certificate | null,
  isIt: (each: X509Certificate) => boolean,
  date: (each: X509Certificate) => string,
): string {
  let at = leaf ?? undefined
  for (let i = 0; at !== undefined && i < CHAIN_MAX; i++) {
    if (isIt(at)) return at === leaf ? ` (${date(at)})` : `: above it, ${showCertificate(at)} (${date(at)})`
    at = at.issuerCertificate
  }
  return ''
}

function explainProtocol(code: string, message: string): string {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return `the target does not speak TLS at this port: should the protocol of the service be http? (${code})`
  if (/ALERT/.test(code))
    return `the target has refused the handshake or the gateway's certificate (client_certificate): ${code}`
  if (code === 'ECONNRESET') return 'the target has closed the connection during the handshake'
  return code === '' ? plain(message) : `${code}: ${plain(message)}`
}

/** `certificate CN=a (serial 01, issued by CN=b)`. */
function showCertificate({ subject, issuer, serialNumber, subjectAltName }: X509Certificate): string {
  const names = subjectAltName === undefined ? '' : ` for ${subjectAltName}`
  return plain(
    `certificate ${subject || 'without subject'}${names} (serial ${serialNumber}, issued by ${issuer})`,
  )
}

/** On one line, without what could forge another. */
function plain(text: string): string {
  const line = text.replace(/[^\x20-\x7e]+/g, ' ')
  return line.length > TEXT_MAX ? `${line.slice(0, TEXT_MAX)}…` : line
}

export function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException // absent on errors that are not the system's
  return code ?? ''
}
