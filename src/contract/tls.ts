/**
 * tls — what a listener is told of the certificates it serves, and what it tells of a client's handshake.
 *
 * The control plane has checked all of it: PEM is readable, keys fit their certificates, names are in lower case.
 */

export interface KeyPair {
  /** PEM, the leaf first and its chain behind it. */
  readonly cert: string
  /** PEM, not encrypted. */
  readonly key: string
}

/** One pair, or two of different key types: the client's offer decides which is served. */
export interface ServerCertificate {
  /** The entity's id, for messages; '' for the default one. */
  readonly id: string
  readonly pairs: readonly KeyPair[]
}

/** How handshakes are made, whatever the certificate; from the environment. */
export interface TlsPolicy {
  readonly versionMin: TlsVersion
  readonly versionMax: TlsVersion
  /** OpenSSL's names, those of TLS 1.3 among them. */
  readonly ciphers: string
  /** The gateway's order of suites counts, and not the client's. */
  readonly prefersOwnOrder: boolean
  /** Clients may come back with a ticket and skip most of the handshake. */
  readonly resumes: boolean
  readonly sessionTimeoutMs: number
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

/** A configuration's certificates. A name is exact, `*.parent`, `name.*` or `*`, looked up in that order (as Kong). */
export interface ServerTls {
  readonly snis: ReadonlyMap<string, ServerCertificate>
  /** Serves whoever names nothing, or nothing known. */
  readonly fallback: ServerCertificate
  /** Clients are asked for a certificate; who has none is let in all the same, and plugins judge it. */
  readonly asksForCertificates: boolean
  /** 48 bytes, the same in all workers: who has a ticket of one worker resumes at another. */
  readonly ticketKeys: Uint8Array
  readonly policy: TlsPolicy
}

/** What a client's handshake came to. */
export interface ClientTls {
  /** 'TLSv1.3' or 'TLSv1.2'. */
  readonly protocol: string
  /** OpenSSL's name of the suite. */
  readonly cipher: string
  /** What the client sent, leaf first, in DER. Not verified by anybody; empty when it sent none. */
  readonly certificates: readonly Uint8Array[]
}
