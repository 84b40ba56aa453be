/** The host's share is read from the kernel's own count. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTicks, stolenSince } from './stolen.ts'

test('the share of the time that the host took is that of the ticks since', () => {
  const before = readTicks('cpu  100 0 50 800 0 0 0 50 0 0\ncpu0 1 2 3\n')
  assert.deepEqual(before, { stolen: 50, all: 1000 })
  assert.equal(stolenSince(before, readTicks('cpu  160 0 60 820 0 0 0 60 0 0\n')), 0.1)
})

test('where nothing is told nothing was taken', () => {
  assert.equal(stolenSince(readTicks(''), readTicks('')), 0)
})
