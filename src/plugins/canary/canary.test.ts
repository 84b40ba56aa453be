/** Who is sent to the other upstream, and that who stays there stays there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeIdentities } from '../../../test/kit/auth-rig.ts'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { FakeBalancer, makeRoute, makeService } from '../../../test/kit/flow-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { type Handler, type Host, NEXT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import canary from './canary.ts'

const OTHER = { upstream_host: 'other' }

test('without a key requests are spread evenly, in any row of them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 400 }), (percentage, count) => {
      const handler = open({ ...OTHER, percentage, hash: 'none' })
      let sent = 0
      for (let i = 0; i < count; i++) if (isSent(handler, exchangeOf(GET))) sent++
      const due = (count * percentage) / 100
      assert.ok(Math.abs(sent - due) <= 5, `${sent} of ${count}, ${due} were due`)
      if (percentage === 0 || percentage === 100) assert.equal(sent, due)
    }),
  )
})

test('of many addresses the part is met within a few per cent', () => {
  const handler = open({ ...OTHER, percentage: 20, hash: 'ip' })
  let sent = 0
  for (let i = 0; i < 10_000; i++) if (isSent(handler, from(`10.0.${i >> 8}.${i & 255}`))) sent++
  assert.ok(sent > 1800 && sent < 2200, `${sent} of 10000`)
})

test('who is sent there at some per cent is sent there at every higher one', () => {
  const handlers = [1, 5, 20, 50, 99, 100].map((percentage) => open({ ...OTHER, percentage, hash: 'ip' }))
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const sent = handlers.map((handler) => isSent(handler, from(address)))
      assert.deepEqual(
        sent,
        sent.toSorted((one, other) => Number(one) - Number(other)),
      )
      assert.deepEqual(
        sent,
        handlers.map((handler) => isSent(handler, from(address))),
      )
    }),
  )
})

test('a consumer is told apart wherever it asks from; nobody by the address', () => {
  const handler = open({ ...OTHER, percentage: 50 })
  const asks = (name: string, address: string) => {
    const x = from(address)
    x.consumer = IDENTITIES.consumer(name)
    return isSent(handler, x)
  }
  for (const name of ['jo', 'ed', 'guest'])
    for (let i = 0; i < 50; i++) assert.equal(asks(name, `10.0.0.${i}`), asks(name, '::1'))
  const addresses = Array.from({ length: 50 }, (_, i) => isSent(handler, from(`10.0.0.${i}`)))
  assert.ok(addresses.includes(true) && addresses.includes(false))
})

test('a header tells apart by its value, and without it every request is by itself', () => {
  const handler = open({ ...OTHER, percentage: 50, hash: 'header', hash_header: 'X-Tenant' })
  const asks = (tenant: string) => isSent(handler, exchangeOf(`${GET}x-tenant: ${tenant}\n`))
  for (let i = 0; i < 50; i++) assert.equal(asks(`t${i}`), asks(`t${i}`))
  const bare = Array.from({ length: 20 }, () => isSent(handler, exchangeOf(GET)))
  assert.ok(bare.includes(true) && bare.includes(false))
})

test('from its start on the part grows from nothing to all, in steps', () => {
  const clock = { ms: 0 }
  const config = { ...OTHER, start: 1000, duration: 100, steps: 10, hash: 'none' }
  const handler = open(config, { wall: () => clock.ms })
  const partAt = (seconds: number) => {
    clock.ms = seconds * 1000
    let sent = 0
    for (let i = 0; i < 1000; i++) if (isSent(handler, exchangeOf(GET))) sent++
    return Math.round(sent / 10)
  }
  assert.deepEqual([0, 1000, 1009, 1010, 1055, 1099, 1100, 9999].map(partAt), [0, 0, 0, 10, 50, 90, 100, 100])
})

test('the header decides before the cookie, the cookie before the rest', () => {
  const ways = { canary_by_header_name: 'X-Canary', canary_by_cookie_name: 'next.v' }
  const all = open({ ...OTHER, ...ways, percentage: 100 })
  const none = open({ ...OTHER, ...ways })
  const asks = (handler: Handler, lines: string) => isSent(handler, exchangeOf(`${GET}${lines}`))
  assert.equal(asks(none, ''), false)
  assert.equal(asks(none, 'X-Canary: always\n'), true)
  assert.equal(asks(none, 'X-Canary: yes\n'), false)
  assert.equal(asks(all, 'X-Canary: never\n'), false)
  assert.equal(asks(none, 'Cookie: a=b; next.v=always; c=d\n'), true)
  assert.equal(asks(none, 'Cookie: nextxv=always\n'), false)
  assert.equal(asks(none, 'Cookie: anext.v=always\n'), false)
  assert.equal(asks(none, 'Cookie: next.v=alwaysnot\n'), false)
  assert.equal(asks(all, 'Cookie: next.v=never\n'), false)
  assert.equal(asks(none, 'X-Canary: always\nCookie: next.v=never\n'), true)
})

test('groups of acl and consumer groups decide alone', () => {
  const allow = open({ ...OTHER, hash: 'allow', groups: ['beta', 'staff'] })
  const deny = open({ ...OTHER, hash: 'deny', groups: ['beta'] })
  const asks = (handler: Handler, name: string | null) => {
    const x = exchangeOf(GET)
    if (name !== null) x.consumer = IDENTITIES.consumer(name)
    return isSent(handler, x)
  }
  const people = ['jo', 'ed', null]
  assert.deepEqual(
    people.map((name) => asks(allow, name)),
    [true, false, false],
  )
  assert.deepEqual(
    people.map((name) => asks(deny, name)),
    [false, true, true],
  )
  const x = exchangeOf(GET)
  x.consumer = { id: 'c', username: 'c', customId: null, tags: [], groups: ['staff'], overrides: null }
  assert.equal(isSent(allow, x), true)
})

test('the path is changed with its query left, and changed back where the service gets the request after all', () => {
  const handler = open({ ...OTHER, percentage: 100, upstream_uri: '/v2/orders', upstream_fallback: true })
  const x = ready(exchangeOf('GET /a?b=1 HTTP/1.1\nHost: a\n'))
  x.upstreamUri = '/before'
  assert.equal(handler.onRequest?.(x), NEXT)
  assert.equal(x.upstreamUri, '/v2/orders?b=1')
  x.detour?.left(x)
  assert.equal(x.upstreamUri, '/before')
})

test('a query that another plugin has set goes along', () => {
  const handler = open({ ...OTHER, percentage: 100, upstream_uri: '/v2' })
  for (const [query, uri] of [
    ['c=2', '/v2?c=2'],
    ['', '/v2'],
  ] as const) {
    const x = ready(exchangeOf('GET /a?b=1 HTTP/1.1\nHost: a\n'))
    x.upstreamQuery = query
    handler.onRequest?.(x)
    assert.equal(x.upstreamUri, uri)
  }
})

test('a route without a service goes on', () => {
  const x = exchangeOf(GET)
  x.route = makeRoute(null)
  assert.equal(open({ ...OTHER, percentage: 100 }).onRequest?.(x), NEXT)
  assert.equal(x.detour, null)
})

for (const [config, path, message] of [
  [
    { percentage: 1 },
    '@entity',
    /^at least one of these fields must be non-empty: 'upstream_uri', 'upstream_host'/,
  ],
  [OTHER, '@entity', /^at least one of these fields must be non-empty: 'percentage', 'start'/],
  [{ ...OTHER, percentage: 101 }, 'percentage', /^value should be between 0 and 100$/],
  [{ ...OTHER, start: 1, duration: 0 }, 'duration', /^value must be greater than 0$/],
  [{ ...OTHER, start: 1, steps: 1 }, 'steps', /^value must be greater than 1$/],
  [{ ...OTHER, percentage: 1, hash: 'header' }, 'hash_header', /^required field missing$/],
  [{ ...OTHER, hash: 'allow' }, 'groups', /^required field missing$/],
  [{ ...OTHER, percentage: 1, hash: 'moon' }, 'hash', /^expected one of: consumer, ip/],
  [
    { upstream_port: 80, percentage: 1, upstream_fallback: true },
    'upstream_host',
    /^required field missing$/,
  ],
  [{ upstream_uri: 'a', percentage: 1 }, 'upstream_uri', /^should start with: \//],
  [{ upstream_host: 'a b', percentage: 1 }, 'upstream_host', /^not a valid host$/],
] as const) {
  test(`the configuration ${JSON.stringify(config)} is refused: ${message.source.slice(0, 40)}`, () => {
    const { findings } = validate(canary.schema, config as unknown as Value)
    const found = findings.map((finding) => [finding.path.join('.'), finding.message] as const)
    assert.ok(
      found.some(([where, what]) => where === path && message.test(what)),
      JSON.stringify(found),
    )
  })
}

// the rig

const GET = 'GET / HTTP/1.1\nHost: a\n'
const IDENTITIES = makeIdentities({ acls: [{ consumer: 'id-of-jo', group: 'beta' }] })
const SERVICE = makeService(new FakeBalancer([]))

function open(config: object, host: Partial<Host> = {}): Handler {
  const { value, findings } = validate(canary.schema, config as Value)
  assert.deepEqual(findings, [])
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  const detours = () => new Map([[SERVICE.id, new FakeBalancer([])]])
  return canary.build(value as never, makeHost({ identities: IDENTITIES, detours, ...host }), scope)
}

function ready(x: Exchange): Exchange {
  x.route = makeRoute(SERVICE)
  return x
}

function from(address: string): Exchange {
  const x = exchangeOf(GET)
  x.clientAddress = address
  return x
}

function isSent(handler: Handler, x: Exchange): boolean {
  assert.equal(handler.onRequest?.(ready(x)), NEXT)
  return x.detour !== null
}
