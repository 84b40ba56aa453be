/** What has just come, or come back, gets its share step by step. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answersOf,
  buildGroup,
  countHits,
  exchangeOf,
  makeBalancerRig,
  UPSTREAM,
} from '../../../../test/kit/balancer-rig.ts'
import { buildUpstream } from '../build.ts'
import type { BalancerUpstream } from '../upstream-input.ts'

const SLOW = { window: 10, aggression: 1, min_weight_percent: 10 }
type Algorithm = BalancerUpstream['algorithm']

test('a target that is back gets the share its age gives it, at least the least one', () => {
  const rig = makeBalancerRig()
  const group = buildGroup(rig, { slow_start: SLOW })
  group.targets[0]!.state.setHealthy(false, 1000)
  group.targets[0]!.state.setHealthy(true, 1000)
  // A factor f gives f / (1 + f) of the requests.
  for (const [ms, factor] of [
    [1001, 0.1],
    [3500, 0.25],
    [6000, 0.5],
    [11_000, 1],
  ] as const) {
    rig.now(ms)
    const share = (countHits(group, 1100)['10.0.0.0:80'] ?? 0) / 1100
    assert.ok(Math.abs(share - factor / (1 + factor)) < 0.01, `${ms}: ${share}`)
  }
})

test('aggression bends the way up', () => {
  const rig = makeBalancerRig()
  const group = buildGroup(rig, { slow_start: { ...SLOW, aggression: 2 } })
  group.targets[0]!.state.setHealthy(false, 1000)
  group.targets[0]!.state.setHealthy(true, 1000)
  rig.now(3500)
  const share = countHits(group, 900)['10.0.0.0:80']! / 900
  assert.ok(Math.abs(share - 0.5 / 1.5) < 0.01, `${share}`)
})

test('targets there from the start are warm, those a name or a reload brings later are not', () => {
  const rig = makeBalancerRig()
  const upstream = { ...UPSTREAM, slow_start: SLOW }
  const targets = [{ target: 'up.test:80', weight: 1 }]
  const group = buildUpstream(upstream, targets, rig.tools)
  rig.now(2000)
  rig.names.update('up.test', answersOf('10.0.0.0'))
  assert.equal(group.targets[0]!.state.healthySinceMs, 0, 'the first answer is the start')
  rig.now(3000)
  rig.names.update('up.test', answersOf('10.0.0.0', '10.0.0.1'))
  assert.deepEqual(
    group.targets.map(({ state }) => state.healthySinceMs),
    [0, 3000],
  )
  rig.now(4000)
  const reloaded = buildUpstream(upstream, [...targets, { target: '10.0.0.9:80', weight: 1 }], rig.tools)
  group.close()
  assert.deepEqual(
    reloaded.targets.map(({ state }) => state.healthySinceMs),
    [0, 3000, 4000],
  )
})

test('each algorithm but hashing lets a warming target have less', () => {
  for (const algorithm of ['round-robin', 'least-connections', 'least-request', 'latency'] as Algorithm[]) {
    const rig = makeBalancerRig(() => 0.3)
    const group = buildGroup(rig, { algorithm, slow_start: SLOW })
    group.targets[0]!.state.setHealthy(false, 1000)
    group.targets[0]!.state.setHealthy(true, 1000)
    for (const target of group.targets) target.ewmaMs = target.ewmaAtMs = 1000
    rig.now(2000)
    for (let i = 0; i < 110; i++) group.pick(exchangeOf())
    const [young, warm] = group.targets.map(({ inFlight }) => inFlight)
    assert.ok(young! >= 1 && young! * 4 < warm!, `${algorithm}: ${young} ${warm}`)
  }
})
