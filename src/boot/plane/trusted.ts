/** Who may sign the certificates of servers the gateway connects to (SSL_TRUSTED_CERTIFICATE). */
import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { faults, GatewayError } from '../../base/faults.ts'

/** Certificates in PEM; empty: those that Node trusts. Throws GatewayError ENVIRONMENT_INVALID. */
export function readTrusted(places: readonly string[]): string[] {
  if (places.every((place) => place === 'system')) return []
  return places.flatMap((place) => (place === 'system' ? [...rootCertificates] : [readPem(place)]))
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const detail = `SSL_TRUSTED_CERTIFICATE: ${path} can't be read`
    throw new GatewayError(faults.ENVIRONMENT_INVALID, detail, cause)
  }
}
