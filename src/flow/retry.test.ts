/** The rules of another try (Kong's, which are nginx's), as a table over faults and methods. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeOf } from '../../test/kit/balancer-rig.ts'
import { FakeBalancer, makeRoute, makeService, makeTarget } from '../../test/kit/flow-rig.ts'
import { type FaultCode, faultList, faults } from '../base/faults.ts'
import { type Exchange, STAGE_ANSWERING, STAGE_TRYING } from '../contract/exchange.ts'
import { mayRetry } from './retry.ts'

function tried(method = 'GET', retries = 5): Exchange {
  const x = exchangeOf(`${method} / HTTP/1.1\nHost: a\n`)
  x.stage = STAGE_TRYING
  x.attempts = 1
  x.target = makeTarget()
  x.route = makeRoute(makeService(new FakeBalancer([]), { retries }))
  return x
}

const ALWAYS: FaultCode[] = ['TARGET_QUEUE_FULL', 'TARGET_CONNECT', 'TARGET_CONNECT_TIMEOUT', 'TARGET_TLS']
const REPEATABLE: FaultCode[] = ['TARGET_RESET', 'TARGET_WRITE_TIMEOUT', 'TARGET_READ_TIMEOUT']

test('where no byte reached the target every method is tried again', () => {
  for (const code of ALWAYS)
    for (const method of ['GET', 'POST', 'PATCH', 'LOCK', 'DELETE'])
      assert.equal(mayRetry(tried(method), faults[code]), true, `${method} after ${code}`)
})

test('where one may have, POST, PATCH and LOCK are not, and all others are', () => {
  for (const code of REPEATABLE) {
    for (const method of ['POST', 'PATCH', 'LOCK'])
      assert.equal(mayRetry(tried(method), faults[code]), false, `${method} after ${code}`)
    for (const method of [
      'GET',
      'HEAD',
      'PUT',
      'DELETE',
      'OPTIONS',
      'PURGE',
      'PROPFIND',
      'LINK',
      'PINGS',
      'P',
    ])
      assert.equal(mayRetry(tried(method), faults[code]), true, `${method} after ${code}`)
  }
})

test('no other fault is followed by a try', () => {
  const others = faultList.filter(
    (fault) => ![...ALWAYS, ...REPEATABLE].some((code) => faults[code] === fault),
  )
  for (const fault of others) assert.equal(mayRetry(tried(), fault), false, fault.code)
})

test('there are as many further tries as the service has retries', () => {
  const x = tried('GET', 2)
  const outcomes = [1, 2, 3].map((attempts) => {
    x.attempts = attempts
    return mayRetry(x, faults.TARGET_CONNECT)
  })
  assert.deepEqual(outcomes, [true, true, false])
  assert.equal(mayRetry(tried('GET', 0), faults.TARGET_CONNECT), false)
})

test('nothing is tried again once a byte of an answer has come, or the client has seen one', () => {
  const begun = tried()
  begun.firstByteMs = 1
  assert.equal(mayRetry(begun, faults.TARGET_READ_TIMEOUT), false)
  const answering = tried()
  answering.stage = STAGE_ANSWERING
  assert.equal(mayRetry(answering, faults.TARGET_RESET), false)
})

test('a body that was not kept is not tried again', () => {
  const x = tried('PUT')
  x.replayable = false
  assert.equal(mayRetry(x, faults.TARGET_CONNECT), false)
})

test('a kept connection that died idle costs no try, once, and the next is on a new one', () => {
  const x = tried('GET', 0)
  x.reused = true
  assert.equal(mayRetry(x, faults.TARGET_RESET), true)
  assert.deepEqual([x.attempts, x.freshOnly], [0, true])
  x.attempts = 1
  assert.equal(mayRetry(x, faults.TARGET_RESET), false)
  const post = tried('POST', 0)
  post.reused = true
  assert.equal(mayRetry(post, faults.TARGET_RESET), false)
})

test('a full queue is not asked twice', () => {
  const x = tried()
  x.tried.push(x.target!)
  assert.equal(mayRetry(x, faults.TARGET_QUEUE_FULL), false)
  assert.equal(mayRetry(x, faults.TARGET_CONNECT), true)
})
