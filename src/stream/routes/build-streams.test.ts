/** Which stream route a connection gets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StreamFacts } from '../../contract/stream.ts'
import { buildStreams } from './build-streams.ts'
import type { StreamFlavor, StreamMatch } from './stream-match.ts'

const FACTS: StreamFacts = {
  clientAddress: '10.1.2.3',
  clientPort: 40_000,
  localAddress: '10.0.0.1',
  localPort: 9000,
  isTls: false,
  sni: '',
}

type Attributes = Partial<Omit<StreamMatch, 'id'>>

/** Routes by name, the older one first; asks for a connection and answers the name of its route. */
function router(
  routes: Readonly<Record<string, Attributes>>,
  flavor: StreamFlavor = 'traditional_compatible',
) {
  const inputs = Object.entries(routes).map(([name, attributes], i) => ({
    route: { id: name, name, service: null, passesTls: false, steps: [], ends: [] },
    match: {
      id: name,
      created_at: i,
      protocols: ['tcp', 'tls'],
      snis: null,
      sources: null,
      destinations: null,
      ...attributes,
    },
  }))
  const built = buildStreams(inputs, flavor)
  return (facts: Partial<StreamFacts> = {}) => built.find({ ...FACTS, ...facts })?.name ?? null
}

const from = (ip: string | null, port: number | null = null) => ({ sources: [{ ip, port }] })
const to = (ip: string | null, port: number | null = null) => ({ destinations: [{ ip, port }] })
const named = (...snis: string[]) => ({ snis })

test('an address, a network and a port match what they say', () => {
  for (const [attributes, fits] of [
    [from('10.1.2.3'), true],
    [from('10.1.2.4'), false],
    [from('10.1.0.0/16'), true],
    [from('10.2.0.0/16'), false],
    [from(null, 40_000), true],
    [from('10.1.2.3', 40_001), false],
    [to('10.0.0.1', 9000), true],
    [to(null, 9001), false],
    [to('::ffff:10.0.0.1'), true],
    [
      {
        sources: [
          { ip: '1.1.1.1', port: null },
          { ip: '10.0.0.0/8', port: null },
        ],
      },
      true,
    ],
    [{ ...from('10.1.2.3'), ...to(null, 1) }, false],
  ] as const)
    assert.equal(router({ a: attributes })(), fits ? 'a' : null, JSON.stringify(attributes))
})

test('server names match in any case, wildcards at either end for any number of labels', () => {
  const ask = router({ exact: named('a.example'), suffix: named('*.example'), prefix: named('db.*') })
  const of = (sni: string) => ask({ isTls: true, sni })
  assert.equal(of('a.example'), 'exact')
  assert.equal(of('b.example'), 'suffix')
  assert.equal(of('c.b.example'), 'suffix')
  assert.equal(of('db.test'), 'prefix')
  assert.equal(of('db.a.test'), 'prefix')
  for (const sni of ['example', 'xdb.test', 'a.example.test', 'db', '']) assert.equal(of(sni), null, sni)
  assert.equal(router({ a: named('A.Example.') })({ isTls: true, sni: 'a.example' }), 'a')
})

test('without TLS a server name asks nothing, and a route of tls alone is not for it', () => {
  assert.equal(router({ a: { ...named('a.example'), ...from('10.0.0.0/8') } })(), 'a')
  assert.equal(router({ a: { ...from('10.0.0.0/8'), protocols: ['tls'] } })(), null)
  assert.equal(router({ a: { ...from('10.0.0.0/8'), protocols: ['tcp'] } })({ isTls: true }), null)
  assert.equal(
    router({ a: { ...named('x.y'), protocols: ['tls_passthrough'] } })({ isTls: true, sni: 'x.y' }),
    'a',
  )
})

test('source and destination come before a server name, and that before either alone', () => {
  const tls = { isTls: true, sni: 'a.example' }
  const ask = router({
    source: from('10.1.2.3'),
    name: named('a.example'),
    ends: { ...from('10.0.0.0/8'), ...to(null, 9000) },
  })
  assert.equal(ask(tls), 'ends')
  assert.equal(router({ source: from('10.1.2.3'), name: named('a.example') })(tls), 'name')
  const all = { ...named('a.example'), ...from('10.0.0.0/8'), ...to(null, 9000) }
  assert.equal(router({ ends: { ...from('10.1.2.3'), ...to(null, 9000) }, all })(tls), 'all')
})

test('of two sources an address comes before a port, that before a network, and sources before destinations', () => {
  assert.equal(router({ port: from(null, 40_000), address: from('10.1.2.3') })(), 'address')
  assert.equal(router({ network: from('10.1.2.0/24'), port: from(null, 40_000) })(), 'port')
  assert.equal(router({ address: from('10.1.2.3'), both: from('10.1.2.3', 40_000) })(), 'both')
  assert.equal(router({ destination: to('10.0.0.1', 9000), source: from('10.0.0.0/8') })(), 'source')
})

test('between equals the older one wins, and equal ages are told apart by their ids in every worker alike', () => {
  assert.equal(router({ b: from('10.1.2.3'), a: from('10.1.2.3') })(), 'b')
  const same = { ...from('10.1.2.3'), created_at: 1 }
  assert.equal(router({ b: same, a: same })(), 'a')
})

test('the traditional flavour counts attributes first, then names before sources before destinations', () => {
  const tls = { isTls: true, sni: 'a.example' }
  const ask = (routes: Readonly<Record<string, Attributes>>) => router(routes, 'traditional')(tls)
  assert.equal(ask({ one: named('a.example'), two: { ...from('10.0.0.0/8'), ...to(null, 9000) } }), 'two')
  assert.equal(ask({ source: from('10.1.2.3'), name: named('a.example') }), 'name')
  assert.equal(ask({ destination: to(null, 9000), source: from('10.0.0.0/8') }), 'source')
})

test('looking names up finds what asking every route in turn would', () => {
  const sni = fc.constantFrom('a.x', 'b.x', 'a.b.x', 'x', 'a.y', 'b', '')
  const name = fc.constantFrom('a.x', '*.x', 'a.*', '*.b.x', 'b.x', 'b.*', 'x')
  const attributes = fc.record({
    snis: fc.option(fc.uniqueArray(name, { minLength: 1, maxLength: 3 }), { nil: null }),
    sources: fc.option(fc.constant([{ ip: '10.0.0.0/8', port: null }]), { nil: null }),
    destinations: fc.option(fc.constantFrom([{ ip: null, port: 9000 }], [{ ip: null, port: 1 }]), {
      nil: null,
    }),
  })
  fc.assert(
    fc.property(fc.array(attributes, { minLength: 1, maxLength: 8 }), sni, (list, asked) => {
      const routes = Object.fromEntries(list.map((each, i) => [`r${i}`, each]))
      const facts = { isTls: true, sni: asked }
      const fitting = Object.entries(routes).filter(([key, each]) => router({ [key]: each })(facts) !== null)
      const best = router(routes)(facts)
      if (fitting.length === 0) return assert.equal(best, null)
      // Against any other that fits it wins when the two are alone.
      for (const [key] of fitting) {
        const pair = Object.entries(routes).filter(([each]) => each === key || each === best)
        assert.equal(router(Object.fromEntries(pair))(facts), best)
      }
    }),
    { numRuns: 300 },
  )
})
