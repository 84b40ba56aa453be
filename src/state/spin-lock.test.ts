/** A lock belongs to one thread, and to nobody once its thread is dead. Contention itself: test/stress. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freeHeldBy, lock, unlock } from './spin-lock.ts'

const AT = 3
const OWNER = 4
const MINE = OWNER + 1

function makeWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(64))
}

test('a lock names its holder, and is free again when it is unlocked', () => {
  const words = makeWords()
  lock(words, AT, MINE)
  assert.equal(words[AT], MINE)
  unlock(words, AT)
  assert.deepEqual([...words], [...makeWords()])
})

test('what a dead worker held is freed, and what another holds is not', () => {
  const words = makeWords()
  lock(words, AT, MINE)
  assert.equal(freeHeldBy(words, AT, OWNER + 1), false)
  assert.equal(words[AT], MINE)
  assert.equal(freeHeldBy(words, AT, OWNER), true)
  assert.equal(words[AT], 0)
  assert.equal(freeHeldBy(words, AT, OWNER), false)
})

test('a holder that nobody ever frees does not hang a thread for good', () => {
  const words = makeWords()
  lock(words, AT, MINE)
  lock(words, AT, 1)
  assert.equal(words[AT], 1)
})
