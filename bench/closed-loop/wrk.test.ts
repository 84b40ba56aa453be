/** How wrk is called. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadsFor } from './wrk.ts'

test('wrk opens as many connections as it was asked for, whatever the number of cores', () => {
  assert.equal(threadsFor(64, 1), 1)
  assert.equal(threadsFor(64, 2), 2)
  assert.equal(threadsFor(64, 3), 2)
  assert.equal(threadsFor(512, 7), 4)
  assert.equal(threadsFor(7, 4), 1)
  assert.equal(threadsFor(3, 8), 3)
  assert.equal(threadsFor(8, 0), 1)
})
