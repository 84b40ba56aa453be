/** When Redis is left alone, and for how long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DOWN_MS_MAX, DOWN_MS_MIN, FAILURES_MAX, Health } from './health.ts'

test('failures in a row take a link down, one success between them does not let it come to that', () => {
  const health = new Health(false)
  health.goUp()
  health.succeeded(0)
  for (let i = 1; i < FAILURES_MAX; i++) assert.equal(health.failed(0), false)
  health.succeeded(0)
  for (let i = 1; i < FAILURES_MAX; i++) assert.equal(health.failed(0), false)
  assert.equal(health.failed(0), true)
})

test('the rest grows from failure to failure up to a second, and starts anew after a decision', () => {
  const health = new Health(false)
  const rests = Array.from({ length: 8 }, () => health.goDown())
  assert.deepEqual(rests.slice(0, 3), [DOWN_MS_MIN, 2 * DOWN_MS_MIN, 4 * DOWN_MS_MIN])
  assert.equal(rests.at(-1), DOWN_MS_MAX)
  health.goUp()
  assert.equal(health.failed(0), true)
  assert.equal(health.goDown(), DOWN_MS_MAX)
  health.succeeded(0)
  assert.equal(health.goDown(), DOWN_MS_MIN)
})

test('in a cluster, nodes that answer keep the link up', () => {
  const health = new Health(true)
  health.succeeded(5000)
  for (let i = 0; i < 2 * FAILURES_MAX; i++) assert.equal(health.failed(5999), false)
  assert.equal(health.failed(6000), true)
})
