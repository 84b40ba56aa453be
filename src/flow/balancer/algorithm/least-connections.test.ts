/** The least loaded target gets the next request. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  countHits,
  exchangeOf,
  makeBalancerRig,
  nameOf,
  UPSTREAM,
} from '../../../../test/kit/balancer-rig.ts'
import { makeShared } from '../../../../test/kit/plugin-host.ts'
import { faults } from '../../../base/faults.ts'
import { buildBalancer } from '../build.ts'
import { SCAN_MAX } from './least-connections.ts'

test('the target with the fewest exchanges under way for its weight is next', () => {
  const group = balancer([1, 2])
  const picked = Array.from({ length: 6 }, () => nameOf(group.pick(exchangeOf())))
  assert.equal(picked.filter((name) => name === '10.0.0.1:80').length, 4)
  assert.deepEqual(
    group.targets.map((target) => target.inFlight),
    [2, 4],
  )
})

test('a target whose exchanges end sooner gets more', () => {
  const group = balancer([1, 1])
  const x = exchangeOf()
  const slow = group.pick(x)!
  for (let i = 0; i < 10; i++) {
    const target = group.pick(x)!
    assert.notEqual(target, slow)
    group.done(x, target, faults.NONE)
  }
})

test('idle targets of equal weight take turns', () => {
  assert.deepEqual(Object.values(countHits(balancer([1, 1, 1, 1, 1]), 50)), [10, 10, 10, 10, 10])
})

test('every pick is a minimum of (inFlight + 1) / weight over what is usable, after any history', () => {
  const step = fc.record({ kind: fc.constantFrom('pick', 'done', 'health'), which: fc.nat(1000) })
  const weights = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(weights, fc.array(step, { maxLength: 80 }), (w, steps) => {
      const group = balancer(w)
      const underWay: ReturnType<typeof group.pick>[] = []
      for (const { kind, which } of steps) {
        const subject = group.targets[which % group.targets.length]!
        if (kind === 'health') subject.state.setHealthy(subject.state.isOut, 0)
        else if (kind === 'done' && underWay.length > 0)
          group.done(exchangeOf(), underWay.splice(which % underWay.length, 1)[0]!, faults.NONE)
        else {
          const usable = group.targets.filter((target) => !target.state.isOut && target.weight > 0)
          const least = Math.min(...usable.map((target) => (target.inFlight + 1) / target.weight))
          const picked = group.pick(exchangeOf())
          assert.equal(picked === null, usable.length === 0)
          if (picked === null) continue
          assert.ok(usable.includes(picked))
          assert.equal(picked.inFlight / picked.weight, least)
          underWay.push(picked)
        }
      }
      assert.equal(
        group.targets.reduce((sum, target) => sum + target.inFlight, 0),
        underWay.length,
      )
    }),
  )
})

test('one usable target among many is found, and those that recover are taken again', () => {
  const group = balancer(new Array<number>(100).fill(1))
  for (const target of group.targets) target.state.setHealthy(false, 0)
  group.targets[0]!.state.setHealthy(true, 0)
  for (let i = 0; i < 20; i++) assert.equal(group.pick(exchangeOf()), group.targets[0])
  for (const target of group.targets) target.state.setHealthy(true, 0)
  const picked = Array.from({ length: 300 }, () => group.pick(exchangeOf())!)
  assert.ok(!picked.includes(group.targets[0]!), 'it has more under way than any other')
  assert.ok(new Set(picked).size >= 97, 'and all others get some')
})

test('above SCAN_MAX targets the load stays as even as a comparison of a few makes it', () => {
  const group = balancer(new Array<number>(4 * SCAN_MAX).fill(1))
  for (let i = 0; i < 40 * SCAN_MAX; i++) group.pick(exchangeOf())
  const loads = group.targets.map((target) => target.inFlight)
  assert.ok(Math.max(...loads) <= 12 && Math.min(...loads) >= 7, loads.join(' '))
  assert.ok(new Set(loads).size > 1, 'not all are compared')
})

test('what is under way in another worker counts', () => {
  const shared = makeShared({ workers: 2 })
  const [one, other] = [balancer([1, 1], shared), balancer([1, 1], shared)]
  for (let i = 0; i < 9; i++) {
    ;(i % 3 === 0 ? other : one).pick(exchangeOf())
    const loads = one.targets.map((target) => target.state.inFlight)
    assert.ok(Math.abs(loads[0]! - loads[1]!) <= 1, loads.join(' '))
  }
  assert.deepEqual(
    other.targets.map((target) => target.state.inFlight),
    one.targets.map((target) => target.state.inFlight),
  )
})

test('a retry skips what has failed in this request, and forgets that once all have', () => {
  const group = balancer([5, 1, 1])
  const x = exchangeOf()
  for (let i = 0; i < 6; i++) {
    const target = group.pick(x)!
    group.done(x, target, faults.TARGET_RESET)
    x.tried.push(target)
  }
  assert.equal(new Set(x.tried.slice(0, 3)).size, 3)
  assert.equal(new Set(x.tried.slice(3)).size, 3)
})

function balancer(weights: readonly number[], shared = makeShared({ sharedTargets: 200 })) {
  const targets = weights.map((weight, i) => ({ target: `10.0.0.${i}:80`, weight }))
  const service = { host: 'up', port: 80, protocol: 'http' }
  const upstream = { ...UPSTREAM, algorithm: 'least-connections' as const }
  return buildBalancer({ service, upstream, targets, tools: makeBalancerRig(() => 0, shared).tools })
}
