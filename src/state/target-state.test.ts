/** Health, ejection and load of a target against plain counts: all workers see one truth, and each change once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makePrivateRow, makeRowBuffer, Rows } from './rows.ts'
import {
  DETECTED_5XX,
  DETECTED_GATEWAY,
  DETECTED_LOCAL,
  forgetTargetShares,
  type OutlierLimits,
  TargetState,
  targetRowWords,
} from './target-state.ts'

const OWNERS = 3
const LIMITS = { successes: 2, httpFailures: 3, tcpFailures: 2, timeouts: 1 }
const OUTLIER: OutlierLimits = {
  consecutive5xx: 3,
  consecutiveGateway: 2,
  consecutiveLocal: 2,
  splitLocal: false,
}

/** One target as its owners see it. */
function seenBy(owners = OWNERS): TargetState[] {
  const row = makePrivateRow(targetRowWords(owners))
  return Array.from({ length: owners }, (_, owner) => new TargetState(row.words, row.doubles, row.at, owner))
}

test('failures that different workers see take a target out together, and one worker is told', () => {
  const [one, two, three] = seenBy()
  assert.equal(one!.reportHttpFailure(LIMITS), false)
  assert.equal(two!.reportHttpFailure(LIMITS), false)
  assert.equal(three!.isOut, false)
  assert.equal(three!.reportHttpFailure(LIMITS), true)
  assert.equal(one!.reportHttpFailure(LIMITS), false)
  assert.ok(one!.isOut && one!.isUnhealthy && !one!.isEjected)
})

test('a success forgives failures only where successes are counted', () => {
  const [one] = seenBy()
  one!.reportTcpFailure(LIMITS)
  one!.reportSuccess({ ...LIMITS, successes: 0 }, 1)
  assert.equal(one!.tcpFailures, 1)
  one!.reportSuccess(LIMITS, 1)
  assert.equal(one!.tcpFailures, 0)
  assert.equal(one!.successes, 1)
})

test('a kind of failure whose limit is 0 counts for nothing', () => {
  const [one] = seenBy()
  one!.reportSuccess(LIMITS, 1)
  one!.reportTimeout({ ...LIMITS, timeouts: 0 })
  assert.deepEqual([one!.successes, one!.timeouts, one!.isOut], [1, 0, false])
})

test('a target that comes back says since when, for slow start', () => {
  const [one, two] = seenBy()
  assert.equal(one!.healthySinceMs, 0)
  assert.equal(one!.reportTimeout(LIMITS), true)
  assert.equal(one!.reportSuccess(LIMITS, 70), false)
  assert.equal(two!.reportSuccess(LIMITS, 80), true)
  assert.deepEqual([one!.isOut, one!.healthySinceMs], [false, 80])
  assert.equal(one!.setHealthy(false, 90), true)
  assert.equal(one!.setHealthy(false, 95), false)
  assert.equal(one!.setHealthy(true, 99), true)
  assert.equal(one!.healthySinceMs, 99)
})

test('of those who claim a new target the first one says when it joined', () => {
  const [one, two] = seenBy()
  one!.join(40)
  two!.join(50)
  assert.equal(two!.healthySinceMs, 40)
})

type Report =
  | 'successes'
  | 'httpFailures'
  | 'tcpFailures'
  | 'timeouts'
  | 'heal'
  | 'harm'
  | 'eject'
  | 'uneject'
const reports = fc.array(
  fc.tuple(
    fc.constantFrom<Report>(
      'successes',
      'successes',
      'httpFailures',
      'tcpFailures',
      'timeouts',
      'timeouts',
      'heal',
      'harm',
      'eject',
      'uneject',
    ),
    fc.integer({ min: 1, max: 4 }),
    fc.nat(OWNERS - 1),
  ),
  { maxLength: 60 },
)
const limit = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(254, 255))

test('the packed counters do what four plain counters do, to their end at 255', () => {
  const limits = fc.record({ successes: limit, httpFailures: limit, tcpFailures: limit, timeouts: limit })
  fc.assert(
    fc.property(reports, limits, fc.constantFrom(1, 90), (list, own, times) => {
      const owners = seenBy()
      const oracle = { counts: new Map<string, number>(), isUnhealthy: false, isEjected: false }
      for (const [report, repeats, owner] of list)
        for (let i = 0; i < repeats * times; i++) {
          assert.equal(apply(owners[owner]!, report, own), expected(oracle, report, own))
          assert.deepEqual(shown(owners[(owner + 1) % OWNERS]!), shownByOracle(oracle))
        }
    }),
    { numRuns: 200 },
  )
})

interface Oracle {
  counts: Map<string, number>
  isUnhealthy: boolean
  isEjected: boolean
}

function apply(state: TargetState, report: Report, limits: typeof LIMITS): boolean {
  if (report === 'successes') return state.reportSuccess(limits, 1)
  if (report === 'httpFailures') return state.reportHttpFailure(limits)
  if (report === 'tcpFailures') return state.reportTcpFailure(limits)
  if (report === 'timeouts') return state.reportTimeout(limits)
  if (report === 'eject') return state.eject(1, 9)
  if (report === 'uneject') return state.uneject(1)
  return state.setHealthy(report === 'heal', 1)
}

function expected(oracle: Oracle, report: Report, limits: typeof LIMITS): boolean {
  const { isUnhealthy, isEjected } = oracle
  if (report === 'eject' || report === 'uneject') {
    oracle.isEjected = report === 'eject'
    return isEjected !== oracle.isEjected
  }
  if (report === 'heal' || report === 'harm') {
    oracle.counts.clear()
    oracle.isUnhealthy = report === 'harm'
    return isUnhealthy !== oracle.isUnhealthy
  }
  if (limits[report] === 0) return false
  const isSuccess = report === 'successes'
  for (const name of [...oracle.counts.keys()])
    if ((name === 'successes') !== isSuccess) oracle.counts.delete(name)
  const count = Math.min(255, (oracle.counts.get(report) ?? 0) + 1)
  // A healthy target's successes are counted to the limit and no further: they say nothing new.
  oracle.counts.set(report, isSuccess && !isUnhealthy ? Math.min(count, limits.successes) : count)
  if (count >= limits[report]) oracle.isUnhealthy = !isSuccess
  return isUnhealthy !== oracle.isUnhealthy
}

function shown(state: TargetState): unknown[] {
  const counts = [state.successes, state.httpFailures, state.tcpFailures, state.timeouts]
  return [...counts, state.isUnhealthy, state.isEjected, state.isOut]
}

function shownByOracle({ counts, isUnhealthy, isEjected }: Oracle): unknown[] {
  const names = ['successes', 'httpFailures', 'tcpFailures', 'timeouts']
  return [...names.map((name) => counts.get(name) ?? 0), isUnhealthy, isEjected, isUnhealthy || isEjected]
}

test('tries under way are counted over all workers, and a dead worker gives its own back', () => {
  const buffer = makeRowBuffer({ rows: 2, width: targetRowWords(OWNERS), owners: OWNERS, seedA: 0, seedB: 0 })
  const rows = new Rows(buffer, 0)
  const at = rows.claim(1, 1)
  const [primary, one, two] = [0, 1, 2].map((owner) => new TargetState(rows.words, rows.doubles, at, owner))
  one!.begin()
  one!.begin()
  two!.begin()
  assert.equal(primary!.inFlight, 3)
  forgetTargetShares(rows, 1)
  assert.equal(primary!.inFlight, 1)
  one!.end()
  assert.equal(primary!.inFlight, 1)
  two!.end()
  assert.equal(primary!.inFlight, 0)
})

test('errors in a row over all workers are detected once, and again if they go on', () => {
  const [one, two] = seenBy()
  assert.equal(one!.onResponse(500, OUTLIER), 0)
  assert.equal(two!.onResponse(503, OUTLIER), 0)
  assert.equal(one!.onResponse(504, OUTLIER), DETECTED_GATEWAY | DETECTED_5XX)
  assert.equal(two!.onResponse(500, OUTLIER), 0)
  assert.equal(two!.onResponse(500, OUTLIER), 0)
  assert.equal(two!.onResponse(500, OUTLIER), DETECTED_5XX)
})

test('an answer that is no 5xx ends both runs, and a 5xx that no gateway made ends one', () => {
  const [one] = seenBy()
  const runs = (statuses: number[]) => statuses.map((status) => one!.onResponse(status, OUTLIER))
  assert.deepEqual(runs([502, 404, 502, 200]), [0, 0, 0, 0])
  assert.deepEqual(runs([502, 501, 502]), [0, 0, DETECTED_5XX])
})

test('what never came from the target counts as a gateway error, or for itself where that is asked for', () => {
  const [one, two] = seenBy()
  one!.onLocalFailure(OUTLIER)
  assert.equal(one!.onResponse(502, OUTLIER), DETECTED_GATEWAY)
  const split = { ...OUTLIER, splitLocal: true }
  assert.equal(one!.onLocalFailure(split), 0)
  two!.onConnected(split)
  assert.equal(one!.onLocalFailure(split), 0)
  assert.equal(two!.onLocalFailure(split), DETECTED_LOCAL)
})

test('a detector whose threshold is 0 is off, and one that was lowered still fires', () => {
  const [one] = seenBy()
  const off = { ...OUTLIER, consecutive5xx: 0, consecutiveGateway: 0 }
  for (let i = 0; i < 20; i++) assert.equal(one!.onResponse(503, off), 0)
  for (let i = 0; i < 2; i++) one!.onResponse(500, OUTLIER)
  assert.equal(one!.onResponse(500, { ...OUTLIER, consecutive5xx: 1 }), DETECTED_5XX)
})

test('the sweep takes every answer once', () => {
  const [one, two] = seenBy()
  for (const status of [200, 302, 500]) one!.onResponse(status, OUTLIER)
  two!.takeInterval()
  assert.deepEqual([two!.intervalTotal, two!.intervalGood], [3, 2])
  two!.takeInterval()
  assert.deepEqual([two!.intervalTotal, two!.intervalGood], [0, 0])
})

test('an ejection has one winner, a time and a multiplier that grows to its limit and shrinks again', () => {
  const [one, two] = seenBy()
  for (const [round, multiplier] of [1, 2, 2].entries()) {
    assert.deepEqual([one!.eject(100 + round, 2), two!.eject(500, 2)], [true, false])
    assert.deepEqual([two!.ejectedAtMs, two!.multiplier, two!.isOut], [100 + round, multiplier, true])
    assert.deepEqual([two!.uneject(200 + round), one!.uneject(500)], [true, false])
    assert.deepEqual([one!.healthySinceMs, one!.isOut], [200 + round, false])
  }
  for (const multiplier of [1, 0, 0]) {
    one!.lowerMultiplier()
    assert.equal(one!.multiplier, multiplier)
  }
})

test('a target back from its ejection starts with its runs at 0, and stays out while unhealthy', () => {
  const [one] = seenBy()
  one!.onResponse(500, OUTLIER)
  one!.onResponse(500, OUTLIER)
  one!.eject(1, 9)
  one!.setHealthy(false, 2)
  one!.uneject(3)
  assert.deepEqual([one!.isOut, one!.healthySinceMs], [true, 0])
  assert.equal(one!.onResponse(500, OUTLIER), 0)
})
