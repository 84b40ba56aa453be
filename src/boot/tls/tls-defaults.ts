/** tls-defaults — what all configurations share of TLS: the certificate of last resort, the policy, the ticket keys. */
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { faults, GatewayError } from '../../base/faults.ts'
import type { Environment } from '../../config/env/env.ts'
import { makeTlsPolicy } from '../../config/env/tls-policy.ts'
import type { TlsDefaults } from '../../config/plan/compile-tls.ts'
import type { KeyPair } from '../../contract/tls.ts'
import { openDefaultCertificate } from './default-certificate.ts'

/** As OpenSSL takes them: name, HMAC key, AES key. */
const TICKET_KEY_BYTES = 48

export function makeTicketKeys(): Uint8Array {
  return randomBytes(TICKET_KEY_BYTES)
}

export function speaksTls(environment: Environment): boolean {
  return [...environment.proxyListen, ...environment.streamListen].some((address) => address.ssl)
}

/** Null where no address has `ssl`. Throws GatewayError ENVIRONMENT_INVALID, naming the file. */
export async function openTlsDefaults(environment: Environment, nowMs: number): Promise<TlsDefaults | null> {
  if (!speaksTls(environment)) return null
  const { sslCert, sslCertKey, prefix } = environment
  const pairs =
    sslCert.length === 0
      ? [await openDefaultCertificate(prefix, nowMs)]
      : sslCert.map((file, i) => readPair(file, sslCertKey[i]!))
  return { pairs, policy: makeTlsPolicy(environment), ticketKeys: makeTicketKeys() }
}

function readPair(certFile: string, keyFile: string): KeyPair {
  const cert = read('SSL_CERT', certFile)
  const key = read('SSL_CERT_KEY', keyFile)
  const certificate = parse('SSL_CERT', certFile, () => new X509Certificate(cert))
  const privateKey = parse('SSL_CERT_KEY', keyFile, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey))
    throw refusal(`SSL_CERT: ${certFile}: certificate does not match key (${keyFile})`)
  return { cert, key }
}

function read(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw refusal(`${name}: ${file} can't be read (${(cause as NodeJS.ErrnoException).code})`, cause)
  }
}

function parse<T>(name: string, file: string, make: () => T): T {
  try {
    return make()
  } catch (cause) {
    // Never the text of a key.
    throw refusal(`${name}: ${file} holds no PEM that can be read: ${(cause as Error).message}`, cause)
  }
}

function refusal(detail: string, cause?: unknown): GatewayError {
  return new GatewayError(faults.ENVIRONMENT_INVALID, detail, cause)
}
