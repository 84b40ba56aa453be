/** The rules of another try, Kong's and a policy's, as tables over faults, answers and methods. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeOf } from '../../test/kit/balancer-rig.ts'
import { FakeBalancer, makeRetryPolicy, makeRoute, makeService, makeTarget } from '../../test/kit/flow-rig.ts'
import { type Fault, type FaultCode, faultList, faults } from '../base/faults.ts'
import { type Exchange, STAGE_ANSWERING, STAGE_TRYING } from '../contract/exchange.ts'
import type { RetryPolicy, Service } from '../contract/plan.ts'
import { addField, listFields } from '../http1/fields.ts'
import { leaveTry, NO_RETRY, retryAfterAnswer, retryAfterFault } from './retry.ts'

function tried(method = 'GET', retries = 5, more: Partial<Service> = {}): Exchange {
  const x = exchangeOf(`${method} / HTTP/1.1\nHost: a\n`)
  x.stage = STAGE_TRYING
  x.attempts = 1
  x.target = makeTarget()
  x.route = makeRoute(makeService(new FakeBalancer([]), { retries, ...more }))
  return x
}

/** After its first try, at a service with a policy. */
function underPolicy(policy: Partial<RetryPolicy>, method = 'GET', retries = 5): Exchange {
  return tried(method, retries, { retryPolicy: makeRetryPolicy(policy) })
}

function mayRetry(x: Exchange, fault: Fault): boolean {
  return retryAfterFault(x, fault, () => 0) !== NO_RETRY
}

function mayRetryAnswer(x: Exchange, status: number): boolean {
  x.status = status
  x.firstByteMs = 5
  return retryAfterAnswer(x, () => 0) !== NO_RETRY
}

const balancerOf = (x: Exchange) => x.route!.service!.balancer as FakeBalancer

const ALWAYS: FaultCode[] = [
  'TARGET_QUEUE_FULL',
  'TARGET_CONNECT',
  'TARGET_CONNECT_TIMEOUT',
  'TARGET_TLS',
  'TARGET_REFUSED',
]
const REPEATABLE: FaultCode[] = [
  'TARGET_RESET',
  'TARGET_WRITE_TIMEOUT',
  'TARGET_READ_TIMEOUT',
  'TARGET_TRY_TIMEOUT',
]

test('where no byte reached the target every method is tried again', () => {
  for (const code of ALWAYS)
    for (const method of ['GET', 'POST', 'PATCH', 'LOCK', 'DELETE'])
      assert.equal(mayRetry(tried(method), faults[code]), true, `${method} after ${code}`)
})

test('what an HTTP/2 target never came to before it closed a connection in use is tried again for free', () => {
  const x = tried('POST', 0)
  x.reused = true
  for (let i = 0; i < 100; i++) {
    assert.equal(mayRetry(x, faults.TARGET_REFUSED), true)
    assert.equal(x.attempts, 0)
    x.attempts++
    leaveTry(x)
    x.target = makeTarget()
  }
  assert.equal(mayRetry(x, faults.TARGET_REFUSED), false, 'not without end')
  assert.equal(
    mayRetry(tried('POST', 0), faults.TARGET_REFUSED),
    false,
    'a stream that is merely refused is a try',
  )
  assert.equal(mayRetry(tried('POST', 1), faults.TARGET_REFUSED), true)
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

test('without a policy the next try is made at once, whatever chance says', () => {
  assert.equal(
    retryAfterFault(tried(), faults.TARGET_CONNECT, () => 0.99),
    0,
  )
})

test('without a policy no answer is declined', () => {
  assert.equal(mayRetryAnswer(tried(), 503), false)
})

const NOTHING = { onConnectFailure: false, onReset: false, onTimeout: false }
const conditions: readonly [name: keyof typeof NOTHING, codes: FaultCode[]][] = [
  ['onConnectFailure', ['TARGET_CONNECT', 'TARGET_CONNECT_TIMEOUT', 'TARGET_TLS', 'TARGET_REFUSED']],
  ['onReset', ['TARGET_RESET', 'TARGET_REFUSED']],
  [
    'onTimeout',
    ['TARGET_CONNECT_TIMEOUT', 'TARGET_WRITE_TIMEOUT', 'TARGET_READ_TIMEOUT', 'TARGET_TRY_TIMEOUT'],
  ],
]
for (const [name, codes] of conditions)
  test(`under a policy, ${name} means ${codes.join(', ')} and no other failure`, () => {
    const policy = { ...NOTHING, [name]: true }
    for (const fault of faultList) {
      const expected = codes.some((code) => faults[code] === fault) || fault === faults.TARGET_QUEUE_FULL
      assert.equal(mayRetry(underPolicy(policy), fault), expected, fault.code)
    }
  })

test('a circuit that is open and an upstream at its limit are never tried again', () => {
  for (const fault of [faults.CIRCUIT_OPEN, faults.UPSTREAM_OVERFLOW])
    assert.equal(mayRetry(underPolicy({ nonIdempotent: true }), fault), false)
})

test('a policy tells which answers are as good as failures', () => {
  const policy = { statuses: [409, 503] }
  assert.equal(mayRetryAnswer(underPolicy(policy), 503), true)
  assert.equal(mayRetryAnswer(underPolicy(policy), 409), true)
  for (const status of [200, 404, 500, 502, 504])
    assert.equal(mayRetryAnswer(underPolicy(policy), status), false)
})

test('what may act twice is tried again only where the policy allows it', () => {
  for (const method of ['POST', 'PATCH', 'LOCK']) {
    for (const [nonIdempotent, expected] of [
      [false, false],
      [true, true],
    ] as const) {
      const policy = { statuses: [503], nonIdempotent }
      assert.equal(mayRetryAnswer(underPolicy(policy, method), 503), expected)
      for (const code of REPEATABLE)
        assert.equal(mayRetry(underPolicy(policy, method), faults[code]), expected, `${method} after ${code}`)
    }
    for (const code of ALWAYS) assert.equal(mayRetry(underPolicy({}, method), faults[code]), true)
  }
})

test('an answer is declined only while a try is left and the body was kept', () => {
  assert.equal(mayRetryAnswer(underPolicy({ statuses: [503] }, 'GET', 0), 503), false)
  const x = underPolicy({ statuses: [503] }, 'PUT')
  x.replayable = false
  assert.equal(mayRetryAnswer(x, 503), false)
})

test('the target of an answer that stays is not given back before its time', () => {
  const x = underPolicy({ statuses: [503] }, 'GET', 0)
  mayRetryAnswer(x, 503)
  assert.deepEqual(balancerOf(x).said, [])
  assert.notEqual(x.target, null)
})

test('the budget of the upstream is asked before each retry, and its no is final', () => {
  for (const x of [tried(), underPolicy({})]) {
    balancerOf(x).hasRetries = false
    assert.equal(mayRetry(x, faults.TARGET_CONNECT), false)
    balancerOf(x).hasRetries = true
    assert.equal(mayRetry(x, faults.TARGET_CONNECT), true)
    assert.equal(balancerOf(x).retriesHeld, 1)
  }
})

test('the budget is not asked for a retry that will not be made', () => {
  const x = underPolicy({ statuses: [503] }, 'GET', 0)
  mayRetry(x, faults.TARGET_CONNECT)
  mayRetryAnswer(x, 503)
  const post = underPolicy({ statuses: [503] }, 'POST')
  mayRetry(post, faults.TARGET_RESET)
  mayRetryAnswer(post, 503)
  assert.deepEqual([balancerOf(x).retriesHeld, balancerOf(post).retriesHeld], [0, 0])
})

test('the last try gives back its place among the retries before the next asks for one', () => {
  const x = underPolicy({ statuses: [503] })
  mayRetryAnswer(x, 503)
  mayRetryAnswer(x, 503)
  assert.equal(balancerOf(x).retriesHeld, 1)
})

test('a kept connection that died idle needs no condition, no budget and no pause', () => {
  const x = underPolicy({ ...NOTHING, backOffBaseMs: 100, backOffMaxMs: 100 }, 'GET', 0)
  balancerOf(x).hasRetries = false
  x.reused = true
  assert.equal(
    retryAfterFault(x, faults.TARGET_RESET, () => 0.5),
    0,
  )
  assert.equal(mayRetry(x, faults.TARGET_RESET), false)
})

test('the n-th pause is drawn from all up to twice the last, and no further than the longest', () => {
  const policy = { backOffBaseMs: 25, backOffMaxMs: 120 }
  const longest: number[] = []
  for (const attempts of [1, 2, 3, 4, 5]) {
    const x = underPolicy(policy)
    x.attempts = attempts
    longest.push(retryAfterFault(x, faults.TARGET_CONNECT, () => 0.9999))
    x.attempts = attempts
    assert.equal(
      retryAfterFault(x, faults.TARGET_CONNECT, () => 0),
      0,
    )
  }
  assert.deepEqual(longest, [24, 49, 99, 119, 119])
})

test('the number of retries does not make the pause overflow', () => {
  const x = underPolicy({ backOffBaseMs: 25, backOffMaxMs: 250 }, 'GET', 32767)
  x.attempts = 32767
  assert.equal(
    retryAfterFault(x, faults.TARGET_CONNECT, () => 0.5),
    125,
  )
})

test('nothing is left of a declined answer but what plugins added', () => {
  const x = underPolicy({ statuses: [503] })
  const head = Buffer.from('HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n')
  x.response.feed(head, 0, head.length)
  addField(x.response, 'X-Added', 'yes')
  x.connectedMs = x.sentMs = x.firstByteMs = 7
  x.status = 503
  x.bodyless = true
  x.responseLength = 9
  const target = x.target
  leaveTry(x)
  assert.deepEqual(listFields(x.response), [['X-Added', 'yes']])
  assert.deepEqual([x.status, x.connectedMs, x.sentMs, x.firstByteMs, x.responseLength], [0, 0, 0, 0, 0])
  assert.equal(x.bodyless, false)
  assert.deepEqual([x.tried, x.target, x.carrier], [[target], null, null])
})
