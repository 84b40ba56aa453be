/** An exchange that a plugin sends another way: who picks, who is told, and how it comes back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeBalancer, makeFlowRig, makeTarget, targetAnswers } from '../../test/kit/flow-rig.ts'
import { faults } from '../base/faults.ts'
import type { Exchange } from '../contract/exchange.ts'
import { NEXT, type Verdict } from '../contract/plugin.ts'

function open(others: FakeBalancer, fallsBack: boolean) {
  const left: Exchange[] = []
  const detour = { balancer: others, fallsBack, left: (x: Exchange) => left.push(x) }
  const plugin = {
    onRequest(x: Exchange): Verdict {
      x.detour = detour
      return NEXT
    },
  }
  return { rig: makeFlowRig({ plugins: [plugin], targets: [makeTarget('own:1')] }), left }
}

test('all tries are picked the other way, and only its balancer is told of them', () => {
  const others = new FakeBalancer([makeTarget('other:1'), makeTarget('other:2')])
  const { rig, left } = open(others, true)
  const x = rig.enter()
  rig.flow.targetFault(x, faults.TARGET_CONNECT)
  assert.equal(others.retriesHeld, 1)
  targetAnswers(rig, x, 'HTTP/1.1 200 OK\nContent-Length: 0\n', 0)
  rig.flow.targetEnd(x)
  assert.deepEqual(others.said, ['other:1 failed', 'other:2 ok'])
  assert.equal(others.retriesHeld, 0)
  assert.deepEqual(rig.balancer.said, [])
  assert.deepEqual(left, [])
})

test('without a target there nobody answers, with the other balancer’s reason', () => {
  const others = new FakeBalancer([])
  others.refusal = faults.CIRCUIT_OPEN
  const { rig } = open(others, false)
  rig.enter()
  assert.deepEqual(rig.tallied, ['503 CIRCUIT_OPEN'])
  assert.deepEqual(rig.balancer.said, [])
})

test('where it may fall back the service’s own targets get it, and the plugin is told', () => {
  const { rig, left } = open(new FakeBalancer([]), true)
  const x = rig.enter()
  assert.deepEqual(left, [x])
  targetAnswers(rig, x, 'HTTP/1.1 200 OK\nContent-Length: 0\n', 0)
  rig.flow.targetEnd(x)
  assert.deepEqual(rig.balancer.said, ['own:1 ok'])
})

test('a retry that falls back gives back what the other way held for it', () => {
  const others = new FakeBalancer([makeTarget('other:1')])
  const { rig, left } = open(others, true)
  const x = rig.enter()
  others.targets.length = 0
  rig.flow.targetFault(x, faults.TARGET_CONNECT)
  assert.equal(others.retriesHeld, 0)
  assert.deepEqual(left, [x])
  targetAnswers(rig, x, 'HTTP/1.1 200 OK\nContent-Length: 0\n', 0)
  rig.flow.targetEnd(x)
  assert.deepEqual(others.said, ['other:1 failed'])
  assert.deepEqual(rig.balancer.said, ['own:1 ok'])
})
