/** One context a certificate: kept while it does not change, and refused by name when it can't be had. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/base/faults.ts'
import type { KeyPair, ServerTls } from '../../src/contract/tls.ts'
import { makeLeaf } from '../../test/kit/certificates.ts'
import { buildContexts } from './contexts.ts'

const policy = {
  versionMin: 'TLSv1.2',
  versionMax: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256',
  prefersOwnOrder: false,
  resumes: true,
  sessionTimeoutMs: 60_000,
} as const

function serving(fallback: KeyPair, names: Record<string, KeyPair>, ticketKey = 1): ServerTls {
  const snis = Object.entries(names).map(([name, pair]) => [name, { id: 'some-id', pairs: [pair] }] as const)
  return {
    snis: new Map(snis),
    fallback: { id: '', pairs: [fallback] },
    asksForCertificates: false,
    ticketKeys: Buffer.alloc(48, ticketKey),
    policy,
  }
}

function keysOf(context: { context: { getTicketKeys(): Buffer } } | null): string {
  return context?.context.getTicketKeys().toString('hex') ?? ''
}

test('names of one certificate share a context, and a configuration that changes another one keeps it', async () => {
  const [one, two, three] = [
    await makeLeaf(null, { names: ['one'] }),
    await makeLeaf(null, { names: ['two'] }),
    await makeLeaf(null, { names: ['three'] }),
  ]
  const first = buildContexts(serving(one, { a: one, b: one, c: two }), null)
  assert.equal(first.names.find('a'), first.names.find('b'))
  assert.notEqual(first.names.find('a'), first.names.find('c'))
  const second = buildContexts(serving(one, { a: one, c: three }), first)
  assert.equal(second.names.find('a'), first.names.find('a'))
  assert.notEqual(second.names.find('c'), first.names.find('c'))
  assert.equal(second.names.find('b'), null)
})

test('tickets are under the same keys in all contexts, which hold what is served', async () => {
  const [one, two] = [await makeLeaf(null, { names: ['one'] }), await makeLeaf(null, { names: ['two'] })]
  const same = () => buildContexts(serving(one, { a: two }), null)
  const keys = keysOf(same().front)
  assert.equal(keysOf(same().front), keys)
  assert.equal(keysOf(same().names.find('a')), keys)
  assert.notEqual(keysOf(buildContexts(serving(one, { a: two }, 2), null).front), keys)
  assert.notEqual(keysOf(buildContexts(serving(one, { a: one }), null).front), keys)
  assert.notEqual(keysOf(buildContexts(serving(two, { a: two }), null).front), keys)
  const asking = { ...serving(one, { a: two }), asksForCertificates: true }
  assert.notEqual(keysOf(buildContexts(asking, null).front), keys)
})

test('a certificate that OpenSSL does not take is refused by its id and name, and never by its key', async () => {
  const [one, two] = [await makeLeaf(null, { names: ['one'] }), await makeLeaf(null, { names: ['two'] })]
  const bad = serving(one, { 'api.example.com': { cert: one.cert, key: two.key } })
  assert.throws(
    () => buildContexts(bad, null),
    (error) =>
      error instanceof GatewayError &&
      error.fault.code === 'CONFIG_INVALID' &&
      /certificate some-id \(sni api\.example\.com\): .*mismatch/.test(error.detail) &&
      !error.detail.includes('PRIVATE'),
  )
})
