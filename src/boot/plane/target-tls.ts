/** target-tls — what the environment says about TLS to targets: whom to trust, how long a chain may be, what to show. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Clock } from '../../base/clock.ts'
import { faults, GatewayError } from '../../base/faults.ts'
import type { Environment } from '../../config/env/env.ts'
import type { TargetTlsDefaults } from '../../contract/target.ts'
import type { KeyPair } from '../../contract/tls.ts'
import { TargetSockets } from '../../flow/transport/open-socket.ts'
import type { DataPlaneOptions } from './data-plane.ts'
import { readTrusted } from './trusted.ts'

/** Throws GatewayError ENVIRONMENT_INVALID. */
export function makeTargetSockets({ environment, log }: DataPlaneOptions, clock: Clock): TargetSockets {
  return new TargetSockets({
    trusted: readTrusted(environment.trustedCertificates),
    log: (level, message, fields) => log.operator(level, message, fields),
    now: () => clock.now(),
    wall: () => clock.wall(),
  })
}

/** Throws GatewayError ENVIRONMENT_INVALID. */
export function readTargetTls(environment: Environment): TargetTlsDefaults {
  return { verifyDepth: environment.sslVerifyDepth, certificate: readClientCertificate(environment) }
}

/** What the gateway shows to targets that ask for a certificate, where service and upstream name none; or null. */
export function readClientCertificate(environment: Environment): KeyPair | null {
  const { clientSsl, clientSslCert, clientSslCertKey } = environment
  if (!clientSsl) return null
  if (clientSslCert === '' || clientSslCertKey === '')
    throw wrong('CLIENT_SSL=on needs CLIENT_SSL_CERT and CLIENT_SSL_CERT_KEY')
  const cert = readPem('CLIENT_SSL_CERT', clientSslCert)
  const key = readPem('CLIENT_SSL_CERT_KEY', clientSslCertKey)
  const leaf = parse('CLIENT_SSL_CERT', clientSslCert, () => new X509Certificate(cert))
  const owned = parse('CLIENT_SSL_CERT_KEY', clientSslCertKey, () => createPrivateKey(key))
  if (!leaf.checkPrivateKey(owned))
    throw wrong(`CLIENT_SSL_CERT_KEY: ${clientSslCertKey} is not the key of ${clientSslCert}`)
  return { cert, key }
}

function readPem(name: string, path: string): string {
  return parse(name, path, () => readFileSync(path, 'utf8'))
}

function parse<T>(name: string, path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw wrong(`${name}: ${path} can't be read: ${cause instanceof Error ? cause.message : cause}`, cause)
  }
}

function wrong(detail: string, cause?: unknown): GatewayError {
  return new GatewayError(faults.ENVIRONMENT_INVALID, detail, cause)
}
