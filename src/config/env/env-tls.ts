/** The environment's rows for the certificates and handshakes of clients' connections. */
import { bytes, duration, type Kind, list, path, text, truth, Wrong } from './env-kinds.ts'
import { row } from './env-row.ts'
import { type CipherSuite, cipherSuites } from './tls-policy.ts'

const cipherSuite: Kind<CipherSuite> = {
  says: cipherSuites.map((name) => `\`${name}\``).join(', '),
  read(given) {
    const found = cipherSuites.find((name) => name === given)
    if (found !== undefined) return found
    if (given === 'fips')
      return new Wrong("'fips' needs an OpenSSL with a FIPS provider; Node brings its own")
    return new Wrong(`'${given}' is not one of ${cipherSuites.join(', ')}`)
  },
}

const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const

/** nginx's list, by spaces. Answers versions in their order; a list with a hole can't be had from OpenSSL's bounds. */
const versions: Kind<readonly (typeof VERSIONS)[number][]> = {
  says: 'versions by spaces: `TLSv1.2 TLSv1.3`',
  read(given) {
    const asked = given.split(/[\s,]+/).filter((word) => word !== '')
    const unknown = asked.find((word) => !VERSIONS.some((version) => version === word))
    if (unknown !== undefined) return new Wrong(`'${unknown}' is not one of ${VERSIONS.join(', ')}`)
    const found = VERSIONS.filter((version) => asked.includes(version))
    const isWhole = found.every(
      (v, i) => i === 0 || VERSIONS.indexOf(v) === VERSIONS.indexOf(found[i - 1]!) + 1,
    )
    return isWhole ? found : new Wrong(`'${given}' leaves out a version in between`)
  },
}

export const certificates = {
  sslCert: row(
    'SSL_CERT',
    list(path),
    '',
    'Files in PEM of the certificate for names that no SNI has: leaf first, its chain behind it. One file, or one for each kind of key (ECDSA, RSA). Empty: one that signs itself is made at the start and kept in `PREFIX/ssl`.',
  ),
  sslCertKey: row('SSL_CERT_KEY', list(path), '', 'Files in PEM of their keys, in the same order.'),
  sslCipherSuite: row(
    'SSL_CIPHER_SUITE',
    cipherSuite,
    'intermediate',
    "Mozilla's lists of suites and versions; `custom` takes SSL_CIPHERS.",
  ),
  sslCiphers: row(
    'SSL_CIPHERS',
    text,
    '',
    "OpenSSL's list of suites, with SSL_CIPHER_SUITE=custom; those of TLS 1.3 may stand among them.",
  ),
  sslProtocols: row(
    'SSL_PROTOCOLS NGINX_HTTP_SSL_PROTOCOLS',
    versions,
    '',
    'Versions of TLS that clients may speak. Empty: those of the suite, which are `TLSv1.2 TLSv1.3` for `intermediate` and `custom`.',
  ),
  sslPreferServerCiphers: row(
    'SSL_PREFER_SERVER_CIPHERS NGINX_HTTP_SSL_PREFER_SERVER_CIPHERS',
    truth,
    'on',
    "With SSL_CIPHER_SUITE=custom: our order of suites counts, not the client's. The other suites bring their own answer.",
  ),
  sslSessionTickets: row(
    'SSL_SESSION_TICKETS NGINX_HTTP_SSL_SESSION_TICKETS',
    truth,
    'on',
    'Clients may come back with a ticket and skip most of the handshake.',
  ),
  sslSessionTimeoutMs: row(
    'SSL_SESSION_TIMEOUT NGINX_HTTP_SSL_SESSION_TIMEOUT',
    duration('s'),
    '1d',
    'How long such a ticket holds, at most; keys of tickets change every 12 hours.',
  ),
  sslSessionCacheSize: row(
    'SSL_SESSION_CACHE_SIZE',
    bytes,
    '10m',
    'Read, and of no consequence: sessions are kept by clients, in tickets, and take no memory here.',
  ),
}
