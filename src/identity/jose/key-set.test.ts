/** An issuer's keys: found by name and algorithm, whatever else stands beside them. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { KEYS_MAX, KeySet } from './key-set.ts'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
const ed = generateKeyPairSync('ed25519').publicKey

function jwk(key: KeyObject, more: object = {}): object {
  return { ...key.export({ format: 'jwk' }), ...more }
}

test('a key is found by its name, for an algorithm that it fits and that it is for', () => {
  const keys = new KeySet({
    keys: [
      jwk(ec, { kid: 'a', use: 'sig' }),
      jwk(rsa, { kid: 'b', alg: 'RS256' }),
      jwk(ed, { kid: 'c', key_ops: ['verify'] }),
    ],
  })
  assert.equal(keys.count, 3)
  assert.equal(keys.find('a', 'ES256')?.algorithm, 'ES256')
  assert.equal(keys.find('b', 'RS256')?.algorithm, 'RS256')
  assert.equal(keys.find('c', 'EdDSA')?.algorithm, 'EdDSA')
  for (const [kid, algorithm] of [
    ['a', 'ES384'],
    ['a', 'RS256'],
    ['a', 'HS256'],
    ['b', 'PS256'],
    ['b', 'HS256'],
    ['d', 'ES256'],
  ] as const)
    assert.equal(keys.find(kid, algorithm), null, `${kid} ${algorithm}`)
  assert.equal(keys.find('a', 'ES256'), keys.find('a', 'ES256'), 'made once')
})

test('a token that names no key may mean the only one that fits', () => {
  const keys = new KeySet({ keys: [jwk(ec, { kid: 'a' }), jwk(rsa), jwk(rsa, { kid: 'b', alg: 'RS256' })] })
  assert.equal(keys.find(null, 'ES256')?.algorithm, 'ES256')
  assert.equal(keys.find(null, 'PS256')?.algorithm, 'PS256')
  assert.equal(keys.find(null, 'RS256'), null, 'two fit')
})

test('keys that are not for signatures, secrets, short ones and what is no key are passed over', () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const keys = new KeySet({
    keys: [
      jwk(ec, { use: 'enc' }),
      jwk(ec, { key_ops: ['encrypt'] }),
      jwk(ec, { alg: 'ECDH-ES' }),
      jwk(short),
      { kty: 'oct', k: 'c2VjcmV0' },
      { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' },
      { kty: 'new' },
      null,
      5,
      jwk(ec, { kid: 'good' }),
    ],
  })
  assert.equal(keys.count, 1)
  assert.equal(keys.find('good', 'ES256')?.algorithm, 'ES256')
})

test('what is no key set is refused, and one without end is cut', () => {
  for (const document of [{}, { keys: {} }, { keys: 'x' }])
    assert.throws(() => new KeySet(document), /no "keys"/)
  const many = Array.from({ length: KEYS_MAX + 5 }, (_, i) => jwk(ed, { kid: String(i) }))
  assert.equal(new KeySet({ keys: many }).count, KEYS_MAX)
})

test('any list is answered, never thrown at', () => {
  const value = fc.oneof(fc.constantFrom('RSA', 'EC', 'OKP', 'AQAB', 'P-256', 'Ed25519'), fc.jsonValue())
  const key = fc.dictionary(fc.constantFrom('kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'use'), value)
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      new KeySet({ keys }).find('a', 'ES256')
    }),
  )
})
