/**
 * chain — whether a client's certificate leads to an authority that is trusted (RFC 5280 §6, as far as clients go).
 *
 * Looked at: signatures, times, that each issuer is an authority and may sign certificates, path lengths, depth,
 * what keys may be used for, weak algorithms and keys. Not looked at: revocation, and policies. What demands more than
 * that, name constraints say, is refused.
 */
import { Certificate } from './certificate.ts'

/** What a client may send. */
const CERTIFICATES_MAX = 10
/** Signatures that are tried for one chain, so that no set of look-alikes keeps a worker busy. */
const SIGNATURES_MAX = 20
const RSA_BITS_MIN = 2048
/** MD2, MD5 and SHA-1 with RSA, SHA-1 with DSA and with ECDSA. */
const WEAK = new Set([
  '1.2.840.113549.1.1.2',
  '1.2.840.113549.1.1.4',
  '1.2.840.113549.1.1.5',
  '1.2.840.10040.4.3',
  '1.2.840.10045.4.1',
])

export interface Trust {
  readonly authorities: readonly Authority[]
  /** Certificates of authorities there may be between the client's and the trusted one. */
  readonly depth: number
  /** A trusted authority ends the chain although another has signed it. */
  readonly allowsPartial: boolean
}

export interface Authority {
  /** The entity's. */
  readonly id: string
  readonly certificate: Certificate
}

/** A chain that holds. */
export interface Verified {
  readonly leaf: Certificate
  /** Ids of the trusted authorities in it. */
  readonly authorityIds: readonly string[]
  /** When the first of its certificates comes to its end. */
  readonly validToMs: number
}

/** Answers why not, for the log, when it does not hold. `sent`: DER, the client's own first. */
export function verifyChain(sent: readonly Uint8Array[], trust: Trust, nowMs: number): Verified | string {
  if (sent.length > CERTIFICATES_MAX) return `more than ${CERTIFICATES_MAX} certificates were sent`
  try {
    const [leaf, ...others] = sent.map((der) => new Certificate(der))
    if (leaf === undefined) return 'no certificate was sent'
    if (!leaf.isForClients || !leaf.maySign) return 'it is not meant for clients'
    return new Search(others, trust, nowMs).from(leaf)
  } catch (error) {
    // OpenSSL reads some parts of a certificate only when they are asked for.
    return `a certificate can't be read: ${error instanceof Error ? error.message : String(error)}`
  }
}

interface Step {
  readonly certificate: Certificate
  /** '' where only the client vouches for it. */
  readonly authorityId: string
}

class Search {
  readonly #others: readonly Certificate[]
  readonly #trust: Trust
  readonly #nowMs: number
  #signatures = 0
  /** The last thing that was in the way. */
  #reason = 'no trusted authority has signed it'

  constructor(others: readonly Certificate[], trust: Trust, nowMs: number) {
    this.#others = others
    this.#trust = trust
    this.#nowMs = nowMs
  }

  from(leaf: Certificate): Verified | string {
    const flaw = this.#flawOf(leaf)
    if (flaw !== '') return flaw
    const path = this.#climb([{ certificate: leaf, authorityId: '' }])
    if (path === null) return this.#reason
    return {
      leaf,
      authorityIds: path.map((step) => step.authorityId).filter((id) => id !== ''),
      validToMs: Math.min(...path.map((step) => step.certificate.validToMs)),
    }
  }

  /** The path up to an authority that ends it, or null. */
  #climb(path: readonly Step[]): readonly Step[] | null {
    const below = path.at(-1)!.certificate
    for (const step of this.#issuersOf(below)) {
      if (step.authorityId === '' && path.some((each) => isSame(each, step))) continue
      if (!this.#mayHaveSigned(step.certificate, path)) continue
      const longer = [...path, step]
      if (this.#ends(step)) return longer
      const between = longer.length - 1
      if (between > this.#trust.depth)
        this.#reason = `the chain is longer than depth ${this.#trust.depth} allows`
      else {
        const whole = this.#climb(longer)
        if (whole !== null) return whole
      }
    }
    return null
  }

  /** Those of the right name, trusted ones first. */
  #issuersOf(below: Certificate): Step[] {
    const trusted = this.#trust.authorities.map(({ id, certificate }) => ({ certificate, authorityId: id }))
    const sent = this.#others.map((certificate) => ({ certificate, authorityId: '' }))
    return [...trusted, ...sent].filter(({ certificate }) => below.x509.checkIssued(certificate.x509))
  }

  #ends({ certificate, authorityId }: Step): boolean {
    return authorityId !== '' && (this.#trust.allowsPartial || certificate.isSelfIssued)
  }

  #mayHaveSigned(issuer: Certificate, path: readonly Step[]): boolean {
    const below = path.at(-1)!.certificate
    const flaw = this.#flawOf(issuer)
    if (flaw !== '') this.#reason = flaw
    else if (!issuer.x509.ca) this.#reason = `${issuer.subject.text} is no authority`
    else if (path.length - 1 > issuer.pathLength)
      this.#reason = `more authorities stand below ${issuer.subject.text} than it allows`
    else if (WEAK.has(below.signature)) this.#reason = `${below.subject.text} is signed weakly`
    else if (++this.#signatures > SIGNATURES_MAX)
      this.#reason = 'too many signatures would have to be looked at'
    else if (below.x509.verify(issuer.x509.publicKey)) return true
    else this.#reason = `it is not ${issuer.subject.text} that signed ${below.subject.text}`
    return false
  }

  /** What is wrong with one, whoever signed it; '' for nothing. */
  #flawOf(certificate: Certificate): string {
    const { subject, demand } = certificate
    if (!(certificate.validFromMs <= this.#nowMs)) return `${subject.text} is not valid yet`
    if (!(certificate.validToMs > this.#nowMs)) return `${subject.text} has expired`
    if (demand !== '') return `${subject.text} has ${demand}, which are not looked at here`
    if (!certificate.isForClients) return `${subject.text} does not vouch for clients`
    return isStrong(certificate) ? '' : `the key of ${subject.text} is too short`
  }
}

function isSame(one: Step, other: Step): boolean {
  return one.certificate.x509.raw.equals(other.certificate.x509.raw)
}

function isStrong(certificate: Certificate): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.x509.publicKey
  if (asymmetricKeyType !== 'rsa' && asymmetricKeyType !== 'rsa-pss') return asymmetricKeyType !== 'dsa'
  return (asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS_MIN
}
