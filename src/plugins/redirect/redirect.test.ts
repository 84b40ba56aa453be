/** Where redirect sends clients. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { validate } from '../../config/validate.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { getFields } from '../../http1/fields.ts'
import { normalizePath } from '../../http1/uri.ts'
import redirect from './redirect.ts'

test('the answer is 301, the place and the word redirecting', () => {
  const x = ask({ location: 'https://b/c?d#e' }, '/a?b=1')
  assert.deepEqual(getFields(x.response, 'location'), ['https://b/c?d#e'])
  assert.equal(x.status, 301)
  assert.equal(Buffer.from(x.answerBody).toString(), 'redirecting')
  assert.deepEqual(getFields(x.response, 'content-type'), [])
})

test('the status is the one that is configured', () => {
  assert.equal(ask({ location: 'https://b', status_code: 308 }, '/').status, 308)
})

for (const [location, asked, place] of [
  ['https://b', '/a?x=1', 'https://b/a?x=1'],
  ['https://b:99/old?y#z', '/a', 'https://b:99/a'],
  ['https://b?y', '/a?', 'https://b/a'],
  ['http://b/', '/a%20b%0d%0aX:%20y/%2F/%c3%a4?q=%20', 'http://b/a%20b%0D%0AX:%20y/%2F/%C3%A4?q=%20'],
  ['http://b', '//evil.example/a', 'http://b/evil.example/a'],
  ['http://b', '/a/../c', 'http://b/c'],
  ['http://b', '/', 'http://b/'],
] as const) {
  test(`with keep_incoming_path ${location} and ${asked} make ${place}`, () => {
    const x = ask({ location, keep_incoming_path: true }, asked)
    assert.deepEqual(getFields(x.response, 'location'), [place])
  })
}

test('nothing that was asked for breaks the answer or leaves the origin', () => {
  const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 30 })
  fc.assert(
    fc.property(bytes, (path) => {
      const x = exchangeOf('GET / HTTP/1.1\nHost: a\n')
      x.pathBytes = Buffer.from([47, ...path])
      x.pathStart = 0
      x.pathEnd = path.length + 1
      const [place = ''] = getFields(
        run({ location: 'https://b', keep_incoming_path: true }, x).response,
        'location',
      )
      assert.match(place, /^https:\/\/b\/[\x21-\x7e]*$/)
    }),
  )
})

for (const [config, path, message] of [
  [{}, 'location', /^required field missing$/],
  [{ location: 'nowhere' }, 'location', /^missing host in url$/],
  [{ location: '/path' }, 'location', /^missing host in url$/],
  [{ location: '//host/path' }, 'location', /^missing scheme in url$/],
  [{ location: 'https://b\r\nSet-Cookie: a' }, 'location', /control characters/],
  [{ location: 'https://b', status_code: 99 }, 'status_code', /^value should be between 100 and 599$/],
] as const) {
  test(`the configuration ${JSON.stringify(config)} is refused: ${message.source}`, () => {
    const { findings } = validate(redirect.schema, config as unknown as Value)
    assert.equal(findings[0]?.path.join('.'), path)
    assert.match(findings[0]?.message ?? '', message)
  })
}

// the rig

function run(config: object, x: Exchange): Exchange {
  const { value, findings } = validate(redirect.schema, config as Value)
  assert.deepEqual(findings, [])
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  assert.equal(redirect.build(value as never, makeHost(), scope).onRequest?.(x), DONE)
  return x
}

/** The path in its normal form, as an engine hands it over. */
function ask(config: object, target: string): Exchange {
  const x = exchangeOf(`GET ${target} HTTP/1.1\nHost: a\n`)
  const { bytes, pathStart, pathEnd } = x.request
  x.pathBytes = Buffer.alloc(pathEnd - pathStart + 1)
  x.pathStart = 0
  x.pathEnd = normalizePath(bytes, pathStart, pathEnd, x.pathBytes)
  return run(config, x)
}
