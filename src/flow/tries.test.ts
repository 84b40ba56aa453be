/** Whatever targets do, and whenever the client leaves: so many sends and no more, one answer, nothing left behind. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type FlowRig,
  makeFlowRig,
  makeRetryPolicy,
  makeTarget,
  targetAnswers,
} from '../../test/kit/flow-rig.ts'
import { type FaultCode, faults } from '../base/faults.ts'
import { type Exchange, STAGE_DONE } from '../contract/exchange.ts'

const FAILURES: readonly FaultCode[] = [
  'TARGET_CONNECT',
  'TARGET_CONNECT_TIMEOUT',
  'TARGET_TLS',
  'TARGET_RESET',
  'TARGET_READ_TIMEOUT',
  'TARGET_QUEUE_FULL',
  'TARGET_INVALID',
  'UPSTREAM_OVERFLOW',
]

const outcome = fc.oneof(
  fc.record({ status: fc.constantFrom(200, 409, 500, 503) }),
  fc.record({ fault: fc.constantFrom(...FAILURES), isReused: fc.boolean() }),
  fc.record({ waitMs: fc.integer({ min: 1, max: 200 }) }),
)
type Outcome = { status: number } | { fault: FaultCode; isReused: boolean } | { waitMs: number }

const policy = fc.record({
  statuses: fc.subarray([409, 500, 503]),
  onConnectFailure: fc.boolean(),
  onReset: fc.boolean(),
  onTimeout: fc.boolean(),
  nonIdempotent: fc.boolean(),
  perTryTimeoutMs: fc.constantFrom(0, 50),
  backOffBaseMs: fc.constantFrom(0, 30),
  backOffMaxMs: fc.constant(100),
})

const story = fc.record({
  policy: fc.option(policy, { nil: null }),
  retries: fc.integer({ min: 0, max: 4 }),
  method: fc.constantFrom('GET', 'POST'),
  random: fc.constantFrom(0, 0.5, 0.99),
  outcomes: fc.array(outcome, { maxLength: 12 }),
  /** Before this outcome the client leaves. */
  leavesAt: fc.option(fc.nat(12), { nil: -1 }),
  budget: fc.nat(5),
})

function act(rig: FlowRig, x: Exchange, what: Outcome): void {
  if ('waitMs' in what) return rig.timers.pass(what.waitMs)
  // During a pause no target has anything to say.
  if (x.target === null) return
  if ('status' in what) {
    targetAnswers(rig, x, `HTTP/1.1 ${what.status} So\n`, 0)
    if (x.stage !== STAGE_DONE && x.carrier === rig.transport && x.proxied) rig.flow.targetEnd(x)
    return
  }
  x.reused = what.isReused
  x.carrier = null
  rig.flow.targetFault(x, faults[what.fault])
}

test('sends are bounded by `retries`, every client gets one answer, and nothing is left behind', () => {
  fc.assert(
    fc.property(story, ({ policy, retries, method, random, outcomes, leavesAt, budget }) => {
      const rig = makeFlowRig({
        random: () => random,
        targets: [makeTarget('a:1'), makeTarget('b:1'), makeTarget('c:1')],
        service: { retries, retryPolicy: policy === null ? null : makeRetryPolicy(policy) },
      })
      const x = rig.enter(`${method} / HTTP/1.1\nHost: a\n`)
      for (const [i, what] of outcomes.entries()) {
        rig.balancer.hasRetries = i < budget
        if (i === leavesAt) rig.flow.clientGone(x, faults.CLIENT_GONE)
        if (x.stage >= STAGE_DONE) break
        act(rig, x, what)
      }
      rig.timers.pass(10_000)
      if (x.stage < STAGE_DONE) act(rig, x, { status: 200 })

      const sends = rig.transport.said.filter((line) => line.startsWith('send')).length
      const free = outcomes.some((what) => 'fault' in what && what.fault === 'TARGET_RESET' && what.isReused)
      assert.ok(sends <= retries + 1 + (free ? 1 : 0), `${sends} sends`)
      assert.equal(rig.tallied.filter((line) => line !== 'retry').length, 1, 'logged once')
      const isGone = x.fault === faults.CLIENT_GONE
      assert.equal(rig.client.said.filter((line) => line.startsWith('head')).length, isGone ? 0 : 1)
      assert.equal(rig.client.said.filter((line) => line === 'end').length, isGone ? 0 : 1)
      assert.equal(rig.balancer.said.length, sends, 'the balancer is told of each try once')
      assert.equal(rig.balancer.retriesHeld, 0)
      assert.equal(rig.timers.count, 0)
    }),
    { numRuns: 2000 },
  )
})
