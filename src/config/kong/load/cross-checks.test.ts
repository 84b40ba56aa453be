/** What only time or several entities together can get wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Value } from '../../../contract/schema.ts'
import { pathText } from '../../problems.ts'
import { loadKong } from './load-kong.ts'

/** Valid for a century from 2026. Neither key guards anything. */
const CERT = `-----BEGIN CERTIFICATE-----
MIIBhzCCAS6gAwIBAgIUHE+EH967/xE5CIxlYq30dW64zQkwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPYXBpLmV4YW1wbGUuY29tMCAXDTI2MTEyMjIyMDI1MFoYDzIx
MjYxMDI5MjIwMjUwWjAaMRgwFgYDVQQDDA9hcGkuZXhhbXBsZS5jb20wWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAQY7xW6WchG5rkppfcsRjjn61QSFc4REuuB9BI0
agZbV+AwSn0Rt4p7/jFMCaBnSvXu/PJF8f3awgquD0r7Ow53o1AwTjAdBgNVHQ4E
FgQURmZsiwWkinJQVHfMm3lcpSPZ2NEwHwYDVR0jBBgwFoAURmZsiwWkinJQVHfM
m3lcpSPZ2NEwDAYDVR0TAQH/BAIwADAKBggqhkjOPQQDAgNHADBEAiBbVUNSQM8r
EaHuhMm5+uFXoPt24EynWjRD0CF3eLrLSQIgcZyVZQiHZmU/BSfm56PuaiSSB1Qg
gRXOjWBeXjt14LI=
-----END CERTIFICATE-----`
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPIxl0lYQnW6HTjuI
W6rp90qVNoArlcPSwCw52fYNpjChRANCAAQY7xW6WchG5rkppfcsRjjn61QSFc4R
EuuB9BI0agZbV+AwSn0Rt4p7/jFMCaBnSvXu/PJF8f3awgquD0r7Ow53
-----END PRIVATE KEY-----`
const AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBijCCAS+gAwIBAgIUHBhb+ASn37Ts3t3Umnh+I+LJ0C4wCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOY2EuZXhhbXBsZS5jb20wIBcNMjYxMTIyMjIwMjUwWhgPMjEy
NjEwMjkyMjAyNTBaMBkxFzAVBgNVBAMMDmNhLmV4YW1wbGUuY29tMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEJfw6yObwmUfh6KvTwWoY5JVVrb5vUQwKqSTTJmIc
O8RTag1lzFp8uG23QQybHs2JRnyb0GtmJQFos47nvk3z3aNTMFEwHQYDVR0OBBYE
FIjGJIa5Jk958/n8XZ6mX5G2i3EDMB8GA1UdIwQYMBaAFIjGJIa5Jk958/n8XZ6m
X5G2i3EDMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAJuAQ0cL
23CygTlpZEXTSnP+3RlOR/UGc8aV4/8k8W8UAiEAukg91rHeGBD/EPINXh4y6As3
LI/6dmG9tVrNnIZcWIA=
-----END CERTIFICATE-----`
const NOW = 1_800_000_000
/** Of the first certificate in a file that gives it none. */
const FIRST = '56343482-6b28-5845-b051-62e43bba292b'
const ID = '00000000-0000-4000-8000-000000000001'
const IN_TWO_CENTURIES = NOW + 200 * 365 * 86_400

test('a certificate or an authority outside its time is refused, by what people know it by', () => {
  const said = 'certificate expired, "Not After" time is in the past'
  assert.deepEqual(findings({ certificates: [{ cert: CERT, key: KEY }] }, NOW), [])
  assert.deepEqual(findings({ ca_certificates: [{ cert: AUTHORITY }] }, NOW), [])
  assert.deepEqual(findings({ certificates: [{ cert: CERT, key: KEY }] }, IN_TWO_CENTURIES), [
    `error certificates[0].cert: ${said}: Oct 29 22:02:50 2126 GMT (certificate ${FIRST})`,
  ])
  const named = {
    certificates: [{ id: ID, cert: CERT, key: KEY, snis: [{ name: 'a.example.com' }] }],
    snis: ['b', 'c', 'd'].map((name) => ({ name: `${name}.example.com`, certificate: { id: ID } })),
  }
  assert.deepEqual(findings(named, 1_000_000_000), [
    'error certificates[0].cert: certificate is not valid yet, "Not Before" time is in the future: ' +
      `Nov 22 22:02:50 2026 GMT (certificate ${ID}, sni a.example.com, b.example.com, c.example.com and 1 more)`,
  ])
  assert.deepEqual(findings({ ca_certificates: [{ cert: AUTHORITY }] }, IN_TWO_CENTURIES), [
    `error ca_certificates[0].cert: ${said}`,
  ])
})

test('a ttl that no created_at ties down is warned of, since each reload begins it anew', () => {
  const of = (key: Record<string, string | number>) => ({
    consumers: [{ username: 'jo', keyauth_credentials: [{ key: 'k', ...key }] }],
  })
  assert.deepEqual(findings(of({ ttl: 60 }), NOW), [
    'warning consumers[0].keyauth_credentials[0].ttl: counts anew from each reload: the entity has no created_at',
  ])
  assert.deepEqual(findings(of({ ttl: 60, created_at: NOW }), NOW), [])
  assert.deepEqual(findings(of({ ttl: 0 }), NOW), [])
  assert.deepEqual(findings(of({}), NOW), [])
})

test('an authority that is not there, and HTTP/2 where it can not be agreed on, are refused', () => {
  const missing = '99999999-9999-4999-8999-999999999999'
  const said = findings(
    {
      services: [
        { name: 'a', host: 'a', protocol: 'https', tls_verify: true, ca_certificates: [missing] },
        { name: 'b', host: 'b', http2: 'negotiate' },
        { name: 'c', host: 'c', http2: 'prior_knowledge' },
      ],
    },
    0,
  )
  assert.deepEqual(
    said.filter((each) => /CA certificate|http2/.test(each)).map((each) => each.replace(/^.*?: /, '')),
    ["'http2: negotiate' needs protocol https", `no CA certificate has the id '${missing}'`],
  )
})

test("an authority's digest is that of its certificate, whatever the file says", () => {
  const document = { _format_version: '3.0', ca_certificates: [{ cert: AUTHORITY, cert_digest: 'x' }] }
  const { config } = loadKong(document, tools(NOW))
  assert.match(config?.ca_certificates[0]?.cert_digest ?? '', /^[0-9a-f]{64}$/)
})

test('a fallback is another upstream, and fallbacks never lead back', () => {
  const up = (name: string, fallback: string) => ({ name, fallback })
  assert.deepEqual(findings({ upstreams: [up('a', 'b'), up('b', 'c'), { name: 'c' }] }, NOW), [])
  assert.deepEqual(findings({ upstreams: [{ name: 'a' }, up('b', 'd')] }, NOW), [
    "error upstreams[1].fallback: no upstream has the name 'd'",
  ])
  assert.deepEqual(findings({ upstreams: [up('a', 'a')] }, NOW), [
    'error upstreams[0].fallback: fallbacks form a ring: a -> a',
  ])
  assert.deepEqual(findings({ upstreams: [up('x', 'a'), up('a', 'b'), up('b', 'a')] }, NOW), [
    'error upstreams[1].fallback: fallbacks form a ring: a -> b -> a',
    'error upstreams[2].fallback: fallbacks form a ring: b -> a -> b',
  ])
})

function findings(sections: Record<string, Value[]>, now: number): string[] {
  const { findings: found } = loadKong({ _format_version: '3.0', ...sections }, tools(now))
  return found.map((each) => `${each.level} ${pathText(each.path)}: ${each.message}`)
}

function tools(now: number) {
  return {
    environment: {},
    plugins: new Map(),
    now: () => now,
    random: (count: number) => new Uint8Array(count),
  }
}
