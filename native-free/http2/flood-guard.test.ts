/** What is too much, and what is not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FloodGuard } from './flood-guard.ts'
import { http2Limits } from './http2-limits.ts'

test('frames without use are too many at once, and not over time', () => {
  const flooded = new FloodGuard(0)
  for (let i = 0; i < http2Limits.idleFramesMax; i++) flooded.idle(1, 0)
  assert.equal(flooded.isOver, false)
  flooded.idle(1, 0)
  assert.equal(flooded.isOver, true)
  const steady = new FloodGuard(0)
  const perFrameMs = 1000 / http2Limits.idleFramesRate
  for (let i = 0; i < 20 * http2Limits.idleFramesMax; i++) steady.idle(1, i * perFrameMs)
  assert.equal(steady.isOver, false)
})

test('who moves data may say much about windows', () => {
  const guard = new FloodGuard(0)
  for (let i = 0; i < 100_000; i++) {
    guard.useful()
    for (let k = 0; k < http2Limits.idleFramesEarned; k++) guard.idle(1, 0)
  }
  assert.equal(guard.isOver, false)
})

test('resets are counted by the second', () => {
  const guard = new FloodGuard(0)
  for (let second = 0; second < 5; second++)
    for (let i = 0; i < http2Limits.resetsMax; i++) guard.reset(second * 1000 + i / 10)
  assert.equal(guard.isOver, false)
  guard.reset(4999)
  assert.equal(guard.isOver, true)
})
