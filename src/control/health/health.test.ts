/** What is watched from one configuration to the next, and an operator's word on a target. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  makeChecks,
  makeEntity,
  makeGroup,
  makeTarget,
  makeTools,
  makeUpstream,
  OUTLIERS,
} from '../../../test/kit/health-rig.ts'
import type { Config, UpstreamEntity } from '../../config/model.ts'
import { NameTable } from '../../flow/balancer/name-table.ts'
import { Health } from './health.ts'

const CHECKED = makeChecks({
  type: 'tcp',
  healthy: { interval: 60, http_statuses: [200], successes: 1 },
})

function configOf(...upstreams: UpstreamEntity[]): Config {
  const targets = upstreams.flatMap(({ id }) => [
    { ...makeEntity('10.0.0.1:80'), upstream: id },
    { ...makeEntity('two.test:80'), upstream: id },
  ])
  const none = { services: [], routes: [], consumers: [], plugins: [], certificates: [], snis: [] }
  return { hash: '', upstreams, targets, ...none, ca_certificates: [], others: {} }
}

function rig() {
  const kit = makeTools()
  const targets = [
    makeTarget('10.0.0.1:80'),
    makeTarget('two.test:80', '10.0.0.2'),
    makeTarget('two.test:80', '10.0.0.3'),
  ]
  /** The same rows in each configuration, as with shared ones. */
  const shared = makeGroup(targets)
  const events: string[] = []
  let built = 0
  const health = new Health({
    trusted: [],
    certificate: null,
    ...kit.tools,
    nodeId: 'node',
    names: new NameTable(),
    log: kit.log,
    build: (upstream) => {
      if (upstream.name === 'broken') throw new Error('it can not be built')
      const number = ++built
      events.push(`build ${number}`)
      return { ...shared, close: () => events.push(`close ${number}`) }
    },
  })
  const outs = () => targets.map(({ state }) => state.isOut)
  return { ...kit, health, events, targets, state: shared.state!, outs }
}

test('the new group is there before the old one goes, so rows in between are never free', () => {
  const { health, events } = rig()
  health.load(configOf(makeUpstream({ healthchecks: CHECKED })))
  health.load(configOf(makeUpstream({ healthchecks: CHECKED })))
  assert.deepEqual(events, ['build 1', 'build 2', 'close 1'])
  health.close()
  assert.deepEqual(events.at(-1), 'close 2')
})

test('an upstream that nobody checks is built when somebody asks for it', () => {
  const { health, events, timers } = rig()
  health.load(configOf(makeUpstream()))
  assert.deepEqual(events, [])
  assert.notEqual(health.show('pool', false), null)
  assert.notEqual(health.show('upstream-id', true), null)
  assert.equal(health.show('other', false), null)
  assert.deepEqual(events, ['build 1'])
  assert.equal(timers.waiting, 0)
})

test('what traffic alone judges is held too, or it would be lost with the last worker', () => {
  const { health, events, timers } = rig()
  const off = makeChecks()
  const passive = { ...off.passive, unhealthy: { ...off.passive.unhealthy, http_failures: 3 } }
  health.load(configOf(makeUpstream({ healthchecks: { ...off, passive } })))
  assert.deepEqual(events, ['build 1'])
  assert.equal(timers.waiting, 0)
})

test('a configuration that can not be watched leaves the old one watched', () => {
  const { health, events, timers } = rig()
  health.load(configOf(makeUpstream({ healthchecks: CHECKED })))
  const good = makeUpstream({ id: 'second', name: 'second', healthchecks: CHECKED })
  const bad = makeUpstream({ id: 'third', name: 'broken', healthchecks: CHECKED })
  assert.throws(() => health.load(configOf(good, bad)), /can not be built/)
  assert.deepEqual(events, ['build 1', 'build 2', 'close 2'])
  assert.equal(timers.waiting, 1)
  assert.notEqual(health.show('pool', false), null)
})

test('a reload does not put off the next probe', async () => {
  const { health, timers } = rig()
  health.load(configOf(makeUpstream({ outlier_detection: OUTLIERS })))
  const { sweeper } = [...health.upstreams][0]!
  await timers.pass(4000)
  health.load(configOf(makeUpstream({ outlier_detection: OUTLIERS })))
  assert.equal([...health.upstreams][0]!.sweeper?.dueMs, sweeper?.dueMs)
})

test('when its checks are gone a target is let in again, for nobody else would', () => {
  const { health, targets, outs } = rig()
  health.load(configOf(makeUpstream({ healthchecks: CHECKED })))
  targets[0]!.state.setHealthy(false, 1)
  health.load(configOf(makeUpstream({ healthchecks: CHECKED })))
  assert.deepEqual(outs(), [true, false, false])
  health.load(configOf(makeUpstream()))
  assert.deepEqual(outs(), [false, false, false])
})

test('when outlier detection is gone ejections end, and bad health stays while it is checked', () => {
  const { health, targets, state } = rig()
  health.load(configOf(makeUpstream({ healthchecks: CHECKED, outlier_detection: OUTLIERS })))
  state.tryEject(3, 100, true)
  targets[0]!.state.eject(1, 5)
  targets[1]!.state.setHealthy(false, 1)
  health.load(configOf(makeUpstream({ healthchecks: CHECKED })))
  assert.deepEqual(
    targets.map((target) => [target.state.isEjected, target.state.isUnhealthy]),
    [
      [false, false],
      [false, true],
      [false, false],
    ],
  )
  assert.equal(state.ejected, 0)
})
