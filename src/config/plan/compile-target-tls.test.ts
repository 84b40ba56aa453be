/** What services and upstreams say about TLS to targets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CaCertificateEntity, CertificateEntity, ServiceEntity, UpstreamEntity } from '../model.ts'
import { httpOf, TargetTlsCompiler } from './compile-target-tls.ts'

const entity = { tags: null, created_at: 0, updated_at: 0 }
const certificates: CertificateEntity[] = ['one', 'two'].map((id) => ({
  ...entity,
  id,
  cert: `${id} cert`,
  key: `${id} key`,
  cert_alt: null,
  key_alt: null,
}))
const ca_certificates: CaCertificateEntity[] = ['a', 'b'].map((id) => ({
  ...entity,
  id,
  cert: `${id} pem`,
  cert_digest: id,
}))
const compiler = new TargetTlsCompiler(
  { certificates, ca_certificates },
  { verifyDepth: 3, certificate: { cert: 'own cert', key: 'own key' } },
)

const QUIET = { protocol: 'https', tls_verify: null, tls_verify_depth: null, ca_certificates: null }

/** Of a service only what is read here. */
function service(fields: Partial<ServiceEntity> = {}): ServiceEntity {
  return { ...QUIET, client_certificate: null, http2: null, ...fields } as ServiceEntity
}

function upstream(client_certificate: string | null): UpstreamEntity {
  return { client_certificate } as UpstreamEntity // as above
}

test('the certificate shown is the service’s, else the upstream’s, else the gateway’s', () => {
  const shown = (own: string | null, other: string | null) =>
    compiler.compile(service({ client_certificate: own }), upstream(other))?.certificate?.cert
  assert.deepEqual(
    [shown('one', 'two'), shown(null, 'two'), shown(null, null)],
    ['one cert', 'two cert', 'own cert'],
  )
})

test('nothing is verified unless the service asks for it, and its own trust and depth count', () => {
  const bare = compiler.compile(service(), null)
  assert.deepEqual([bare?.verify, bare?.verifyDepth, bare?.trusted], [false, 3, null])
  const strict = { tls_verify: true, tls_verify_depth: 0, ca_certificates: ['B', 'a'] }
  const asked = compiler.compile(service(strict), null)
  assert.deepEqual([asked?.verify, asked?.verifyDepth, asked?.trusted], [true, 0, 'b pem\na pem'])
})

test('authorities that are not there trust nobody, which is not the same as trusting everybody', () => {
  assert.equal(compiler.compile(service({ ca_certificates: ['gone'] }), null)?.trusted, '')
})

test('in the clear there is nothing to say', () => {
  for (const protocol of ['http', 'grpc']) assert.equal(compiler.compile(service({ protocol }), null), null)
})

test('gRPC is HTTP/2, and other services speak it where they say so', () => {
  const spoken = (protocol: string, http2: ServiceEntity['http2'] = null) =>
    httpOf(service({ protocol, http2 }))
  assert.deepEqual(
    [spoken('http'), spoken('https'), spoken('http', 'prior_knowledge'), spoken('https', 'negotiate')],
    ['http/1.1', 'http/1.1', 'h2', 'alpn'],
  )
  assert.equal(spoken('grpc'), 'h2')
})
