/** What traffic says about targets: limits, statuses, faults, and who is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answerWith,
  buildGroup,
  exchangeOf,
  makeBalancerRig,
  UPSTREAM,
} from '../../../../test/kit/balancer-rig.ts'
import { makeShared } from '../../../../test/kit/plugin-host.ts'
import { type Fault, faultList, faults } from '../../../base/faults.ts'
import { WAITED_IN_VAIN } from '../../../contract/target.ts'
import type { GroupBalancer } from '../group-balancer.ts'
import { BROKE, kindOf, SAYS_NOTHING, TIMED_OUT } from './fault-kind.ts'

const OFF = UPSTREAM.healthchecks.passive

function open(unhealthy: Partial<typeof OFF.unhealthy>, successes = 0, shared = makeShared()) {
  const rig = makeBalancerRig(undefined, shared)
  const passive = {
    healthy: { ...OFF.healthy, successes },
    unhealthy: { ...OFF.unhealthy, ...unhealthy },
  }
  return { rig, group: buildGroup(rig, { healthchecks: { threshold: 0, passive } }, [1]) }
}

function tries(group: GroupBalancer, ...ends: (number | Fault)[]): void {
  for (const end of ends) {
    const x = exchangeOf()
    const target = group.pick(x)
    assert.ok(target !== null, 'the target is still in')
    if (typeof end === 'number') answerWith(group, x, target, end)
    else group.done(x, target, end)
  }
}

const isOut = (group: GroupBalancer) => group.pick(exchangeOf()) === null

test('a target is out after exactly http_failures statuses of its list; others say nothing', () => {
  const { rig, group } = open({ http_failures: 3 })
  tries(group, 500, 404, 500, 502, 429)
  assert.ok(isOut(group))
  assert.equal(group.refusal, faults.TARGET_NONE)
  assert.deepEqual(
    rig.log.filter((line) => line.includes('"address":"10.0.0.0:80"')).map((line) => line.slice(0, 30)),
    ['warn a target is unhealthy: it'],
  )
})

test('what one worker learns another heeds at once', () => {
  const shared = makeShared()
  const [one, other] = [open({ http_failures: 2 }, 0, shared), open({ http_failures: 2 }, 0, shared)]
  tries(one.group, 500)
  tries(other.group, 500)
  assert.ok(isOut(one.group))
  assert.deepEqual([one.rig.log.length, other.rig.log.length], [0, 1])
})

test('a success forgets failures only where successes are counted', () => {
  const forgetting = open({ http_failures: 2 }, 1).group
  tries(forgetting, 500, 200, 500, 200, 500, 200)
  const strict = open({ http_failures: 2 }).group
  tries(strict, 500, 200, 500)
  assert.ok(isOut(strict))
})

test('lost connections and silence have limits of their own, and a client that leaves has none', () => {
  for (const [limit, fault] of [
    ['tcp_failures', faults.TARGET_RESET],
    ['tcp_failures', faults.TARGET_CONNECT],
    ['timeouts', faults.TARGET_READ_TIMEOUT],
    ['timeouts', faults.TARGET_TRY_TIMEOUT],
  ] as const) {
    const { group } = open({ [limit]: 2 })
    const other = fault === faults.TARGET_RESET ? faults.TARGET_READ_TIMEOUT : faults.CLIENT_GONE
    tries(group, fault, other, other, other, fault)
    assert.ok(isOut(group), `${limit} ${fault.code}`)
  }
})

test('without limits nothing is judged', () => {
  const { group } = open({})
  tries(group, ...Array.from({ length: 300 }, () => 500), faults.TARGET_RESET, faults.TARGET_READ_TIMEOUT)
})

test('faults of ours, of the client and of the configuration say nothing of a target', () => {
  const x = exchangeOf()
  const judged = faultList.filter((fault) => kindOf(x, fault) !== SAYS_NOTHING).map((fault) => fault.code)
  assert.deepEqual(judged.sort(), [
    'TARGET_CONNECT',
    'TARGET_CONNECT_TIMEOUT',
    'TARGET_INVALID',
    'TARGET_READ_TIMEOUT',
    'TARGET_RESET',
    'TARGET_TLS',
    'TARGET_TRY_TIMEOUT',
    'TARGET_WRITE_TIMEOUT',
  ])
  assert.equal(kindOf(x, faults.TARGET_TRY_TIMEOUT), TIMED_OUT)
})

test('a kept connection that died without a word says nothing; a new one does, and so does half an answer', () => {
  const x = exchangeOf()
  x.reused = true
  assert.equal(kindOf(x, faults.TARGET_RESET), SAYS_NOTHING)
  assert.equal(kindOf(x, faults.TARGET_READ_TIMEOUT), TIMED_OUT)
  x.firstByteMs = 1
  assert.equal(kindOf(x, faults.TARGET_RESET), BROKE)
  x.firstByteMs = 0
  x.freshOnly = true
  assert.equal(kindOf(x, faults.TARGET_RESET), BROKE)
})

test('a wait in our own queue is not the target’s failure, and the next try is judged again', () => {
  const { group } = open({ timeouts: 1 })
  const x = exchangeOf()
  const target = group.pick(x)!
  x.holds |= WAITED_IN_VAIN
  group.done(x, target, faults.TARGET_CONNECT_TIMEOUT)
  group.done(x, group.pick(x)!, faults.TARGET_CONNECT_TIMEOUT)
  assert.ok(isOut(group))
})
