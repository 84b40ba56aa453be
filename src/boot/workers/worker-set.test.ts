/** How soon a worker that died is replaced. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextPause } from './worker-set.ts'

test('the pause before a replacement doubles up to ten seconds, and starts over after a healthy minute', () => {
  const pauses: number[] = []
  for (let at = 0, last = 0; at < 9; at++) pauses.push((last = nextPause(last, false)))
  assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
  assert.equal(nextPause(10_000, true), 100)
})
