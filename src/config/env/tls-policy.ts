/** tls-policy — what the environment's settings mean for handshakes. Suites: Mozilla's guidelines, version 5.7. */
import type { TlsPolicy, TlsVersion } from '../../contract/tls.ts'

export const cipherSuites = ['modern', 'intermediate', 'old', 'custom'] as const
export type CipherSuite = (typeof cipherSuites)[number]

/** The part of the environment that counts here. */
export interface TlsSettings {
  readonly sslCipherSuite: CipherSuite
  readonly sslCiphers: string
  readonly sslProtocols: readonly TlsVersion[]
  readonly sslPreferServerCiphers: boolean
  readonly sslSessionTickets: boolean
  readonly sslSessionTimeoutMs: number
}

const TLS13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

// Mozilla's DHE suites are left out: they need parameters of their own, and let a client make the gateway work.
const INTERMEDIATE = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
]

const OLD = [
  ...INTERMEDIATE,
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA256',
  'AES256-SHA256',
  'AES128-SHA',
  'AES256-SHA',
  'DES-CBC3-SHA',
]

interface Suite {
  readonly ciphers: readonly string[]
  readonly versions: readonly TlsVersion[]
  readonly prefersOwnOrder: boolean
}

// Mozilla leaves the choice to clients, for the sake of those without AES in hardware: who puts ChaCha20 first gets it
// all the same (contexts.ts). For the others AES-128 is the cheaper one, and many name AES-256 first.
const suites: Readonly<Record<Exclude<CipherSuite, 'custom'>, Suite>> = {
  modern: { ciphers: TLS13, versions: ['TLSv1.3'], prefersOwnOrder: true },
  intermediate: {
    ciphers: [...TLS13, ...INTERMEDIATE],
    versions: ['TLSv1.2', 'TLSv1.3'],
    prefersOwnOrder: true,
  },
  old: {
    ciphers: [...TLS13, ...OLD],
    versions: ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
    prefersOwnOrder: true,
  },
}

export function makeTlsPolicy(settings: TlsSettings): TlsPolicy {
  const suite = settings.sslCipherSuite === 'custom' ? customSuite(settings) : suites[settings.sslCipherSuite]
  const versions = settings.sslProtocols.length > 0 ? settings.sslProtocols : suite.versions
  // OpenSSL 3 forbids what came before 1.2 above its lowest level of security.
  const level = versions[0] === 'TLSv1' || versions[0] === 'TLSv1.1' ? ['@SECLEVEL=0'] : []
  return {
    versionMin: versions[0]!,
    versionMax: versions.at(-1)!,
    ciphers: [...suite.ciphers, ...level].join(':'),
    prefersOwnOrder: suite.prefersOwnOrder,
    resumes: settings.sslSessionTickets,
    sessionTimeoutMs: settings.sslSessionTimeoutMs,
  }
}

/** Whoever names no suite of TLS 1.3 means those of the versions before it. */
function customSuite(settings: TlsSettings): Suite {
  const named = settings.sslCiphers.split(':').filter((name) => name !== '')
  const own = named.some((name) => name.startsWith('TLS_'))
  return {
    ciphers: own ? named : [...TLS13, ...named],
    versions: ['TLSv1.2', 'TLSv1.3'],
    prefersOwnOrder: settings.sslPreferServerCiphers,
  }
}
