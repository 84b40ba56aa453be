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
import { buildBalancer } from '../build.ts'

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
    group.done(x, target, true)
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
        if (kind === 'health') subject.healthy = !subject.healthy
        else if (kind === 'done' && underWay.length > 0)
          group.done(exchangeOf(), underWay.splice(which % underWay.length, 1)[0]!, true)
        else {
          const usable = group.targets.filter((target) => target.healthy && target.weight > 0)
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

test('targets that recover among many that are out are taken again', () => {
  const group = balancer(new Array<number>(100).fill(1))
  for (const target of group.targets) target.healthy = false
  group.targets[0]!.healthy = true
  for (let i = 0; i < 20; i++) assert.equal(group.pick(exchangeOf()), group.targets[0])
  for (const target of group.targets) target.healthy = true
  const picked = new Set(Array.from({ length: 107 }, () => group.pick(exchangeOf())))
  assert.equal(picked.size, 100 - 1)
})

test('a retry skips what has failed in this request, and forgets that once all have', () => {
  const group = balancer([5, 1, 1])
  const x = exchangeOf()
  for (let i = 0; i < 6; i++) {
    const target = group.pick(x)!
    group.done(x, target, false)
    x.tried.push(target)
  }
  assert.equal(new Set(x.tried.slice(0, 3)).size, 3)
  assert.equal(new Set(x.tried.slice(3)).size, 3)
})

function balancer(weights: readonly number[]) {
  const targets = weights.map((weight, i) => ({ target: `10.0.0.${i}:80`, weight }))
  const service = { host: 'up', port: 80, protocol: 'http', tlsVerify: false }
  const upstream = { ...UPSTREAM, algorithm: 'least-connections' as const }
  return buildBalancer({ service, upstream, targets, tools: makeBalancerRig().tools })
}
