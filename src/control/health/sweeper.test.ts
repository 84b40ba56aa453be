/** What a sweep does to ejections and to those that answer worse than the others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeGroup, makeTarget, makeTools, makeUpstream, OUTLIERS } from '../../../test/kit/health-rig.ts'
import type { OutlierDetectionRecord } from '../../config/model.ts'
import { ejectTarget } from '../../flow/balancer/outliers/eject.ts'
import type { WatchedTarget } from './group.ts'
import { Sweeper } from './sweeper.ts'

const LIMITS = { consecutive5xx: 0, consecutiveGateway: 0, consecutiveLocal: 0, splitLocal: false }

function rig(count: number, fields: Partial<OutlierDetectionRecord> = {}, random = () => 0.5) {
  const kit = makeTools(random)
  const settings = { ...OUTLIERS, ...fields }
  const upstream = makeUpstream({ outlier_detection: settings })
  const targets = Array.from({ length: count }, (_, i) => makeTarget(`10.0.0.${i + 1}:80`))
  const group = makeGroup(targets)
  const state = group.state!
  const sweeper = new Sweeper({ ...kit, upstream, settings, group, state, before: null })
  const eject = (target: WatchedTarget) =>
    ejectTarget(state, target.state, settings, { hosts: count, nowMs: kit.timers.now() })
  return { ...kit, targets, group, state, sweeper, eject }
}

function serve(target: WatchedTarget, good: number, bad: number): void {
  for (let i = 0; i < good; i++) target.state.onResponse(200, LIMITS)
  for (let i = 0; i < bad; i++) target.state.onResponse(500, LIMITS)
}

test('an ejection ends with the first sweep after its time, and gives its place back', async () => {
  const { timers, targets, state, eject, logged } = rig(2)
  const [first] = targets
  assert.equal(eject(first!), true)
  await timers.pass(29_999)
  assert.equal(first!.state.isEjected, true)
  await timers.pass(10_001)
  assert.equal(first!.state.isEjected, false)
  assert.equal(state.ejected, 0)
  assert.match(logged[0]!, /^notice a target is no longer ejected .*"target":"10.0.0.1:80"/)
})

test('the second ejection lasts longer, and quiet intervals make the next one shorter again', async () => {
  const { timers, targets, eject } = rig(2)
  const state = targets[0]!.state
  eject(targets[0]!)
  await timers.pass(35_000)
  assert.equal(state.isEjected, false)
  eject(targets[0]!)
  await timers.pass(50_000)
  assert.equal(state.isEjected, true)
  await timers.pass(20_000)
  assert.equal(state.isEjected, false)
  await timers.pass(30_000)
  assert.equal(state.multiplier, 0)
})

test('who answers far worse than four others is ejected, and the interval starts anew', async () => {
  const { timers, targets, logged } = rig(5)
  for (const target of targets) serve(target, 10, 0)
  serve(targets[2]!, 0, 10)
  await timers.pass(5000)
  assert.deepEqual(
    targets.map(({ state }) => state.isEjected),
    [false, false, true, false, false],
  )
  assert.match(logged[0]!, /^warn a target is ejected .*"reason":"success_rate","requests":20,"good":10/)
  targets[0]!.state.takeInterval()
  assert.equal(targets[0]!.state.intervalTotal, 0)
})

test('the failure percentage ejects where it is enforced', async () => {
  const enforced = rig(5, { enforcing_success_rate: 0, enforcing_failure_percentage: 100 })
  const not = rig(5, { enforcing_success_rate: 0 })
  for (const { targets, timers } of [enforced, not]) {
    for (const target of targets) serve(target, 10, 0)
    serve(targets[0]!, 0, 90)
    await timers.pass(5000)
  }
  assert.equal(enforced.targets[0]!.state.isEjected, true)
  assert.equal(not.targets[0]!.state.isEjected, false)
})

test('no more targets are ejected than the upstream allows', async () => {
  const fields = { enforcing_success_rate: 0, enforcing_failure_percentage: 100, max_ejection_percent: 40 }
  const { timers, targets, state } = rig(5, fields)
  for (const target of targets) serve(target, 0, 20)
  await timers.pass(5000)
  assert.equal(targets.filter((target) => target.state.isEjected).length, 2)
  assert.equal(state.ejected, 2)
})

test('a target that left while ejected no longer takes up a place', async () => {
  const { timers, group, targets, state, eject } = rig(2)
  eject(targets[0]!)
  group.targets = [targets[1]!]
  await timers.pass(5000)
  assert.equal(state.ejected, 0)
})
