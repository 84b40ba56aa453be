/** What is kept of TLS to targets: pools by name, contexts, sessions, and what operators are told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeOf } from '../../../../test/kit/balancer-rig.ts'
import { makeAuthority, makeLeaf } from '../../../../test/kit/certificates.ts'
import { FakeBalancer, makeRoute, makeService } from '../../../../test/kit/flow-rig.ts'
import type { Address, TargetPool, TargetTls } from '../../../contract/target.ts'
import { explainFailure } from './explain-failure.ts'
import { explainFirstBytes } from './first-bytes.ts'
import { NAMES_MAX, NamedPools } from './named-pools.ts'
import { poolKey, SecureContexts } from './secure-contexts.ts'
import { FULL_EVERY_MS, Sessions } from './sessions.ts'
import { TlsNews } from './tls-news.ts'

const TLS: TargetTls = {
  servername: 'own.test',
  verify: true,
  verifyDepth: 1,
  trusted: null,
  certificate: null,
}

function addressOf(tls: Partial<TargetTls> = {}): Address {
  return { ip: '10.0.0.1', port: 443, tls: { ...TLS, ...tls }, http: 'http/1.1' }
}

function makePools() {
  const said: string[] = []
  const open = (address: Address): TargetPool => {
    said.push(`open ${address.tls?.servername}`)
    return { address, open: 0, idle: 0 }
  }
  const leave = ({ address }: TargetPool) => said.push(`leave ${address.tls?.servername}`)
  return { said, pools: new NamedPools<TargetPool>({ open, leave }) }
}

/** Of a client that names `host`, on a route with preserve_host or without. */
function sendTo(host: string, preserveHost = true) {
  const x = exchangeOf(`GET / HTTP/1.1\nHost: ${host}\n`)
  x.hostStart = x.request.bytes.latin1Slice(0, 200).indexOf(host)
  x.hostEnd = x.hostStart + host.length
  x.route = makeRoute(makeService(new FakeBalancer([])), { preserveHost })
  return x
}

test('each name that goes on to a target has a pool, and the target’s own name has the target’s own', () => {
  const { said, pools } = makePools()
  const base: TargetPool = { address: addressOf(), open: 0, idle: 0 }
  const first = pools.find(sendTo('a.test'), base)
  assert.equal(pools.find(sendTo('A.TEST'), base), first)
  for (const same of ['own.test', '10.0.0.9', '[::1]', 'no name!'])
    assert.equal(pools.find(sendTo(same), base), base, same)
  assert.equal(pools.find(sendTo('a.test', false), base), base)
  const set = sendTo('a.test', false)
  set.upstreamHost = 'set.test:8443'
  assert.equal(pools.find(set, base).address.tls?.servername, 'set.test')
  pools.forget(base)
  assert.deepEqual(said, ['open a.test', 'open set.test', 'leave a.test', 'leave set.test'])
})

test('names that clients choose are bounded: the one used longest ago is left', () => {
  const { said, pools } = makePools()
  const base: TargetPool = { address: addressOf(), open: 0, idle: 0 }
  for (let i = 0; i < NAMES_MAX; i++) pools.find(sendTo(`n${i}.test`), base)
  pools.find(sendTo('n0.test'), base)
  pools.find(sendTo('more.test'), base)
  assert.deepEqual(
    said.filter((each) => each.startsWith('leave')),
    ['leave n1.test'],
  )
})

test('pools are the same for the same trust and certificate, and their key holds neither key nor certificate', () => {
  const certificate = { cert: 'CERT', key: 'SECRET' }
  const key = poolKey(addressOf({ certificate }))
  assert.equal(key, poolKey(addressOf({ certificate: { ...certificate } })))
  assert.doesNotMatch(key, /SECRET|CERT/)
  const others = [
    addressOf(),
    addressOf({ certificate: { ...certificate, key: 'OTHER' } }),
    addressOf({ certificate, verify: false }),
    addressOf({ certificate, verifyDepth: 2 }),
    addressOf({ certificate, trusted: '' }),
    addressOf({ certificate, servername: 'b' }),
    { ...addressOf({ certificate }), http: 'h2' as const },
    { ...addressOf({ certificate }), tls: null },
  ]
  assert.equal(new Set([key, ...others.map(poolKey)]).size, others.length + 1)
})

test('a context is made once for all that trust and show the same', async () => {
  const { cert } = await makeAuthority('Root')
  const contexts = new SecureContexts([])
  const first = contexts.get({ ...TLS, trusted: cert })
  assert.equal(contexts.get({ ...TLS, trusted: cert, servername: 'other' }), first)
  assert.notEqual(contexts.get(TLS), first)
})

test('a session serves until a whole handshake is due, however often short ones have renewed it', () => {
  const sessions = new Sessions()
  const address = addressOf()
  assert.equal(sessions.get(address, 0), null)
  sessions.keep(address, Buffer.from('one'), false, 0)
  sessions.keep(address, Buffer.from('two'), true, FULL_EVERY_MS)
  assert.equal(sessions.get(address, FULL_EVERY_MS)?.toString(), 'two')
  assert.equal(sessions.get(addressOf(), 0), null)
  assert.equal(sessions.get(address, FULL_EVERY_MS + 1), null)
  sessions.drop(address)
  sessions.keep(address, Buffer.from('late'), true, 0)
  assert.equal(sessions.get(address, 0), null)
})

test('failures of one target are told once a second, with their number', () => {
  const lines: unknown[] = []
  const news = new TlsNews((_level, _message, fields) => lines.push(fields))
  const address = addressOf()
  for (const nowMs of [0, 10, 999, 1000]) news.tell(address, 'what', 'why', nowMs)
  news.tell(addressOf(), 'what', 'another', 1000)
  const place = { address: '10.0.0.1:443', sni: 'own.test' }
  assert.deepEqual(lines, [
    { ...place, why: 'why', count: 1 },
    { ...place, why: 'why', count: 3 },
    { ...place, why: 'another', count: 1 },
  ])
})

test('of a chain that has expired, the certificate that has is named; nothing forges a line', async () => {
  const { X509Certificate } = await import('node:crypto')
  const leaf = new X509Certificate((await makeLeaf(null, { names: ['leaf.test'] })).cert)
  const old = new X509Certificate((await makeLeaf(null, { names: ['old.test'], days: -1 })).cert)
  const error = Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' })
  const why = explainFailure(addressOf(), { error, shown: [leaf, old], wallMs: Date.now() })
  assert.match(why, /^certificate CN=leaf\.test .* has expired: above it, certificate CN=old\.test/)
  const odd = explainFailure(addressOf(), { error: new Error('a\n{"b":1}'), shown: [], wallMs: 0 })
  assert.equal(odd, 'a {"b":1}')
})

test('a target that does not answer in HTTP/1.1 is told apart by its first bytes', () => {
  const clear = { ...addressOf(), tls: null }
  const said = (hex: string): string => explainFirstBytes(clear, Buffer.from(hex, 'hex'))
  assert.match(said('15030300020246'), /speaks TLS .*https\?/)
  assert.match(said('160303007a02'), /speaks TLS/)
  assert.match(said('000000040000000000'), /only HTTP\/2/)
  assert.match(explainFirstBytes(addressOf(), Buffer.from('000006040000000000', 'hex')), /only HTTP\/2/)
  for (const hex of ['', '15', '1504', '48545450', '0000000400000000', '000000040000000001'])
    assert.equal(said(hex), '')
})
