/** Bodies against their announced length, their window and their pace. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults } from '../../src/base/faults.ts'
import type { ListenerLimits } from '../../src/contract/listener.ts'
import { http2Limits } from './http2-limits.ts'
import { RequestBody } from './request-body.ts'

// The part of the limits that a body is held to.
const LIMITS = { bodyBytesMax: 10, bodyTimeoutMs: 1000, bodyRateMin: 100 } as ListenerLimits

function bodyOf(length: number, limits = LIMITS): RequestBody {
  const body = new RequestBody(limits)
  body.reset(length, 0)
  return body
}

test('a body is as long as was announced, to the byte', () => {
  const body = bodyOf(5)
  assert.equal(body.count(4, 0), faults.NONE)
  assert.equal(body.isWhole, false)
  assert.equal(body.count(1, 0), faults.NONE)
  assert.equal(body.isWhole, true)
  assert.equal(body.count(1, 0), faults.REQUEST_MALFORMED)
  assert.equal(bodyOf(-1).isWhole, true, 'nothing was announced')
})

test('a body without a length may have as many bytes as it may', () => {
  const body = bodyOf(-1)
  assert.equal(body.count(10, 0), faults.NONE)
  assert.equal(body.count(1, 0), faults.REQUEST_BODY_TOO_LARGE)
})

test('the window is what the client was given, and opens as bytes are taken', () => {
  const body = bodyOf(-1)
  assert.equal(body.receive(http2Limits.streamWindow), true)
  assert.equal(body.receive(1), false)
  const other = bodyOf(-1)
  other.receive(http2Limits.streamWindow)
  assert.equal(other.credit(1000), 0, 'not for every few bytes')
  const half = http2Limits.streamWindow / 2
  assert.equal(other.credit(half), half + 1000)
  assert.equal(other.receive(half + 1000), true)
  assert.equal(other.receive(1), false)
})

test('a slow body is too slow only for the time that it was asked for', () => {
  const limits = { ...LIMITS, bodyBytesMax: 0 }
  const body = bodyOf(-1, limits)
  body.open(0)
  assert.equal(body.count(50, 1000), faults.NONE)
  assert.equal(body.count(50, 1001), faults.REQUEST_TIMEOUT)
  const stopped = bodyOf(-1, limits)
  stopped.open(0)
  stopped.stop(900)
  assert.equal(stopped.count(1, 60_000), faults.NONE)
  stopped.open(60_000)
  assert.equal(stopped.count(1, 60_100), faults.NONE)
  assert.equal(stopped.count(1, 60_101), faults.REQUEST_TIMEOUT)
})
