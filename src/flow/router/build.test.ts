/** Which route a request gets. The rules are Kong's; docs/router.md has them in full. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, makeAsking, makeRouteInput } from '../../../test/kit/routing.ts'
import { addField } from '../../http1/fields.ts'
import { buildRouter } from './build.ts'
import type { RouteMatch, RouterFlavor } from './route-input.ts'

test('a prefix is plain text: /foo takes /foobar and /foo/, and its case counts', () => {
  const ask = router({ foo: { paths: ['/foo'] } })
  assert.deepEqual(
    ['/foo', '/foobar', '/foo/', '/Foo', '/fo'].map((path) => ask({ path })),
    ['foo 4', 'foo 4', 'foo 4', null, null],
  )
})

test('the longer prefix wins, and the shorter one takes the rest', () => {
  const ask = router({
    root: { paths: ['/'] },
    api: { paths: ['/api'] },
    users: { paths: ['/api/users', '/u'] },
  })
  assert.deepEqual(
    ['/api/users/1', '/api/use', '/u', '/x'].map((path) => ask({ path })),
    ['users 10', 'api 4', 'users 2', 'root 1'],
  )
})

test('the path is matched in normal form', () => {
  const ask = router({ foo: { paths: ['/foo/'] }, b: { paths: ['/b'] }, spaced: { paths: ['/a%20b'] } })
  assert.equal(ask({ path: '/%66oo/' }), 'foo 5')
  assert.equal(ask({ path: '//foo//' }), 'foo 5')
  assert.equal(ask({ path: '/foo%2Fbar' }), null)
  assert.equal(ask({ path: '/a/../b' }), 'b 2')
  assert.equal(ask({ path: '/a%20b' }), 'spaced 4')
})

test('a query is no part of the path', () => {
  assert.equal(router({ foo: { paths: ['/foo'] } })({ path: '/fo?/foo' }), null)
})

test('hosts are matched without case, plain before wildcard', () => {
  const ask = router({ plain: { hosts: ['API.example.com'] }, wild: { hosts: ['*.example.com'] } })
  assert.equal(ask({ host: 'api.EXAMPLE.com' }), 'plain -1')
  assert.equal(ask({ host: 'a.b.example.COM' }), 'wild -1')
  assert.equal(ask({ host: 'example.com' }), null)
  assert.equal(ask({ host: null }), null)
})

test('a wildcard may stand left or right', () => {
  const ask = router({ right: { hosts: ['api.*'] } })
  assert.equal(ask({ host: 'api.test' }), 'right -1')
  assert.equal(ask({ host: 'xapi.test' }), null)
})

test('a host without port takes any port, one with a port that port, or the scheme’s when none is named', () => {
  const ask = router({
    bound: { hosts: ['a.com:80', 'b.com:443', '*.c.com:8080'] },
    free: { hosts: ['d.com'] },
  })
  assert.equal(ask({ host: 'a.com' }), 'bound -1')
  assert.equal(ask({ host: 'a.com', scheme: 'https' }), null)
  assert.equal(ask({ host: 'b.com', scheme: 'https' }), 'bound -1')
  assert.equal(ask({ host: 'a.com:8080' }), null)
  assert.equal(ask({ host: 'x.c.com:8080' }), 'bound -1')
  assert.equal(ask({ host: 'x.c.com' }), null)
  assert.equal(ask({ host: 'd.com:1234' }), 'free -1')
})

test('methods are matched with case', () => {
  const ask = router({ get: { methods: ['GET'] } })
  assert.equal(ask({ method: 'GET' }), 'get -1')
  assert.equal(ask({ method: 'get' }), null)
  assert.equal(ask({ method: 'PURGE' }), null)
})

test('a configuration may name more methods than there are bits in a word', () => {
  const routes: Record<string, Partial<RouteMatch>> = {}
  for (let i = 0; i < 40; i++)
    routes[`route${i}`] = { methods: [`M${'A'.repeat(i % 20)}${i < 20 ? '' : 'Z'}X`] }
  const ask = router(routes)
  for (const [id, { methods }] of Object.entries(routes))
    assert.equal(ask({ method: methods![0]! }), `${id} -1`)
  assert.equal(ask({ method: 'OTHER' }), null)
})

test('headers: any value of a name, all names, both without case', () => {
  const ask = router({ beta: { headers: { 'X-Stage': ['Beta', 'canary'], 'x-team': ['a'] } } })
  assert.equal(
    ask({
      headers: [
        ['x-stage', 'BETA'],
        ['X-Team', 'A'],
      ],
    }),
    'beta -1',
  )
  assert.equal(
    ask({
      headers: [
        ['x-stage', 'prod'],
        ['X-STAGE', 'Canary'],
        ['X-Team', 'a'],
      ],
    }),
    'beta -1',
  )
  assert.equal(ask({ headers: [['x-stage', 'beta']] }), null)
})

test('a header value ~*pattern is searched for in the lower-cased value', () => {
  const ask = router({ v2: { headers: { accept: ['~*v[2-9]'] } } })
  assert.equal(ask({ headers: [['Accept', 'application/vnd.x.V3+json']] }), 'v2 -1')
  assert.equal(ask({ headers: [['Accept', 'application/vnd.x.v1+json']] }), null)
})

test('a header set by a plugin before routing counts like one that was sent', () => {
  const found = build({ beta: { headers: { 'x-stage': ['beta'] } } })
  const x = makeAsking({})
  addField(x.request, 'X-Stage', 'Beta')
  assert.equal(found.find(x), true)
})

test('an SNI is asked for over TLS only, and a final dot is nothing', () => {
  const ask = router({ tls: { snis: ['a.com.', '*.b.com'], paths: ['/'] } })
  assert.equal(ask({ scheme: 'http' }), 'tls 1')
  assert.equal(ask({ scheme: 'https', sni: 'a.com' }), 'tls 1')
  assert.equal(ask({ scheme: 'https', sni: 'x.b.com' }), 'tls 1')
  assert.equal(ask({ scheme: 'https', sni: 'c.com' }), null)
  assert.equal(ask({ scheme: 'https' }), null)
})

test('a route for https only is found over http too: the answer to that comes later', () => {
  assert.equal(router({ tls: { paths: ['/'], protocols: ['https'] } })({ scheme: 'http' }), 'tls 1')
})

test('routes for streams are none of HTTP’s', () => {
  assert.equal(router({ tcp: { paths: ['/'], protocols: ['tcp'] } })({}), null)
})

test('a regex is anchored at its start only and wins over a longer prefix', () => {
  const ask = router({ regex: { paths: ['~/user/\\d+'] }, exact: { paths: ['/user/12/profile'] } })
  assert.equal(ask({ path: '/user/12/profile' }), 'regex 8')
  assert.equal(ask({ path: '/x/user/12' }), null)
})

test('between regexes regex_priority decides, then age, then id', () => {
  const ask = router({
    low: { paths: ['~/a.*'], regex_priority: 1 },
    high: { paths: ['~/a[b]'], regex_priority: 2 },
    old: { paths: ['~/c'], created_at: 1 },
    young: { paths: ['~/c'], created_at: 2 },
    zz: { paths: ['/z'] },
    za: { paths: ['/z'] },
  })
  assert.deepEqual(
    ['/ab', '/ac', '/c', '/z'].map((path) => ask({ path })),
    ['high 3', 'low 3', 'old 2', 'za 2'],
  )
})

test('groups of a regex are kept by number and by name, whichever way the name is written', () => {
  const found = build({
    a: { paths: ['~/a/(?<id>\\d+)(x)?'] },
    b: { paths: ['~/b/(?P<name>[a-z]+)'] },
    c: { paths: ['/c'] },
  })
  const x = makeAsking({ path: '/a/42/y' })
  assert.equal(found.find(x), true)
  assert.deepEqual(x.captures, { numbered: ['/a/42', '42', undefined], named: { id: '42' } })
  const y = makeAsking({ path: '/b/joe' })
  assert.equal(found.find(y), true)
  assert.deepEqual(y.captures?.named, { name: 'joe' })
  y.pathEnd = y.pathBytes.write('/c')
  assert.equal(found.find(y), true)
  assert.equal(y.captures, null)
})

test('a regex path is matched on UTF-8, and what it matched is counted in bytes', () => {
  const ask = router({ cafe: { paths: ['~/caf[éè]/.'] }, coded: { paths: ['~/%c3%bc+%2e'] } })
  assert.equal(ask({ path: '/caf%C3%A9/%C3%BCx' }), 'cafe 9')
  assert.equal(ask({ path: '/%C3%BC%C3%BC.' }), 'coded 6')
  assert.equal(ask({ path: '/%C3%BCx' }), null)
})

test('a bad pattern is refused with the route’s name', () => {
  assert.throws(
    () => build({ bad: { paths: ['~/a(?=b)'] } }),
    /route bad: invalid regex: '\/a\(\?=b\)' \(look-around/,
  )
})

test('an earlier request leaves nothing behind for one that has no route', () => {
  const found = build({ foo: { paths: ['/foo'] } })
  const x = makeAsking({ path: '/foo' })
  assert.equal(found.find(x), true)
  x.pathEnd = 2
  assert.equal(found.find(x), false)
  assert.deepEqual([x.route, x.matchedLength, x.captures], [null, -1, null])
})

test('more attributes win in both flavours', () => {
  for (const flavor of ['traditional_compatible', 'traditional'] as const) {
    const ask = router({ host: { hosts: ['a.com'] }, two: { paths: ['/'], methods: ['GET'] } }, flavor)
    assert.equal(ask({ host: 'a.com' }), 'two 1')
  }
})

const flavoured: [
  string,
  Record<string, Partial<RouteMatch>>,
  Asked,
  compatible: string,
  traditional: string,
][] = [
  [
    'a wildcard host loses against a path in one flavour and wins in the other',
    { wild: { hosts: ['*.a.com'] }, path: { paths: ['/x'] } },
    { host: 'b.a.com', path: '/x' },
    'path 2',
    'wild -1',
  ],
  [
    'a header wins over a wildcard host in one flavour only',
    { wild: { hosts: ['*.a.com'] }, header: { headers: { v: ['1'] } } },
    { host: 'b.a.com', headers: [['v', '1']] },
    'header -1',
    'wild -1',
  ],
  [
    'more header names win over a regex in one flavour, in the other too',
    {
      two: { headers: { a: ['1'], b: ['1'] }, paths: ['/'] },
      regex: { headers: { a: ['1'] }, paths: ['~/'] },
    },
    {
      headers: [
        ['a', '1'],
        ['b', '1'],
      ],
    },
    'two 1',
    'regex 1',
  ],
  [
    'an empty list of hosts counts as plain hosts in one flavour',
    { empty: { hosts: [], paths: ['/'] }, long: { paths: ['/long'] } },
    { path: '/long' },
    'empty 1',
    'long 5',
  ],
  [
    'of several values for a header, a pattern is one in one flavour only',
    { pattern: { headers: { v: ['~*^1', 'x'] } } },
    { headers: [['v', '1a']] },
    'pattern -1',
    'null',
  ],
  [
    'a wildcard host with port goes before a plain host in one flavour only',
    { plain: { hosts: ['b.a.com'] }, ported: { hosts: ['*.a.com:80'] } },
    { host: 'b.a.com' },
    'plain -1',
    'ported -1',
  ],
]

for (const [says, routes, asked, compatible, traditional] of flavoured) {
  test(`flavours: ${says}`, () => {
    assert.equal(String(router(routes, 'traditional_compatible')(asked)), compatible)
    assert.equal(String(router(routes, 'traditional')(asked)), traditional)
  })
}

test('many routes of one host and path are told apart by method, header and SNI', () => {
  const routes: Record<string, Partial<RouteMatch>> = { rest: { paths: ['/'] } }
  for (let i = 0; i < 60; i++) {
    routes[`m${i}`] = {
      paths: ['/'],
      methods: ['GET', `M${'ABCDEFGHIJ'[i % 10]}`],
      headers: { tenant: [`t${i}`] },
    }
    routes[`s${i}`] = { paths: ['/'], snis: [`s${i}.com`] }
  }
  const ask = router(routes)
  for (let i = 0; i < 60; i++) {
    assert.equal(ask({ headers: [['Tenant', `T${i}`]] }), `m${i} 1`)
    assert.equal(ask({ scheme: 'https', sni: `S${i}.com`, method: 'PUT' }), `s${i} 1`)
  }
  assert.equal(ask({ scheme: 'https', sni: 'none.com' }), 'rest 1')
  assert.equal(ask({ scheme: 'http', method: 'PUT' }), 's0 1')
  const x = makeAsking({ scheme: 'https' })
  addField(x.request, 'Tenant', 'T7')
  assert.equal(build(routes).find(x), true)
  assert.equal(x.route?.id, 'm7')
})

function build(routes: Record<string, Partial<RouteMatch>>, flavor: RouterFlavor = 'traditional_compatible') {
  return buildRouter(
    Object.entries(routes).map(([id, match]) => makeRouteInput({ id, ...match })),
    flavor,
  )
}

/** Asks for one request: 'id of the route, bytes matched', or null. */
function router(
  routes: Record<string, Partial<RouteMatch>>,
  flavor: RouterFlavor = 'traditional_compatible',
) {
  const built = build(routes, flavor)
  return (asked: Asked): string | null => {
    const x = makeAsking(asked)
    return built.find(x) ? `${x.route?.id} ${x.matchedLength}` : null
  }
}
