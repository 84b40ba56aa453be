/** What a configuration's certificates come to at a listener. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeTlsPolicy, type TlsSettings } from '../env/tls-policy.ts'
import type { CertificateEntity, PluginEntity, SniEntity } from '../model.ts'
import { compileTls, type TlsParts } from './compile-tls.ts'

const settings: TlsSettings = {
  sslCipherSuite: 'intermediate',
  sslCiphers: '',
  sslProtocols: [],
  sslPreferServerCiphers: true,
  sslSessionTickets: true,
  sslSessionTimeoutMs: 1000,
}
const defaults = {
  pairs: [{ cert: 'default', key: 'default key' }],
  policy: makeTlsPolicy(settings),
  ticketKeys: new Uint8Array(48),
}
const entity = { tags: null, created_at: 0, updated_at: 0 }

function certificate(id: string, alt: string | null = null): CertificateEntity {
  return { ...entity, id, cert: `${id} cert`, key: `${id} key`, cert_alt: alt, key_alt: alt }
}

function sni(name: string, certificate: string): SniEntity {
  return { ...entity, id: name, name, certificate }
}

function plugin(name: string, enabled: boolean): PluginEntity {
  const bound = { route: null, service: null, consumer: null, consumer_group: null }
  return { ...entity, ...bound, id: name, name, enabled, instance_name: null, config: {}, protocols: [] }
}

const parts: TlsParts = {
  certificates: [certificate('one'), certificate('two', 'other')],
  snis: [sni('A.example.com', 'one'), sni('b.example.com.', 'two'), sni('*', 'one')],
  plugins: [],
}

test('names lead to their certificates in lower case, and a certificate may have two kinds of key', () => {
  const { snis, fallback } = compileTls(parts, new Map(), defaults)
  assert.deepEqual([...snis.keys()], ['a.example.com', 'b.example.com', '*'])
  assert.equal(snis.get('a.example.com'), snis.get('*'))
  assert.deepEqual(snis.get('b.example.com'), {
    id: 'two',
    pairs: [
      { cert: 'two cert', key: 'two key' },
      { cert: 'other', key: 'other' },
    ],
  })
  assert.deepEqual(fallback, { id: '', pairs: defaults.pairs })
})

test('clients are asked for certificates while a plugin that wants them is enabled', () => {
  const plugins = new Map([
    ['asks', { asksForCertificates: true }],
    ['does-not', {}],
  ])
  const asks = (entities: PluginEntity[]) =>
    compileTls({ ...parts, plugins: entities }, plugins, defaults).asksForCertificates
  assert.equal(asks([plugin('does-not', true), plugin('unknown', true)]), false)
  assert.equal(asks([plugin('asks', false)]), false)
  assert.equal(asks([plugin('does-not', true), plugin('asks', true)]), true)
})

test('the suites are Mozilla’s, and SSL_PROTOCOLS outranks their versions', () => {
  const policy = (changed: Partial<TlsSettings>) => makeTlsPolicy({ ...settings, ...changed })
  const versions = (changed: Partial<TlsSettings>) => {
    const { versionMin, versionMax } = policy(changed)
    return [versionMin, versionMax]
  }
  assert.deepEqual(versions({}), ['TLSv1.2', 'TLSv1.3'])
  assert.deepEqual(versions({ sslCipherSuite: 'modern' }), ['TLSv1.3', 'TLSv1.3'])
  assert.deepEqual(versions({ sslProtocols: ['TLSv1.3'] }), ['TLSv1.3', 'TLSv1.3'])
  assert.deepEqual(versions({ sslCipherSuite: 'old' }), ['TLSv1', 'TLSv1.3'])
  assert.match(policy({ sslCipherSuite: 'old' }).ciphers, /@SECLEVEL=0$/)
  assert.doesNotMatch(policy({}).ciphers, /CBC|SECLEVEL|-SHA$|-SHA:|DHE-RSA-AES128-SHA256/)
  assert.deepEqual(
    [policy({}), policy({ sslCipherSuite: 'custom', sslPreferServerCiphers: false })].map(
      ({ prefersOwnOrder }) => prefersOwnOrder,
    ),
    [true, false],
  )
  const custom = policy({ sslCipherSuite: 'custom', sslCiphers: 'ECDHE-RSA-AES128-GCM-SHA256' })
  assert.match(custom.ciphers, /^TLS_AES_128_GCM_SHA256:.*:ECDHE-RSA-AES128-GCM-SHA256$/)
  assert.equal(
    policy({ sslCipherSuite: 'custom', sslCiphers: 'TLS_AES_256_GCM_SHA384' }).ciphers,
    'TLS_AES_256_GCM_SHA384',
  )
})
