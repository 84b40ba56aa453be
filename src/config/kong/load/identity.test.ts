/** Ids and keys, against the vectors of their standards. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomText, uuidV5 } from './identity.ts'

test('a name gives the UUID that RFC 9562 gives it', () => {
  // Appendix A.4 of the RFC: www.example.com in the namespace of domain names.
  const dns = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex')
  assert.equal(uuidV5(dns, 'www.example.com'), '2ed6657d-e927-568b-95e1-2665a8aea6a2')
})

test('every letter of a generated key is equally likely: bytes that would favour some are thrown away', () => {
  let calls = 0
  const source = (count: number): Uint8Array => new Uint8Array(count).fill(calls++ === 0 ? 248 : 247)
  assert.equal(randomText(source), '9'.repeat(32))
})
