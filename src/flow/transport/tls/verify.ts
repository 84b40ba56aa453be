/** verify — the rules for a target's certificate that OpenSSL leaves to us: how long its chain is, and its name. */
import { X509Certificate } from 'node:crypto'
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
  return Math.max(walk(leaf).length - 2, 0)
}

/** What the target has shown and who has issued it, leaf first. Not verified by anybody. */
export function chainOf(leaf: PeerCertificate): readonly X509Certificate[] {
  // The detailed form again.
  return walk(leaf as DetailedPeerCertificate).map(({ raw }) => new X509Certificate(raw))
}

function walk(leaf: DetailedPeerCertificate): readonly DetailedPeerCertificate[] {
  const found: DetailedPeerCertificate[] = []
  let at: DetailedPeerCertificate | undefined = leaf
  // Nobody's certificate has no bytes; a root is its own issuer.
  while (at?.raw !== undefined && !found.includes(at) && found.length < CHAIN_MAX) {
    found.push(at)
    at = at.issuerCertificate
  }
  return found
}
