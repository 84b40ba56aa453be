/** Two targets are drawn, the one with less under way is taken. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildGroup, countHits, exchangeOf, makeBalancerRig } from '../../../../test/kit/balancer-rig.ts'
import { makeShared } from '../../../../test/kit/plugin-host.ts'
import { faults } from '../../../base/faults.ts'

function open(weights: readonly number[], shared = makeShared({ sharedTargets: 200 }), seed = 0.3) {
  return buildGroup(
    makeBalancerRig(() => seed, shared),
    { algorithm: 'least-request' },
    weights,
  )
}

test('of two targets both are compared, each time', () => {
  const group = open([1, 1])
  for (let i = 0; i < 100; i++) group.targets[0]!.state.begin()
  // Two draws in 128 name the busy one eight times in a row.
  assert.ok((countHits(group, 400)['10.0.0.0:80'] ?? 0) < 20)
})

test('requests that stay spread evenly', () => {
  const group = open(new Array<number>(50).fill(1))
  for (let i = 0; i < 1000; i++) group.pick(exchangeOf())
  const loads = group.targets.map((target) => target.inFlight)
  assert.ok(Math.max(...loads) <= 24 && Math.min(...loads) >= 14, loads.join(' '))
})

test('weights divide what is under way', () => {
  const group = open([1, 4])
  for (let i = 0; i < 100; i++) group.pick(exchangeOf())
  const [light, heavy] = group.targets.map((target) => target.inFlight)
  assert.ok(heavy! > 2 * light!, `${light} ${heavy}`)
})

test('what other workers have under way counts, and is given back', () => {
  const shared = makeShared()
  const [one, other] = [open([1, 1], shared), open([1, 1], shared, 0.7)]
  const x = exchangeOf()
  const target = one.pick(x)!
  assert.equal(other.targets[target.place]!.state.inFlight, 1)
  assert.equal(other.targets[target.place]!.inFlight, 0)
  one.done(x, target, faults.NONE)
  assert.equal(other.targets[target.place]!.state.inFlight, 0)
})

test('the only usable one among many is found', () => {
  const group = open(new Array<number>(100).fill(1))
  for (const target of group.targets) target.state.setHealthy(target.place === 7, 0)
  for (let i = 0; i < 20; i++) assert.equal(group.pick(exchangeOf())!.place, 7)
  group.targets[7]!.state.setHealthy(false, 0)
  assert.equal(group.pick(exchangeOf()), null)
})

test('a retry goes to what has not been tried', () => {
  const group = open([1, 1, 1])
  const x = exchangeOf()
  for (let i = 0; i < 6; i++) x.tried.push(group.pick(x)!)
  assert.equal(new Set(x.tried.slice(0, 3)).size, 3)
  assert.equal(new Set(x.tried.slice(3)).size, 3)
})
