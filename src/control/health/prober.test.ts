/** What probes make of targets, with probes that answer what the test says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  makeChecks,
  makeGroup,
  makeTarget,
  makeTools,
  makeUpstream,
  OUTLIERS,
} from '../../../test/kit/health-rig.ts'
import type { UpstreamEntity } from '../../config/model.ts'
import { Gate } from './gate.ts'
import type { WatchedTarget } from './group.ts'
import type { ProbePlace, ProbeResult } from './probe/probe.ts'
import { Prober } from './prober.ts'

const CHECKS = makeChecks({
  healthy: { interval: 1, http_statuses: [200], successes: 2 },
  unhealthy: { interval: 3, http_statuses: [500], tcp_failures: 2, timeouts: 3, http_failures: 4 },
})

const OK: ProbeResult = { kind: 'answered', status: 200 }

function rig(names: string[], fields: Partial<UpstreamEntity> = {}) {
  const kit = makeTools()
  const group = makeGroup(names.map((name) => makeTarget(name)))
  const asked: string[] = []
  const answers: { now: (place: ProbePlace) => ProbeResult | Promise<ProbeResult> } = { now: () => OK }
  const probe = (place: ProbePlace) => {
    asked.push(place.host)
    return Promise.resolve(answers.now(place))
  }
  const upstream = makeUpstream({ healthchecks: CHECKS, ...fields })
  const options = { upstream, group, probe, gate: new Gate(8), tools: kit.tools, log: kit.log, before: null }
  return { ...kit, group, asked, answers, prober: new Prober(options), target: group.targets[0]! }
}

/** Rounds until the target is out. */
async function roundsUntilOut(result: ProbeResult): Promise<number> {
  const { timers, answers, target, asked } = rig(['10.0.0.1:80'])
  answers.now = () => result
  for (let i = 0; i < 10 && !target.state.isOut; i++) await timers.pass(1000)
  return target.state.isOut ? asked.length : Number.POSITIVE_INFINITY
}

test('each kind of failure takes a target out at its own limit', async () => {
  assert.equal(await roundsUntilOut({ kind: 'failed', why: 'ECONNREFUSED' }), 2)
  assert.equal(await roundsUntilOut({ kind: 'timeout' }), 3)
  assert.equal(await roundsUntilOut({ kind: 'answered', status: 500 }), 4)
  assert.equal(await roundsUntilOut({ kind: 'answered', status: 404 }), Number.POSITIVE_INFINITY)
})

test('a target that is out is asked at the slower rhythm, and comes back after its successes', async () => {
  const { timers, answers, asked, target, logged } = rig(['10.0.0.1:80'])
  answers.now = () => ({ kind: 'failed', why: 'ECONNREFUSED connect' })
  await timers.pass(2000)
  assert.equal(target.state.isOut, true)
  asked.length = 0
  await timers.pass(9000)
  assert.equal(asked.length, 3)
  answers.now = () => OK
  await timers.pass(6000)
  assert.equal(target.state.isOut, false)
  assert.deepEqual(logged, [
    'warn a target is unhealthy and gets no more traffic {"upstream":"pool","target":"10.0.0.1:80","address":"10.0.0.1:80","why":"ECONNREFUSED connect"}',
    'notice a target is healthy again {"upstream":"pool","target":"10.0.0.1:80","address":"10.0.0.1:80","why":"status 200"}',
  ])
})

test('a target of weight 0 is not asked', async () => {
  const { timers, group, asked } = rig([])
  group.targets.push(makeTarget('10.0.0.1:80', '', 0), makeTarget('10.0.0.2:80'))
  await timers.pass(1000)
  assert.deepEqual(asked, ['10.0.0.2'])
})

test('only so many targets are asked at once, and in the end all of them', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `10.0.0.${i}:80`)
  const { timers, answers, asked } = rig(names, {
    healthchecks: { ...CHECKS, active: { ...CHECKS.active, concurrency: 3 } },
  })
  const ends: (() => void)[] = []
  answers.now = () => new Promise((resolve) => ends.push(() => resolve(OK)))
  await timers.pass(1000)
  assert.equal(asked.length, 3)
  while (ends.length > 0) {
    ends.shift()!()
    await new Promise((resolve) => setImmediate(resolve))
    assert.ok(ends.length <= 3)
  }
  assert.deepEqual([...asked].sort(), [...names.map((name) => name.split(':')[0]!)].sort())
})

test('the answer of a target that has left meanwhile counts for nothing: its row may be another one now', async () => {
  const { timers, answers, group, target } = rig(['10.0.0.1:80'])
  const ends: ((result: ProbeResult) => void)[] = []
  answers.now = () => new Promise((resolve) => ends.push(resolve))
  await timers.pass(600)
  group.targets = []
  ends[0]!({ kind: 'timeout' })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(target.state.timeouts, 0)
})

test('so does one that comes after the prober was closed', async () => {
  const { timers, answers, prober, target } = rig(['10.0.0.1:80'])
  const ends: ((result: ProbeResult) => void)[] = []
  answers.now = () => new Promise((resolve) => ends.push(resolve))
  await timers.pass(600)
  prober.close()
  ends[0]!({ kind: 'timeout' })
  await timers.pass(60_000)
  assert.equal(target.state.timeouts, 0)
  assert.equal(timers.waiting, 0)
})

test('a success brings an ejected target back at once, unless the upstream says otherwise', async () => {
  const back = rig(['10.0.0.1:80'], { outlier_detection: OUTLIERS })
  eject(back.group, back.target)
  await back.timers.pass(1000)
  assert.equal(back.target.state.isOut, false)
  assert.equal(back.group.state?.ejected, 0)
  const settings = { ...OUTLIERS, successful_active_health_check_uneject_host: false }
  const stays = rig(['10.0.0.1:80'], { outlier_detection: settings })
  eject(stays.group, stays.target)
  await stays.timers.pass(1000)
  assert.equal(stays.target.state.isOut, true)
  assert.equal(stays.group.state?.ejected, 1)
})

function eject(group: ReturnType<typeof makeGroup>, target: WatchedTarget): void {
  assert.ok(group.state?.tryEject(1, 100, true))
  assert.ok(target.state.eject(0, 10))
}
