/** Arguments of a query or a form: found and taken out as URLSearchParams reads them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Head, KIND_REQUEST } from '../head.ts'
import { REQUEST_LIMITS } from '../limits.ts'
import { Argument, decodeArgument } from './argument.ts'
import { removeFromQuery } from './query.ts'

/** Node's own reading spoils characters beyond ASCII that stand beside a `%` that begins no escape: it gets escapes. */
function oracle(query: string): URLSearchParams {
  return new URLSearchParams(query.replace(/[^\x00-\x7f]/gu, encodeURIComponent))
}

test('an argument is found as often as URLSearchParams finds it, with the same first value', () => {
  fc.assert(
    fc.property(queries, fc.constantFrom('key', 'k y', 'é', ''), (query, name) => {
      const bytes = Buffer.from(`?${query}#`)
      const argument = new Argument(name)
      const count = argument.find(bytes, 1, bytes.length - 1)
      // URLSearchParams passes over empty parts, which have no name to ask for.
      const expected = oracle(query).getAll(name)
      if (name !== '') assert.equal(count, expected.length, query)
      if (name === '' || count === 0) return
      const into = Buffer.alloc(100)
      const length =
        argument.valueStart < 0 ? 0 : decodeArgument(bytes, argument.valueStart, argument.valueEnd, into)
      assert.equal(into.toString('utf8', 0, length), expected[0], query)
    }),
  )
})

test('what is left once an argument is out is what stood beside it, as it came', () => {
  fc.assert(
    fc.property(queries, fc.constantFrom('key', 'k y', 'é'), (query, name) => {
      const bytes = Buffer.from(`?${query}`)
      const end = new Argument(name).remove(bytes, 1, bytes.length)
      const isOther = (part: string) => oracle(part).get(name) === null
      assert.equal(bytes.toString('utf8', 1, end), query.split('&').filter(isOther).join('&'))
    }),
  )
})

test('a value without room for it is not cut', () => {
  const bytes = Buffer.from('abcd')
  assert.equal(decodeArgument(bytes, 0, 4, Buffer.alloc(3)), -1)
  assert.equal(decodeArgument(bytes, 0, 4, Buffer.alloc(4)), 4)
})

for (const [before, after] of [
  ['/p?key=a', '/p'],
  ['/p?key=a&b=1', '/p?b=1'],
  ['/p?b=1&key=a&c=%20+', '/p?b=1&c=%20+'],
  ['/p?b=1&%6bey=a&key', '/p?b=1'],
  ['/p?keys=1', '/p?keys=1'],
  ['/p?&a=1&', '/p?&a=1&'],
  ['/p?&key=a&&b=1&', '/p?&&b=1&'],
  ['/p?&', '/p?&'],
  ['/p?', '/p?'],
  ['/p', '/p'],
] as const) {
  test(`${before} without its key is ${after}, and the bytes hold it no more`, () => {
    const head = new Head(KIND_REQUEST, REQUEST_LIMITS)
    const bytes = Buffer.from(`GET ${before} HTTP/1.1\r\nHost: a\r\n\r\n`)
    head.feed(bytes, 0, bytes.length)
    removeFromQuery(head, new Argument('key'))
    assert.equal(head.bytes.latin1Slice(head.targetStart, head.targetEnd), after)
    assert.equal(head.valueAt(0), 'a', 'the fields are where they were')
    assert.ok(!/key=a/.test(head.bytes.latin1Slice(0, head.used)))
  })
}

const queries = fc
  .array(
    fc.constantFrom('key', 'k', 'k+y', 'k%20y', '%6Bey', 'é', '%C3%A9', '=', '&', 'a', '%', '%2', '%zz', '1'),
  )
  .map((parts) => parts.join(''))
