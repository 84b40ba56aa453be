/** verify — the rules for a target's certificate that OpenSSL leaves to us: how long its chain is, and its name. */
import { checkServerIdentity, type DetailedPeerCertificate, type PeerCertificate } from 'node:tls'
import type { Address } from '../../../contract/target.ts'

/** More than any chain has; ends a walk that a broken chain would not. */
const CHAIN_MAX = 100

export class ChainTooLong extends Error {
  readonly code = 'CHAIN_TOO_LONG'
  readonly intermediates: number

  constructor(intermediates: number) {
    super('the chain is too long')
    this.intermediates = intermediates
  }
}

/** The name that a target's certificate has to be for. */
export function nameToVerify(address: Address): string {
  const servername = address.tls?.servername ?? ''
  return servername === '' ? address.ip : servername
}

/** For Node's `checkServerIdentity`, which is asked once the signatures hold. Undefined: the certificate is good. */
export function checkPeer(address: Address, certificate: PeerCertificate): Error | undefined {
  const depth = address.tls?.verifyDepth ?? -1
  // Node hands over the detailed form, with the issuers, and has it in no type.
  const intermediates = countIntermediates(certificate as DetailedPeerCertificate)
  if (depth >= 0 && intermediates > depth) return new ChainTooLong(intermediates)
  return checkServerIdentity(nameToVerify(address), certificate)
}

/** Between the leaf and the root, as OpenSSL counts. */
function countIntermediates(leaf: DetailedPeerCertificate): number {
  let above = 0
  let at = leaf
  while (isIssued(at) && above < CHAIN_MAX) {
    at = at.issuerCertificate
    above++
  }
  return Math.max(above - 1, 0)
}

/** A root is its own issuer. */
function isIssued(certificate: DetailedPeerCertificate): boolean {
  const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate
  return (
    issuer !== undefined && issuer !== certificate && issuer.fingerprint256 !== certificate.fingerprint256
  )
}
