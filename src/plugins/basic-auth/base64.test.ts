/** Base64 as Node decodes it, and nothing for what is none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64 } from './base64.ts'

function decode(text: string, room = 64): string | null {
  const to = Buffer.alloc(room)
  const from = Buffer.from(`<${text}>`, 'latin1')
  const count = decodeBase64(from, 1, from.length - 1, to)
  return count < 0 ? null : to.latin1Slice(0, count)
}

test('whatever was encoded is decoded, with its padding and without', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64')
      assert.equal(decode(text), Buffer.from(bytes).toString('latin1'))
      assert.equal(decode(text.replace(/=/g, '')), Buffer.from(bytes).toString('latin1'))
    }),
  )
})

test('any text is decoded as Node does it, or is no base64', () => {
  const text = fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9+/]{0,40}={0,3}$/),
    fc.stringMatching(/^[\x20-\x7e]{0,40}$/),
  )
  fc.assert(
    fc.property(text, (value) => {
      const isGood =
        /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)
      assert.equal(decode(value), isGood ? Buffer.from(value, 'base64').toString('latin1') : null, value)
    }),
  )
})

test('what has no room is refused before a byte is written', () => {
  assert.equal(decode('YWJj', 3), 'abc')
  assert.equal(decode('YWJj', 2), null)
  assert.equal(decode('YWJjZA==', 3), null)
})
