/** Pairs that were found right: which are known, how many are kept, and that no password is. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { PAIRS_MAX, Verified } from './verified.ts'

test('a pair is known once it was added, and nothing near it is', () => {
  const verified = new Verified(randomBytes(32))
  const mark = verified.markOf(Buffer.from('s3cret'))
  assert.equal(verified.has('hash', mark), false)
  verified.add('hash', mark)
  assert.equal(verified.has('hash', mark), true)
  assert.equal(verified.has('hash', verified.markOf(Buffer.from('s3cre'))), false)
  assert.equal(verified.has('hash', ''), false)
  assert.equal(verified.has('other', mark), false)
})

test('a mark means nothing under another key, and no print shows a password', () => {
  const [one, other] = [new Verified(randomBytes(32)), new Verified(randomBytes(32))]
  const mark = one.markOf(Buffer.from('s3cret'))
  assert.notEqual(mark, other.markOf(Buffer.from('s3cret')))
  one.add('hash', mark)
  assert.ok(!inspect(one, { depth: 9, showHidden: true }).includes('s3cret'))
})

test('no more pairs are kept than there is room for, and the oldest goes first', () => {
  const verified = new Verified(randomBytes(32))
  for (let i = 0; i < PAIRS_MAX; i++) verified.add(`hash ${i}`, 'mark')
  verified.add('hash 0', 'new mark')
  assert.equal(verified.size, PAIRS_MAX)
  assert.ok(verified.has('hash 1', 'mark') && verified.has('hash 0', 'new mark'))
  verified.add('one more', 'mark')
  assert.equal(verified.size, PAIRS_MAX)
  assert.deepEqual([verified.has('hash 0', 'new mark'), verified.has('hash 1', 'mark')], [false, true])
})
