/** explain-failure — why a handshake with a target failed, for the operator: which certificate, and which rule. */
import type { X509Certificate } from 'node:crypto'
import type { Address } from '../../../contract/target.ts'
import { ChainTooLong, nameToVerify } from './verify.ts'

export interface TlsFailure {
  readonly error: Error
  /** What the target has shown and is not believed, leaf first. */
  readonly shown: readonly X509Certificate[]
  /** Now, in milliseconds since 1970. */
  readonly wallMs: number
}

/** A target may put anything into its certificate. */
const TEXT_MAX = 200

export function explainFailure(address: Address, failure: TlsFailure): string {
  const [leaf] = failure.shown
  const code = codeOf(failure.error)
  const rule = ruleOf(address, failure, code)
  if (rule !== null) return `${leaf === undefined ? 'its certificate' : showCertificate(leaf)} ${rule}`
  return explainProtocol(code, failure.error.message)
}

/** What a certificate has broken; null: it is not about certificates. */
function ruleOf(address: Address, { error, shown, wallMs }: TlsFailure, code: string): string | null {
  if (error instanceof ChainTooLong) {
    const allowed = address.tls?.verifyDepth ?? 0
    return `has ${error.intermediates} intermediate certificates above it, and tls_verify_depth allows ${allowed}`
  }
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `has the wrong name: it is not for '${nameToVerify(address)}'`
    case 'CERT_HAS_EXPIRED':
      return `has expired${whose(shown, ({ validTo }) => Date.parse(validTo) < wallMs, 'validTo')}`
    case 'CERT_NOT_YET_VALID':
      return `is not valid yet${whose(shown, ({ validFrom }) => Date.parse(validFrom) > wallMs, 'validFrom')}`
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
    case 'CERT_SIGNATURE_FAILURE':
      return 'has a signature that is wrong'
    default:
      return null
  }
}

/** The first of them that the rule is about, and its date. */
function whose(
  shown: readonly X509Certificate[],
  isIt: (each: X509Certificate) => boolean,
  date: 'validFrom' | 'validTo',
): string {
  const at = shown.findIndex(isIt)
  const found = shown[at]
  if (found === undefined) return ''
  return at === 0 ? ` (${found[date]})` : `: above it, ${showCertificate(found)} (${found[date]})`
}

function explainProtocol(code: string, message: string): string {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return `the target does not speak TLS at this port: should the protocol of the service be http? (${code})`
  if (code.includes('ALERT'))
    return `the target has refused the handshake or the gateway's certificate (client_certificate): ${code}`
  if (code === 'ECONNRESET') return 'the target has closed the connection during the handshake'
  return code === '' ? plain(message) : `${code}: ${plain(message)}`
}

/** `certificate CN=a for DNS:a (serial 01, issued by CN=b)`. */
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
