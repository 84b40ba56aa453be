/** Whether enough of an upstream is left: Kong's threshold refuses, Envoy's panic serves all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answersOf,
  buildGroup,
  countHits,
  exchangeOf,
  makeBalancerRig,
  OUTLIERS,
  UPSTREAM,
} from '../../../../test/kit/balancer-rig.ts'
import { faults } from '../../../base/faults.ts'
import { buildUpstream } from '../build.ts'

function open(threshold: number, panic: number, weights: readonly number[]) {
  const rig = makeBalancerRig()
  const outlier_detection = panic > 0 ? { ...OUTLIERS, panic_threshold: panic } : null
  const healthchecks = { ...UPSTREAM.healthchecks, threshold }
  const group = buildGroup(rig, { healthchecks, outlier_detection }, weights)
  let nowMs = 1000
  /** Takes these targets out and the others in, and turns the clock. */
  const out = (...places: number[]) => {
    for (const target of group.targets) target.state.setHealthy(!places.includes(target.place), nowMs)
    rig.now(++nowMs)
  }
  return { group, out }
}

test('an upstream serves only while more of its weight than the threshold is usable', () => {
  const { group, out } = open(50, 0, [2, 1, 1])
  out(1)
  assert.ok(group.pick(exchangeOf()))
  out(1, 2)
  assert.equal(group.pick(exchangeOf()), null)
  assert.equal(group.refusal, faults.TARGET_NONE)
  out(2)
  assert.ok(group.pick(exchangeOf()))
})

test('a threshold of 0 asks only for one that is usable', () => {
  const { group, out } = open(0, 0, [1, 1])
  out(0)
  assert.deepEqual(countHits(group, 4), { '10.0.0.1:80': 4 })
  out(0, 1)
  assert.equal(group.pick(exchangeOf()), null)
})

test('while fewer targets than the panic threshold are usable all with weight get traffic', () => {
  const { group, out } = open(0, 50, [1, 1, 1, 1, 0, 0])
  out(0, 1)
  assert.deepEqual(Object.keys(countHits(group, 8)).sort(), ['10.0.0.2:80', '10.0.0.3:80'])
  out(0, 1, 2)
  assert.deepEqual(countHits(group, 8), {
    '10.0.0.0:80': 2,
    '10.0.0.1:80': 2,
    '10.0.0.2:80': 2,
    '10.0.0.3:80': 2,
  })
  out(0, 1, 2, 3)
  assert.equal(Object.keys(countHits(group, 8)).length, 4)
  out(0)
  assert.deepEqual(Object.keys(countHits(group, 9)).sort(), ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'])
})

test('other addresses are looked at anew, also within a turn', () => {
  const rig = makeBalancerRig()
  const upstream = { ...UPSTREAM, healthchecks: { ...UPSTREAM.healthchecks, threshold: 50 } }
  rig.names.update('up.test', answersOf('10.0.0.1'))
  const group = buildUpstream(upstream, [{ target: 'up.test:80', weight: 1 }], rig.tools)
  group.targets[0]!.state.setHealthy(false, 1000)
  assert.equal(group.pick(exchangeOf()), null)
  rig.names.update('up.test', answersOf('10.0.0.2'))
  assert.ok(group.pick(exchangeOf()))
})

test('a threshold is asked before a panic', () => {
  const { group, out } = open(30, 50, [1, 1, 1, 1])
  out(0, 1, 2)
  assert.equal(group.pick(exchangeOf()), null)
})
