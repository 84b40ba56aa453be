/** What an operator's settings of TLS are taken for, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEnvironment } from './env-read.ts'

const MACHINE = { cores: 4, filesMax: 1_000_000, runtimeDir: '/run/sluice' }

function said(given: Record<string, string>): string[] {
  return readEnvironment(given, MACHINE).problems.map(
    ({ level, name, message }) => `${level} ${name}: ${message}`,
  )
}

test('Kong’s names and values of TLS are taken, and nothing is said about them', () => {
  const given = {
    KONG_SSL_CERT: '/a.crt,/b.crt',
    KONG_SSL_CERT_KEY: '/a.key, /b.key',
    KONG_SSL_CIPHER_SUITE: 'old',
    KONG_SSL_PROTOCOLS: 'TLSv1.3 TLSv1.2',
    KONG_SSL_PREFER_SERVER_CIPHERS: 'off',
    KONG_NGINX_HTTP_SSL_SESSION_TICKETS: 'off',
    KONG_SSL_SESSION_TIMEOUT: '1d',
    KONG_SSL_SESSION_CACHE_SIZE: '10m',
  }
  const { environment, problems } = readEnvironment(given, MACHINE)
  assert.deepEqual(problems, [])
  assert.deepEqual(environment.sslCertKey, ['/a.key', '/b.key'])
  assert.deepEqual(environment.sslProtocols, ['TLSv1.2', 'TLSv1.3'])
  assert.deepEqual([environment.sslSessionTickets, environment.sslSessionTimeoutMs], [false, 86_400_000])
})

test('what can’t be had is refused by its name', () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{ SLUICE_SSL_CIPHER_SUITE: 'fips' }, /SSL_CIPHER_SUITE: 'fips' needs an OpenSSL with a FIPS provider/],
    [{ SLUICE_SSL_CIPHER_SUITE: 'best' }, /not one of modern, intermediate, old, custom/],
    [{ SLUICE_SSL_CIPHER_SUITE: 'custom' }, /SSL_CIPHERS: is empty/],
    [{ SLUICE_SSL_PROTOCOLS: 'SSLv3 TLSv1.2' }, /'SSLv3' is not one of/],
    [{ SLUICE_SSL_PROTOCOLS: 'TLSv1.1 TLSv1.3' }, /leaves out a version in between/],
    [{ SLUICE_SSL_CERT: '/a.crt' }, /SSL_CERT: 1 files, and SSL_CERT_KEY has 0/],
    [{ SLUICE_SSL_CERT: '/a,/b,/c', SLUICE_SSL_CERT_KEY: '/a,/b,/c' }, /at most two files/],
  ]
  for (const [given, expected] of wrong) assert.match(said(given).join('\n'), expected)
})
