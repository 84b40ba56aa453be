/** What of a request is hashed, for every hash_on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeOf } from '../../../../../test/kit/balancer-rig.ts'
import { Outbox } from '../../../../base/outbox.ts'
import type { Exchange } from '../../../../contract/exchange.ts'
import { addField, getFields, removeField } from '../../../../http1/fields.ts'
import { CookieInput } from './hash-cookie.ts'
import {
  CaptureInput,
  ConsumerInput,
  type HashInput,
  HeaderInput,
  IpInput,
  NoInput,
  PathInput,
} from './hash-input.ts'
import { QueryInput } from './hash-query.ts'

test('the consumer is hashed, else the credential', () => {
  const x = exchangeOf()
  assert.equal(readInput(new ConsumerInput(), x), null)
  x.credentialId = 'credential'
  assert.equal(readInput(new ConsumerInput(), x), 'credential')
  x.consumer = { id: 'alice', username: null, customId: null, tags: [], groups: [], overrides: null }
  assert.equal(readInput(new ConsumerInput(), x), 'alice')
})

test('the address, the path and nothing are what they are', () => {
  assert.equal(readInput(new IpInput(), exchangeOf()), '192.0.2.1')
  assert.equal(readInput(new PathInput(), exchangeOf('GET /a/b?c=d HTTP/1.1\nHost: a\n')), '/a/b')
  assert.equal(readInput(new NoInput(), exchangeOf()), null)
})

test('a field is hashed whatever the case of its name, and joined when it comes twice', () => {
  const x = exchangeOf('GET / HTTP/1.1\nHost: a\nX-Key: one\nX-Keys: no\nx-key:  two\n')
  assert.equal(readInput(new HeaderInput('x-KEY'), x), 'one, two')
  assert.equal(readInput(new HeaderInput('x-other'), x), null)
  assert.equal(readInput(new HeaderInput('host'), x), 'a')
})

test('a field that a plugin removed or added counts as the target will see it', () => {
  const x = exchangeOf('GET / HTTP/1.1\nHost: a\nX-Key: one\n')
  removeField(x.request, 'x-key')
  assert.equal(readInput(new HeaderInput('x-key'), x), null)
  addField(x.request, 'X-Key', 'three')
  assert.equal(readInput(new HeaderInput('x-key'), x), 'three')
})

test('a group of the path is taken by its name or its number', () => {
  const x = exchangeOf()
  assert.equal(readInput(new CaptureInput('1'), x), null)
  x.captures = { numbered: ['/v/7', '7', undefined], named: { version: '7' } }
  assert.equal(readInput(new CaptureInput('1'), x), '7')
  assert.equal(readInput(new CaptureInput('version'), x), '7')
  assert.equal(readInput(new CaptureInput('2'), x), null)
  assert.equal(readInput(new CaptureInput('other'), x), null)
})

test('a query argument is decoded, and several values are sorted and joined', () => {
  const cases: [query: string, value: string | null][] = [
    ['', null],
    ['?', null],
    ['?key=a', 'a'],
    ['?key=', ''],
    ['?key', null],
    ['?keys=a&xkey=b', null],
    ['?a=1&key=b%20c+d&z', 'b c d'],
    ['?%6bey=a', 'a'],
    ['?key=%zz%4', '%zz%4'],
    ['?key=b&x=1&key=a&key=c', 'a,b,c'],
    ['?key=a=b', 'a=b'],
    ['?&&key=a&', 'a'],
  ]
  for (const [query, value] of cases)
    assert.equal(
      readInput(new QueryInput('key'), exchangeOf(`GET /p${query} HTTP/1.1\nHost: a\n`)),
      value,
      query,
    )
})

test('a cookie the client sends is hashed and none is set', () => {
  for (const line of [
    'sid=abc',
    'a=1; sid=abc',
    'xsid=no; sid=abc; b=2',
    'sidx=1;sid=abc',
    'a\nCookie: sid=abc',
  ]) {
    const x = exchangeOf(`GET / HTTP/1.1\nHost: a\nCookie: ${line}\n`)
    assert.equal(readInput(cookie(), x), 'abc', line)
    assert.deepEqual(getFields(x.response, 'set-cookie'), [])
  }
})

test('a client without the cookie is given one, and a retry goes by the same', () => {
  const x = exchangeOf('GET / HTTP/1.1\nHost: a\nCookie: other=1; sid=\n')
  removeField(x.request, 'cookie')
  const input = cookie()
  const value = readInput(input, x)
  assert.match(value ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const expected = [`sid=${value}; Path=/shop; SameSite=Lax; HttpOnly`]
  assert.deepEqual(getFields(x.response, 'set-cookie'), expected)
  assert.equal(readInput(input, x), value)
  assert.deepEqual(getFields(x.response, 'set-cookie'), expected)
  // The response head of a failed try is thrown away with what was added to it.
  x.response.reset()
  assert.equal(readInput(input, x), value)
  assert.deepEqual(getFields(x.response, 'set-cookie'), expected)
})

test('a cookie set by a plugin counts', () => {
  const x = exchangeOf()
  addField(x.request, 'Cookie', 'a=1; sid=abc')
  assert.equal(readInput(cookie(), x), 'abc')
})

test('a cookie name or path that could break the field is refused when the balancer is built', () => {
  assert.throws(() => new CookieInput('a b', '/', Buffer.alloc))
  assert.throws(() => new CookieInput('a', '/;Domain=x', Buffer.alloc))
})

function cookie(): CookieInput {
  let drawn = 0
  return new CookieInput('sid', '/shop', (count) => Buffer.alloc(count, 0xa0 + drawn++))
}

/** What is hashed; null without a value. */
function readInput(input: HashInput, x: Exchange): string | null {
  const out = new Outbox()
  return input.put(x, out) ? out.bytes.toString('latin1', 0, out.used) : null
}
