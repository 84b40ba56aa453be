/** A plan lives as long as it is in use, or an exchange that began with it is under way, and is closed once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { exchangeOf } from '../../test/kit/balancer-rig.ts'
import { makePlan } from '../../test/kit/flow-rig.ts'
import type { Exchange } from '../contract/exchange.ts'
import { Plans } from './plans.ts'

test('a plan that nobody uses is closed when it is replaced', () => {
  const plans = new Plans()
  const [first, second] = [makePlan(null), makePlan(null)]
  plans.swap(first)
  assert.equal(plans.current, first)
  plans.swap(second)
  assert.deepEqual([first.closed, second.closed, plans.current], [1, 0, second])
})

test('an exchange ends with the plan it began with', () => {
  const plans = new Plans()
  const old = makePlan(null)
  plans.swap(old)
  const [one, two] = [exchangeOf(), exchangeOf()]
  plans.enter(one)
  plans.enter(two)
  plans.swap(makePlan(null))
  plans.leave(one)
  assert.equal(old.closed, 0)
  plans.leave(two)
  assert.equal(old.closed, 1)
})

test('there is no plan before the first one is loaded', () => {
  assert.throws(() => new Plans().current, /a plan is loaded/)
})

test('whatever the order of requests and reloads, a plan is closed exactly when its last exchange has left', () => {
  const steps = fc.array(fc.constantFrom('enter', 'leave', 'swap'), { maxLength: 60 })
  fc.assert(
    fc.property(steps, (todo) => {
      const plans = new Plans()
      const all = [makePlan(null)]
      plans.swap(all[0]!)
      const under: Exchange[] = []
      for (const step of todo) {
        if (step === 'swap') {
          all.push(makePlan(null))
          plans.swap(all.at(-1)!)
        } else if (step === 'enter') {
          under.push(exchangeOf())
          plans.enter(under.at(-1)!)
        } else if (under.length > 0) plans.leave(under.shift()!)
        for (const plan of all) {
          const isUsed = plan === plans.current || under.some((x) => x.plan === plan)
          assert.equal(plan.closed, isUsed ? 0 : 1)
        }
      }
    }),
  )
})
