/** The pause before a try and the time a try has: what they wait for, what ends them, and that they end but once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  clientSends,
  type FlowRig,
  type FlowRigOptions,
  makeFlowRig,
  makePlan,
  makeRetryPolicy,
  makeTarget,
  targetAnswers,
  targetSends,
} from '../../test/kit/flow-rig.ts'
import { faults } from '../base/faults.ts'
import { type Exchange, STAGE_ABANDONED } from '../contract/exchange.ts'
import type { RetryPolicy } from '../contract/plan.ts'
import { type Handler, WAIT } from '../contract/plugin.ts'
import { addField } from '../http1/fields.ts'

const BUSY = 'HTTP/1.1 503 Busy\nRetry-After: 1\n'
const FINE = 'HTTP/1.1 200 OK\n'
const PUT = 'PUT / HTTP/1.1\nHost: a\nContent-Length: 6\n'
const PAUSED: Partial<RetryPolicy> = { statuses: [503], backOffBaseMs: 40, backOffMaxMs: 200 }

/** Chance says 1/2: the first pause is 20 ms, the second 40. */
function rigWith(policy: Partial<RetryPolicy>, more: FlowRigOptions = {}): FlowRig {
  return makeFlowRig({
    random: () => 0.5,
    targets: [makeTarget('a:1'), makeTarget('b:1')],
    ...more,
    service: { retries: 2, ...more.service, retryPolicy: makeRetryPolicy(policy) },
  })
}

function assertOver(rig: FlowRig, x: Exchange): void {
  assert.equal(rig.timers.count, 0, 'no timer is left')
  assert.equal(x.timer, null)
  assert.equal(rig.balancer.retriesHeld, 0, 'every retry is given back')
  rig.plans.swap(makePlan(null))
  assert.equal(rig.plan.closed, 1, 'the exchange let go of its plan, once')
  const { said } = rig.transport
  const sends = said.length
  rig.timers.pass(100_000)
  assert.equal(said.length, sends, 'nothing follows')
}

/** Its first target has answered 503, and the pause has begun. */
function paused(rig: FlowRig, text?: string): Exchange {
  const x = rig.enter(text)
  if (text !== undefined) rig.flow.targetReady(x)
  targetAnswers(rig, x, BUSY, 0)
  return x
}

test('an answer that the policy declines is followed by another, which is all the client sees', () => {
  const rig = rigWith({ statuses: [503] })
  const x = rig.enter()
  targetAnswers(rig, x, BUSY, 4)
  assert.deepEqual(rig.transport.said, ['send a:1', 'abort', 'send b:1'])
  assert.deepEqual(rig.client.said, [])
  targetAnswers(rig, x, FINE, 2)
  targetSends(rig, x, 'ok')
  rig.flow.targetEnd(x)
  assert.deepEqual(rig.client.said, ['head 200 2', 'body ok', 'end'])
  assert.equal(rig.client.sent.includes('Retry-After'), false)
  assert.deepEqual(rig.tallied, ['retry', '200 NONE'])
  assert.deepEqual(rig.balancer.said, ['a:1 ok', 'b:1 ok'])
  assertOver(rig, x)
})

test('what a plugin added to the answer is there after a retry, once', () => {
  const adds: Handler = {
    onRequest: (x) => {
      addField(x.response, 'X-Added', 'yes')
      return 0
    },
  }
  const rig = rigWith({ statuses: [503] }, { plugins: [adds] })
  const x = rig.enter()
  targetAnswers(rig, x, BUSY, 0)
  targetAnswers(rig, x, FINE, 0)
  rig.flow.targetEnd(x)
  assert.equal(rig.client.sent.split('X-Added: yes').length, 2)
})

test('the last answer is the one the client gets, however bad', () => {
  const rig = rigWith({ statuses: [503] })
  const x = rig.enter()
  for (let i = 0; i < 3; i++) targetAnswers(rig, x, BUSY, 0)
  rig.flow.targetEnd(x)
  assert.deepEqual(rig.client.said, ['head 503 0', 'end'])
  assert.deepEqual(rig.tallied, ['retry', 'retry', '503 NONE'])
  assertOver(rig, x)
})

test('a declined answer is not shown to plugins, and a gathered one is not begun', () => {
  const seen: number[] = []
  const sees: Handler = {
    responseBodyMax: 10,
    onResponseBody: (_x, body) => body,
    onResponse: (x) => void seen.push(x.status),
  }
  const rig = rigWith({ statuses: [503] }, { plugins: [sees] })
  const x = rig.enter()
  targetAnswers(rig, x, BUSY, 4)
  targetAnswers(rig, x, FINE, 2)
  targetSends(rig, x, 'ok')
  rig.flow.targetEnd(x)
  assert.deepEqual(seen, [200])
  assert.deepEqual(rig.client.said, ['head 200 2', 'body ok', 'end'])
})

test('where the budget has no retry left the answer that was there goes out', () => {
  const rig = rigWith(PAUSED)
  rig.balancer.hasRetries = false
  const x = rig.enter()
  targetAnswers(rig, x, BUSY, 4)
  targetSends(rig, x, 'busy')
  rig.flow.targetEnd(x)
  assert.deepEqual(rig.client.said, ['head 503 4', 'body busy', 'end'])
  assert.match(rig.client.sent, /Retry-After: 1/)
  assert.deepEqual(rig.transport.said, ['send a:1'])
  assert.deepEqual(rig.balancer.said, ['a:1 ok'], 'told once')
  assertOver(rig, x)
})

test('an answer that goes out for want of a retry, and breaks off, is told the balancer once', () => {
  const rig = rigWith(PAUSED)
  rig.balancer.hasRetries = false
  const x = rig.enter()
  targetAnswers(rig, x, BUSY, 4)
  x.carrier = null
  rig.flow.targetFault(x, faults.TARGET_RESET)
  assert.deepEqual(rig.client.said, ['head 503 4', 'abort'])
  assert.deepEqual(rig.balancer.said, ['a:1 ok'])
  assertOver(rig, x)
})

test('where the budget has no retry left the failure that was there is the answer', () => {
  for (const retryPolicy of [null, makeRetryPolicy()]) {
    const rig = makeFlowRig({ service: { retryPolicy } })
    rig.balancer.hasRetries = false
    const x = rig.enter()
    x.carrier = null
    rig.flow.targetFault(x, faults.TARGET_CONNECT)
    assert.deepEqual(rig.tallied, ['502 TARGET_CONNECT'])
    assert.deepEqual(rig.transport.said, ['send a:1'])
    assertOver(rig, x)
  }
})

test('a pause comes before each retry and grows', () => {
  const rig = rigWith(PAUSED)
  const x = paused(rig)
  rig.timers.pass(19)
  assert.deepEqual(rig.transport.said, ['send a:1', 'abort'])
  rig.timers.pass(1)
  assert.deepEqual(rig.transport.said, ['send a:1', 'abort', 'send b:1'])
  x.carrier = null
  rig.flow.targetFault(x, faults.TARGET_CONNECT)
  rig.timers.pass(39)
  assert.equal(rig.transport.said.length, 3)
  rig.timers.pass(1)
  assert.equal(rig.transport.said.at(-1), 'send a:1')
  targetAnswers(rig, x, FINE, 0)
  rig.flow.targetEnd(x)
  assert.deepEqual(rig.tallied, ['retry', 'retry', '200 NONE'])
  assertOver(rig, x)
})

test('a pause of nothing needs no timer', () => {
  const rig = rigWith(PAUSED, { random: () => 0 })
  paused(rig)
  assert.equal(rig.timers.count, 0)
  assert.equal(rig.transport.said.at(-1), 'send b:1')
})

test('after a pause the clock is read anew', () => {
  const rig = rigWith(PAUSED)
  paused(rig)
  const before = rig.flow.now()
  rig.timers.pass(20)
  assert.equal(rig.flow.now(), before + 20)
})

test('a client that goes away during a pause ends it, and is logged as 499', () => {
  const rig = rigWith(PAUSED)
  const x = paused(rig)
  assert.equal(rig.balancer.retriesHeld, 1)
  rig.flow.clientGone(x, faults.CLIENT_GONE)
  assert.deepEqual(rig.tallied, ['499 CLIENT_GONE'])
  assert.deepEqual(rig.client.said, [])
  assertOver(rig, x)
})

test('a request that is refused during a pause is answered so, and not tried again', () => {
  const rig = rigWith(PAUSED)
  const x = paused(rig, PUT)
  rig.flow.refuse(x, faults.REQUEST_MALFORMED)
  assert.deepEqual(rig.tallied, ['400 REQUEST_MALFORMED'])
  assert.equal(rig.client.said.at(-1), 'end')
  assert.equal(rig.client.sent.includes('Retry-After'), false)
  assertOver(rig, x)
})

test('when no target is left after a pause the retry is given back', () => {
  const rig = rigWith(PAUSED)
  const x = paused(rig)
  rig.balancer.targets.length = 0
  rig.timers.pass(20)
  assert.deepEqual(rig.tallied, ['retry', '503 TARGET_NONE'])
  assertOver(rig, x)
})

test('the body waits with the listener during a pause, and goes whole to the next target', () => {
  const rig = rigWith(PAUSED)
  const x = rig.enter(PUT)
  rig.flow.targetReady(x)
  clientSends(rig, x, 'abc')
  targetAnswers(rig, x, BUSY, 0)
  assert.deepEqual(rig.client.said, ['go', 'pause'])
  rig.timers.pass(20)
  rig.flow.targetReady(x)
  assert.equal(rig.client.said.at(-1), 'go')
  clientSends(rig, x, 'def')
  rig.flow.requestEnd(x)
  assert.deepEqual(rig.transport.said.slice(2), ['abort', 'send b:1', 'body abc', 'body def', 'end'])
})

test('body that an engine still hands over during a pause is kept, and the engine told again', () => {
  const rig = rigWith(PAUSED)
  const x = paused(rig, PUT)
  clientSends(rig, x, 'abc')
  assert.equal(rig.client.said.at(-1), 'pause')
  clientSends(rig, x, 'def')
  rig.flow.requestEnd(x)
  rig.timers.pass(20)
  rig.flow.targetReady(x)
  assert.deepEqual(rig.transport.said, ['send a:1', 'abort', 'send b:1', 'body abcdef', 'end'])
})

test('a try that takes too long is given up for another target', () => {
  const rig = rigWith({ perTryTimeoutMs: 100 })
  const x = rig.enter()
  rig.timers.pass(99)
  assert.deepEqual(rig.transport.said, ['send a:1'])
  rig.timers.pass(1)
  assert.deepEqual(rig.transport.said, ['send a:1', 'abort', 'send b:1'])
  assert.equal(x.freshOnly, true, 'not behind the one that hangs, where connections are shared')
  targetAnswers(rig, x, FINE, 0)
  assert.equal(rig.timers.count, 0, 'the time is that of the head')
  rig.flow.targetEnd(x)
  assert.deepEqual(rig.tallied, ['retry', '200 NONE'])
  assertOver(rig, x)
})

test('the time of a try does not run out while the client still sends, as it does while nothing is connected', () => {
  for (const [sentMs, said] of [
    [7, ['send a:1']],
    [0, ['send a:1', 'abort', 'send b:1']],
  ] as const) {
    const rig = rigWith({ perTryTimeoutMs: 100 })
    const x = rig.enter(PUT)
    x.sentMs = sentMs
    rig.timers.pass(100)
    assert.deepEqual(rig.transport.said, said)
    rig.flow.requestEnd(x)
    rig.timers.pass(100)
    assert.equal(
      rig.transport.said.filter((line) => line.startsWith('send')).length,
      said.length === 1 ? 2 : 3,
    )
  }
})

test('each try has its time anew, and the last one that takes too long is a 504', () => {
  const rig = rigWith({ perTryTimeoutMs: 100, ...PAUSED })
  const x = rig.enter()
  rig.timers.pass(100 + 20 + 100 + 40 + 99)
  assert.equal(rig.transport.said.filter((line) => line.startsWith('send')).length, 3)
  assert.deepEqual(rig.tallied, ['retry', 'retry'])
  rig.timers.pass(1)
  assert.deepEqual(rig.tallied, ['retry', 'retry', '504 TARGET_TRY_TIMEOUT'])
  assertOver(rig, x)
})

test('a try out of time is not repeated where it may act twice, or where time is no condition', () => {
  for (const [text, policy] of [
    [PUT.replace('PUT', 'POST'), {}],
    [undefined, { onTimeout: false }],
  ] as const) {
    const rig = rigWith({ perTryTimeoutMs: 100, ...policy })
    const x = rig.enter(text)
    rig.timers.pass(100)
    assert.deepEqual(rig.tallied, ['504 TARGET_TRY_TIMEOUT'])
    assert.deepEqual(rig.transport.said, ['send a:1', 'abort'])
    assertOver(rig, x)
  }
})

test('the time of a try is called off by whatever ends the try', () => {
  const ends: readonly ((rig: FlowRig, x: Exchange) => void)[] = [
    (rig, x) => targetAnswers(rig, x, FINE, 5),
    (rig, x) => targetAnswers(rig, x, BUSY, 5),
    (rig, x) => rig.flow.targetFault(x, faults.TARGET_INVALID),
    (rig, x) => rig.flow.clientGone(x, faults.CLIENT_GONE),
    (rig, x) => rig.flow.refuse(x, faults.REQUEST_MALFORMED),
  ]
  for (const end of ends) {
    const rig = rigWith({ perTryTimeoutMs: 100 })
    const x = rig.enter(PUT)
    assert.equal(rig.timers.count, 1)
    end(rig, x)
    assert.equal(rig.timers.count, 0)
    assert.equal(x.timer, null)
  }
})

test('a declined answer calls off the time of its try, and the next has its own', () => {
  const rig = rigWith({ perTryTimeoutMs: 100, statuses: [503] })
  const x = rig.enter()
  rig.timers.pass(60)
  targetAnswers(rig, x, BUSY, 0)
  assert.equal(rig.timers.count, 1)
  rig.timers.pass(60)
  assert.deepEqual(rig.transport.said, ['send a:1', 'abort', 'send b:1'])
})

test('a try that fails while it is sent leaves no timer behind', () => {
  const rig = rigWith({ perTryTimeoutMs: 100 })
  rig.transport.failsWith = faults.TARGET_QUEUE_FULL
  const x = rig.enter()
  assert.deepEqual(rig.transport.said, ['send a:1', 'send b:1', 'send a:1'])
  assertOver(rig, x)
})

test('an exchange that a plugin holds on to after its client has gone has no timer', () => {
  const rig = rigWith({ perTryTimeoutMs: 100, ...PAUSED }, { plugins: [{ onRequest: () => WAIT }] })
  const x = rig.enter()
  rig.flow.clientGone(x, faults.CLIENT_GONE)
  assert.equal(x.stage, STAGE_ABANDONED)
  rig.flow.resume(x)
  assertOver(rig, x)
  assert.deepEqual(rig.transport.said, [])
})
