/** Rows are claimed for the addresses there are, and given back when nobody counts in them any more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answersOf,
  buildGroup,
  CIRCUIT,
  exchangeOf,
  makeBalancerRig,
  OUTLIERS,
  UPSTREAM,
} from '../../../../test/kit/balancer-rig.ts'
import { makeShared } from '../../../../test/kit/plugin-host.ts'
import { faults } from '../../../base/faults.ts'
import { buildBalancer, buildUpstream } from '../build.ts'

const NAMED = [{ target: 'up.test:80', weight: 1 }]

test('two balancers of one upstream share what they know of an address; another upstream does not', () => {
  const rig = makeBalancerRig()
  const [one, other] = [buildGroup(rig, {}), buildGroup(rig, {})]
  const stranger = buildGroup(rig, { id: 'up-2' })
  one.targets[0]!.state.setHealthy(false, 0)
  assert.deepEqual(
    [one, other, stranger].map((group) => group.targets.map(({ state }) => state.isOut)),
    [
      [true, false],
      [true, false],
      [false, false],
    ],
  )
})

test('an address that leaves gives its row back, but not before its last exchange is over', () => {
  const rig = makeBalancerRig()
  const rows = rig.tools.shared.targets
  const group = buildUpstream({ ...UPSTREAM, algorithm: 'least-request' }, NAMED, rig.tools)
  rig.names.update('up.test', answersOf('10.0.0.1', '10.0.0.2'))
  assert.equal(rows.taken, 2)
  const x = exchangeOf()
  const target = group.pick(x)!
  rig.names.update('up.test', [])
  assert.equal(rows.taken, 1)
  group.done(x, target, faults.NONE)
  assert.equal(rows.taken, 0)
  assert.equal(target.state.inFlight, 0)
})

test('a new weight keeps the row, and an exchange of before is counted down in it', () => {
  const rig = makeBalancerRig()
  const group = buildUpstream({ ...UPSTREAM, algorithm: 'least-request' }, NAMED, rig.tools)
  const answer = (weight: number) => rig.names.update('up.test', [{ ip: '10.0.0.1', port: 80, weight }])
  answer(1)
  const x = exchangeOf()
  const before = group.pick(x)!
  answer(2)
  assert.notEqual(group.targets[0], before)
  assert.equal(group.targets[0]!.state.inFlight, 1)
  group.done(x, before, faults.NONE)
  assert.equal(group.targets[0]!.state.inFlight, 0)
  assert.equal(rig.tools.shared.targets.taken, 1)
})

test('closing gives all rows back', () => {
  const rig = makeBalancerRig()
  const shared = rig.tools.shared
  const group = buildGroup(rig, { circuit_breaker: CIRCUIT, outlier_detection: OUTLIERS })
  assert.deepEqual([shared.targets.taken, shared.upstreams.taken], [2, 1])
  group.close()
  assert.deepEqual([shared.targets.taken, shared.upstreams.taken], [0, 0])
})

test('a service without an upstream shares nothing', () => {
  const rig = makeBalancerRig()
  const service = { host: '10.0.0.1', port: 80, protocol: 'http' }
  const group = buildBalancer({ service, upstream: null, targets: [], tools: rig.tools })
  assert.deepEqual([rig.tools.shared.targets.taken, group.upstream, group.targets.length], [0, null, 1])
})

test('when the table is full targets still have a state, which only their thread knows', () => {
  const shared = makeShared({ sharedTargets: 1 })
  const [one, other] = [1, 2].map(() => buildGroup(makeBalancerRig(undefined, shared), {}))
  for (const target of one!.targets) target.state.setHealthy(false, 0)
  assert.deepEqual(
    other!.targets.map(({ state }) => state.isOut),
    [true, false],
  )
  assert.equal(shared.targets.unshared, 2)
})
