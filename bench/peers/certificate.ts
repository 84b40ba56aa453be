/** The certificate that all gateways of a scenario show: it signs itself, with an ECDSA key on P-256. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeSelfSigned } from '../../src/boot/tls/make-self-signed.ts'

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
  /** Certificate and key in one file. */
  readonly both: string
}

/**
 * The one suite of TLS 1.3 that all peers have in common in their preferences; left to their defaults they choose
 * different ones of the client's list, whose costs differ.
 */
export const TLS_SUITE = 'TLS_AES_128_GCM_SHA256'

export function certificateFiles(directory: string): CertificateFiles {
  const path = (name: string): string => join(directory, `bench-certificate.${name}`)
  return { cert: path('crt'), key: path('key'), both: path('pem') }
}

export async function writeCertificate(directory: string): Promise<void> {
  const { cert, key } = await makeSelfSigned(Date.now())
  const files = certificateFiles(directory)
  writeFileSync(files.cert, cert)
  writeFileSync(files.key, key, { mode: 0o600 })
  writeFileSync(files.both, `${cert}${key}`, { mode: 0o600 })
}
