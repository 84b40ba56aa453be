/** Well-known names are recognised, and nothing else is taken for one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fold, HASH_START, id, nameId, OTHER } from './names.ts'

function idOf(name: string, hashed = name): number {
  let hash = HASH_START
  for (const char of hashed.toLowerCase()) hash = fold(hash, char.charCodeAt(0))
  return nameId(Buffer.from(name), 0, name.length, hash)
}

test('each well-known name is found in any case, by its own id', () => {
  for (const [name, expected] of Object.entries(id)) {
    assert.equal(idOf(name), expected, name)
    assert.equal(idOf(name.toUpperCase()), expected, name)
  }
  assert.equal(new Set(Object.values(id)).size, Object.keys(id).length)
  assert.ok(
    Math.max(...Object.values(id)) < 31,
    'ids fit the bits of one small integer, below the mark of dropped rows',
  )
})

test('a name with the hash of a well-known one is still another name', () => {
  assert.equal(idOf('hosx', 'host'), OTHER)
  assert.equal(idOf('hos', 'host'), OTHER)
  assert.equal(idOf('hostx', 'host'), OTHER)
  assert.equal(idOf('x-anything'), OTHER)
})
