/**
 * default-certificate — the certificate of a gateway that was given none: it signs itself, is made once and kept in
 * PREFIX/ssl, so that whoever has come to trust it need not do so again after each restart.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { faults, GatewayError } from '../../base/faults.ts'
import type { KeyPair } from '../../contract/tls.ts'

const DAY_MS = 86_400_000
/** Made anew when less of its time is left. */
const LEFT_MS = 30 * DAY_MS

/** Throws GatewayError ENVIRONMENT_INVALID when the folder can't be written. */
export async function openDefaultCertificate(prefix: string, nowMs: number): Promise<KeyPair> {
  const folder = join(prefix, 'ssl')
  const places = { cert: join(folder, 'default.crt'), key: join(folder, 'default.key') }
  const kept = readPair(places)
  if (kept !== null && isGood(kept, nowMs)) return kept
  // Loaded only here: most gateways have certificates of their own.
  const { makeSelfSigned } = await import('./make-self-signed.ts')
  const made = await makeSelfSigned(nowMs)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    write(places.key, made.key)
    write(places.cert, made.cert)
  } catch (cause) {
    const detail = `the default certificate can't be written to ${folder}: ${(cause as Error).message}; set SLUICE_SSL_CERT, or SLUICE_PREFIX`
    throw new GatewayError(faults.ENVIRONMENT_INVALID, detail, cause)
  }
  return made
}

function readPair(places: KeyPair): KeyPair | null {
  try {
    return { cert: readFileSync(places.cert, 'utf8'), key: readFileSync(places.key, 'utf8') }
  } catch {
    // Not there yet, or not ours to read: it is made, and writing it tells what is wrong.
    return null
  }
}

function isGood({ cert, key }: KeyPair, nowMs: number): boolean {
  try {
    const parsed = new X509Certificate(cert)
    return parsed.checkPrivateKey(createPrivateKey(key)) && Date.parse(parsed.validTo) - nowMs > LEFT_MS
  } catch {
    // Half a file, or none of ours: made anew.
    return false
  }
}

/** Whole or not at all, and never readable by others. */
function write(path: string, pem: string): void {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, pem, { mode: 0o600 })
  renameSync(draft, path)
}
