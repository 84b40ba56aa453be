/** Makes a certificate that signs itself, with an ECDSA key on P-256. */
import './reflect-metadata.ts'
import { randomBytes, webcrypto } from 'node:crypto'
import { hostname } from 'node:os'
import * as x509 from '@peculiar/x509'
import type { KeyPair } from '../../contract/tls.ts'

const DAY_MS = 86_400_000
const YEARS_MS = 10 * 365 * DAY_MS
const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

export async function makeSelfSigned(nowMs: number): Promise<KeyPair> {
  // Declared twice, once for browsers, whose types are not ours.
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0])
  // The overloads know one kind of key each.
  const keys = (await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const names = [...new Set(['localhost', hostname()])]
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: 'CN=localhost, O=Sluice',
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + YEARS_MS),
    keys,
    signingAlgorithm: EC,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([SERVER_AUTH]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
    ],
  })
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const body = der.replace(/.{64}/g, '$&\n').trimEnd()
  return {
    cert: `${cert.toString('pem')}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`,
  }
}
