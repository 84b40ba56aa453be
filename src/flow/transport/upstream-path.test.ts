/** Which path a target is asked for: Kong's whole table, and what escapes and dots do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { upstreamPaths } from '../../../test/conformance/upstream-paths.ts'
import { FakeBalancer, FakeClient, makeRoute, makeService, readExchange } from '../../../test/kit/flow-rig.ts'
import { CidrSet } from '../../base/cidr.ts'
import { faults } from '../../base/faults.ts'
import { Outbox } from '../../base/outbox.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { Admission } from '../listener/admit.ts'
import { putUpstreamPath } from './upstream-path.ts'

interface Asked {
  readonly target: string
  /** '/' for none. */
  readonly base?: string | null
  /** '' for a route without paths. */
  readonly prefix?: string
  readonly strip?: boolean
  readonly handling?: number
  readonly method?: string
  readonly change?: (x: Exchange) => void
}

function ask(asked: Asked): string {
  const { target, base = null, prefix = '', strip = false, handling = 0, method = 'GET' } = asked
  const x = readExchange(`${method} ${target} HTTP/1.1\nHost: a\n`, new FakeClient())
  const admission = new Admission({ trusted: new CidrSet([]), realIpHeader: '', realIpRecursive: false })
  assert.equal(admission.admit(x), faults.NONE)
  x.matchedLength = prefix === '' ? -1 : prefix.length
  asked.change?.(x)
  const service = makeService(new FakeBalancer([]), { path: base })
  const out = new Outbox()
  putUpstreamPath(out, x, makeRoute(service, { stripPath: strip, pathHandling: handling }), service)
  return out.bytes.latin1Slice(0, out.used)
}

assert.equal(upstreamPaths.length, 53, "every row of Kong's table")
for (const [base = '', prefix = '', target = '', ...wanted] of upstreamPaths)
  test(`service path ${base}, route path ${prefix || '(none)'}, request ${target}`, () => {
    const got = [false, true].flatMap((strip) =>
      [0, 1].map((handling) => ask({ target, base, prefix, strip, handling })),
    )
    assert.deepEqual(got, wanted)
    const withQuery = ask({ target: `${target}?a=/../b?c%2fd`, base, prefix, strip: true })
    assert.equal(withQuery, `${wanted[2]}?a=/../b?c%2fd`, 'the query is untouched')
    if (base === '/') assert.equal(ask({ target, base: null, prefix, strip: true }), wanted[2])
  })

test('what was reserved stays encoded, in upper case; what was not is decoded, and encoded again where it must be', () => {
  assert.equal(ask({ target: '/foo%2fbar' }), '/foo%2Fbar')
  assert.equal(ask({ target: '/%66oo' }), '/foo')
  assert.equal(ask({ target: '/a%20b%0d%0ac' }), '/a%20b%0D%0Ac')
  assert.equal(ask({ target: '/caf%c3%a9' }), '/caf%C3%A9')
  assert.equal(ask({ target: '/p/a%20b', base: '/s', prefix: '/p', strip: true }), '/s/a%20b')
})

test('slashes are merged and dot segments taken out before anything else', () => {
  assert.equal(ask({ target: '//foo' }), '/foo')
  assert.equal(ask({ target: '/a/../b' }), '/b')
})

test('nothing that cutting a prefix leaves in front climbs out of the service’s path', () => {
  for (const target of ['/p..', '/p.', '/p../', '/p./', '/p../x', '/p%2e%2e/x', '/p..?q'])
    for (const handling of [0, 1]) {
      const path = ask({ target, base: '/s/', prefix: '/p', strip: true, handling }).split('?')[0]!
      assert.ok(path.startsWith('/s'), path)
      assert.equal(/(^|\/)\.\.?(\/|$)/.test(path), false, path)
    }
  assert.equal(
    ask({ target: '/p...', base: '/s', prefix: '/p', strip: true }),
    '/s/...',
    'three dots are a name',
  )
  assert.equal(ask({ target: '/p..x', base: '/s', prefix: '/p', strip: true }), '/s/..x')
})

test('OPTIONS * goes on as it is, whatever the service’s path', () => {
  for (const handling of [0, 1])
    for (const base of [null, '/', '/s', '/s/'])
      assert.equal(ask({ target: '*', method: 'OPTIONS', base, handling, strip: true }), '*')
})

test('a plugin’s path and query take the place of all', () => {
  const change = (x: Exchange): void => {
    x.upstreamUri = '/own?1'
  }
  assert.equal(ask({ target: '/a?b', base: '/s', change }), '/own?1')
})

test('a plugin’s query takes the place of what came, or leaves none, and the path stays', () => {
  const query =
    (text: string) =>
    (x: Exchange): void => {
      x.upstreamQuery = text
    }
  assert.equal(ask({ target: '/a?b', base: '/s', change: query('c=1') }), '/s/a?c=1')
  assert.equal(ask({ target: '/a?b', base: '/s', change: query('') }), '/s/a')
})
