/** Failures in a row eject a target, within what the upstream allows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answerWith,
  buildGroup,
  exchangeOf,
  makeBalancerRig,
  OUTLIERS,
} from '../../../../test/kit/balancer-rig.ts'
import { type Fault, faults } from '../../../base/faults.ts'
import type { Target } from '../../../contract/target.ts'
import type { OutlierInput } from '../upstream-input.ts'
import { ejectionMs } from './eject.ts'

function open(settings: Partial<OutlierInput>, count = 2, random = () => 0) {
  const rig = makeBalancerRig(random)
  const weights = new Array<number>(count).fill(1)
  const group = buildGroup(rig, { outlier_detection: { ...OUTLIERS, ...settings } }, weights)
  /** What came of tries with one target. */
  const ends = (target: Target, ...all: (number | Fault)[]) => {
    for (const end of all) {
      const x = exchangeOf()
      target.inFlight++
      if (typeof end === 'number') answerWith(group, x, target, end)
      else group.done(x, target, end)
    }
  }
  return { rig, group, ends }
}

test('exactly consecutive_5xx failures in a row eject a target, which then gets nothing', () => {
  const { rig, group, ends } = open({ consecutive_5xx: 3 })
  const [bad, good] = group.targets
  ends(bad!, 500, 500, 200, 500, 500, 404, 500, 502)
  assert.equal(bad!.state.isEjected, false)
  ends(bad!, 503)
  assert.equal(bad!.state.isEjected, true)
  for (let i = 0; i < 4; i++) assert.equal(group.pick(exchangeOf()), good)
  assert.equal(rig.log.length, 1)
  assert.match(rig.log[0]!, /^warn a target is ejected .*"reason":"consecutive_5xx","times":1/)
})

test('lost connections count as 503, unless they have a counter of their own', () => {
  const joined = open({ consecutive_5xx: 2, consecutive_local_origin_failure: 9 })
  joined.ends(joined.group.targets[0]!, 500, faults.TARGET_RESET)
  assert.equal(joined.group.targets[0]!.state.isEjected, true)
  const split = open({
    consecutive_5xx: 2,
    consecutive_local_origin_failure: 2,
    split_external_local_origin_errors: true,
  })
  split.ends(split.group.targets[0]!, 500, faults.TARGET_RESET, 200, faults.TARGET_CONNECT)
  assert.equal(split.group.targets[0]!.state.isEjected, false)
  split.ends(split.group.targets[0]!, faults.TARGET_READ_TIMEOUT)
  assert.equal(split.group.targets[0]!.state.isEjected, true)
  assert.match(split.rig.log[0]!, /consecutive_local_origin_failure/)
})

test('a client that leaves is no failure', () => {
  const { group, ends } = open({ consecutive_5xx: 1 })
  ends(group.targets[0]!, faults.CLIENT_GONE, faults.CLIENT_STALLED, faults.UPSTREAM_OVERFLOW)
  assert.equal(group.targets[0]!.state.isEjected, false)
})

test('no more than max_ejection_percent are ejected, but for the one that always may be', () => {
  for (const [percent, always, expected] of [
    [50, true, 2],
    [10, true, 1],
    [10, false, 0],
    [100, false, 4],
  ] as const) {
    const settings = { consecutive_5xx: 1, max_ejection_percent: percent, always_eject_one_host: always }
    const { rig, group, ends } = open(settings, 4)
    for (const target of group.targets) ends(target, 500)
    assert.equal(group.targets.filter(({ state }) => state.isEjected).length, expected)
    assert.equal(group.upstream!.ejected, expected)
    const spared = () => rig.log.filter((line) => line.startsWith('info a target would be ejected')).length
    assert.equal(spared(), expected === 4 ? 0 : 1, 'which is said once a second')
    rig.now(3000)
    for (const target of group.targets) ends(target, 500)
    assert.equal(spared(), expected === 4 ? 0 : 2)
  }
})

test('a detector is enforced in as many of a hundred cases as it says', () => {
  for (const [chance, enforcing, isOut] of [
    [0.49, 50, true],
    [0.5, 50, false],
    [0.99, 100, true],
    [0, 0, false],
  ] as const) {
    const { group, ends } = open(
      { consecutive_5xx: 1, enforcing_consecutive_5xx: enforcing },
      2,
      () => chance,
    )
    ends(group.targets[0]!, 500)
    assert.equal(group.targets[0]!.state.isEjected, isOut, `${chance} ${enforcing}`)
  }
})

test('gateway failures are not enforced by default, and only 502, 503 and 504 are', () => {
  const settings = { consecutive_5xx: 99, consecutive_gateway_failure: 2 }
  const lax = open(settings)
  lax.ends(lax.group.targets[0]!, 503, 503)
  assert.equal(lax.group.targets[0]!.state.isEjected, false)
  const strict = open({ ...settings, enforcing_consecutive_gateway_failure: 100 })
  strict.ends(strict.group.targets[0]!, 503, 500, 504)
  assert.equal(strict.group.targets[0]!.state.isEjected, false)
  strict.ends(strict.group.targets[0]!, 502)
  assert.equal(strict.group.targets[0]!.state.isEjected, true)
})

test('an ejection lasts its base times how often in a row, up to the longest', () => {
  const settings = { ...OUTLIERS, base_ejection_time: 30, max_ejection_time: 100 }
  assert.deepEqual(
    [1, 2, 3, 4, 9].map((times) => ejectionMs(settings, times, 5000)),
    [30_000, 60_000, 90_000, 100_000, 100_000],
  )
  const jittered = { ...settings, max_ejection_time_jitter: 10 }
  const lasts = ejectionMs(jittered, 1, 5000.25)
  assert.equal(ejectionMs(jittered, 1, 5000.25), lasts)
  assert.ok(lasts >= 30_000 && lasts < 40_000)
  const all = Array.from({ length: 50 }, (_, i) => ejectionMs(jittered, 1, 5000 + i * 7.3))
  assert.ok(Math.max(...all) - Math.min(...all) > 5000, 'spread')
})

test('the multiplier of a target that is ejected again and again stops growing', () => {
  const { group, ends } = open({ consecutive_5xx: 1, base_ejection_time: 30, max_ejection_time: 100 })
  const { state } = group.targets[0]!
  for (let i = 0; i < 9; i++) {
    ends(group.targets[0]!, 500)
    state.uneject(2000)
    group.upstream!.giveEjection()
  }
  // 30 x 5 is the first at or above 100 + 30.
  assert.equal(state.multiplier, 5)
})
