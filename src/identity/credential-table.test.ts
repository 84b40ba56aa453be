/** Credentials by a secret value: as a Map would find them, whatever is asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { Fingerprint } from '../base/fingerprint.ts'
import { Credential } from '../contract/identity/identities.ts'
import type { Consumer } from '../contract/plan.ts'
import { CredentialTable } from './credential-table.ts'

const JO = { id: 'jo' } as Consumer // what a credential holds of it here

test('it finds what a Map of the values finds, and nothing else', () => {
  const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  const seed = fc.record({ a: fc.integer(), b: fc.integer() })
  fc.assert(
    fc.property(fc.uniqueArray(value), fc.array(value), seed, (values, others, key) => {
      const credentials = values.map(credentialOf)
      const table = new CredentialTable(credentials, 'key', key)
      const oracle = new Map(credentials.map((each) => [each.read('key'), each]))
      const near = values.flatMap((each) => [each, `${each}x`, each.slice(1), `${each}\0`])
      for (const asked of [...near, ...others, ''])
        assert.equal(find(table, asked), oracle.get(asked) ?? null, JSON.stringify(asked))
    }),
  )
})

test('values that differ in one bit are told apart, wherever in a larger buffer they stand', () => {
  const table = new CredentialTable([credentialOf('s3cret-key'), credentialOf('s3cret-kex')], 'key', SEED)
  const bytes = Buffer.from('GET /?apikey=s3cret-key HTTP/1.1')
  const start = bytes.indexOf('s3cret')
  assert.equal(table.find(bytes, start, start + 10)?.id, 'id of s3cret-key')
  for (let i = 0; i < 10; i++) {
    for (let bit = 0; bit < 8; bit++) {
      const other = Buffer.from(bytes)
      other[start + i]! ^= 1 << bit
      const expected =
        other.toString('latin1', start, start + 10) === 's3cret-kex' ? 'id of s3cret-kex' : undefined
      assert.equal(table.find(other, start, start + 10)?.id, expected)
    }
  }
})

test('ten thousand keys are all found', () => {
  const values = Array.from({ length: 10_000 }, (_, i) => `key-${i}`)
  const table = new CredentialTable(values.map(credentialOf), 'key', SEED)
  for (const value of values) assert.equal(find(table, value)?.id, `id of ${value}`)
  assert.equal(find(table, 'key-10000'), null)
})

test('were all fingerprints one, the values would still be told apart', (t) => {
  t.mock.method(Fingerprint.prototype, 'setBytes', function (this: Fingerprint) {
    this.a = -7
    this.b = 7
  })
  const table = new CredentialTable(['one', 'two', 'six', 'three'].map(credentialOf), 'key', SEED)
  for (const value of ['one', 'two', 'six', 'three']) assert.equal(find(table, value)?.id, `id of ${value}`)
  for (const value of ['ten', 'ona', 'ane', 'seven']) assert.equal(find(table, value), null)
})

test('an empty value, one that is no text and one longer than all known are nobody’s', () => {
  const odd = [null, 5, ''].map((key) => new Credential('odd', JO, Infinity, { key }))
  const table = new CredentialTable([...odd, credentialOf('four')], 'key', SEED)
  assert.equal(table.lengthMax, 4)
  for (const asked of ['', 'null', '5', 'fourt', 'four'.repeat(9999)]) assert.equal(find(table, asked), null)
  assert.equal(find(new CredentialTable([], 'key', SEED), 'four'), null)
})

test('no print of a credential or of a table shows a secret', () => {
  const credential = credentialOf('s3cret')
  const table = new CredentialTable([credential], 'key', SEED)
  const printed = [credential, table].flatMap((each) => [
    JSON.stringify(each),
    inspect(each, { depth: 9, showHidden: true }),
  ])
  for (const text of printed) assert.ok(!text.includes('s3cret') || text.includes('id of s3cret'), text)
  for (const text of printed) assert.ok(!text.replaceAll('id of s3cret', '').includes('s3cret'), text)
})

// the rig

const SEED = { a: 1, b: 2 }

function credentialOf(key: string): Credential {
  return new Credential(`id of ${key}`, JO, Number.POSITIVE_INFINITY, { key })
}

function find(table: CredentialTable, asked: string): Credential | null {
  const bytes = Buffer.from(`<${asked}>`)
  return table.find(bytes, 1, bytes.length - 1)
}
