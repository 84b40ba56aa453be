/** base64url as Node writes it, and nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64url, decodedLength } from './base64url.ts'

function decode(text: string): Buffer | null {
  const bytes = Buffer.from(`<<${text}>>`, 'latin1')
  const into = Buffer.alloc(decodedLength(text.length))
  const length = decodeBase64url(bytes, 2, bytes.length - 2, into)
  return length < 0 ? null : into.subarray(0, length)
}

test('what Node writes is read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
      const bytes = Buffer.from(data)
      assert.deepEqual(decode(bytes.toString('base64url')), bytes)
    }),
  )
})

test('any text is either the one that Node writes for its bytes, or refused', () => {
  const char = fc.constantFrom(...'ABab01-_+/= \n\0éz')
  fc.assert(
    fc.property(fc.string({ unit: char, maxLength: 12 }), (text) => {
      const isOne = Buffer.from(text, 'base64url').toString('base64url') === text
      assert.equal(decode(text) !== null, isOne, JSON.stringify(text))
    }),
  )
})

test('padding, the other alphabet and bits left over are refused', () => {
  for (const text of ['QQ==', 'QUI=', '-+', 'a/b_', 'QR', 'QUJ', 'A', 'AAAAA', 'A A', 'A.'])
    assert.equal(decode(text), null, text)
  assert.deepEqual(decode(''), Buffer.alloc(0))
})
