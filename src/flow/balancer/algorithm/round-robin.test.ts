/** Exact shares, whatever the weights and whoever is out. */
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

test('weights 10 and 10 share 20 requests 10 to 10', () => {
  assert.deepEqual(countHits(balancer([10, 10]), 20), { '10.0.0.0:80': 10, '10.0.0.1:80': 10 })
})

test('one turn of the wheel gives every target exactly its weight, wherever it starts', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(
      weights,
      fc.integer({ min: 1, max: 5 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (w, scale, at) => {
        const sum = w.reduce((a, b) => a + b, 0)
        const hits = countHits(
          balancer(
            w.map((weight) => weight * scale),
            () => at,
          ),
          sum,
        )
        w.forEach((weight, i) => {
          assert.equal(hits[`10.0.0.${i}:80`] ?? 0, weight)
        })
      },
    ),
  )
})

test('the heaviest target is spread over the turn and never comes in a burst', () => {
  const group = balancer([5, 1, 1])
  const order = Array.from({ length: 7 }, () => nameOf(group.pick(exchangeOf())))
  const runs = order
    .join(' ')
    .match(/(10\.0\.0\.0:80 ?)+/g)!
    .map((run) => run.trim().split(' ').length)
  assert.ok(Math.max(...runs) <= 3, order.join(' '))
})

test('workers start at different places', () => {
  const firsts = [0, 0.3, 0.6, 0.9].map((at) => nameOf(balancer([1, 1, 1, 1], () => at).pick(exchangeOf())))
  assert.equal(new Set(firsts).size, 4)
})

test('targets without weight or health get nothing, and the others keep their shares', () => {
  const group = balancer([10, 20, 0, 30])
  group.targets[1]!.state.setHealthy(false, 0)
  assert.deepEqual(countHits(group, 400), { '10.0.0.0:80': 100, '10.0.0.3:80': 300 })
})

test('shares hold among what is left when most of the weight is out', () => {
  const group = balancer([60_000, 2, 1])
  group.targets[0]!.state.setHealthy(false, 0)
  const hits = countHits(group, 3000)
  assert.ok(Math.abs(hits['10.0.0.1:80']! - 2000) <= 3, JSON.stringify(hits))
})

test('no target is given when all are out, and the first one back gets all', () => {
  const group = balancer([1, 1])
  for (const target of group.targets) target.state.setHealthy(false, 0)
  assert.equal(group.pick(exchangeOf()), null)
  group.targets[1]!.state.setHealthy(true, 0)
  assert.deepEqual(countHits(group, 5), { '10.0.0.1:80': 5 })
})

test('a retry goes to what has not been tried, and starts over once all have been', () => {
  const group = balancer([100, 1, 1])
  const x = exchangeOf()
  for (let i = 0; i < 9; i++) x.tried.push(group.pick(x)!)
  for (let turn = 0; turn < 3; turn++)
    assert.equal(new Set(x.tried.slice(turn * 3, turn * 3 + 3)).size, 3, x.tried.map(nameOf).join(' '))
})

test('weights too large to lay out are still shared in proportion', () => {
  const group = balancer([65_535, 65_534, 65_533, 65_531, 65_529])
  const counts = Object.values(countHits(group, 1000))
  assert.deepEqual(counts, [200, 200, 200, 200, 200])
})

function balancer(weights: readonly number[], random: () => number = () => 0) {
  const targets = weights.map((weight, i) => ({ target: `10.0.0.${i}:80`, weight }))
  const service = { host: 'up', port: 80, protocol: 'http' }
  return buildBalancer({ service, upstream: UPSTREAM, targets, tools: makeBalancerRig(random).tools })
}
