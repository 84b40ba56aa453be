/** The gate: what holds, what breaks, and what nobody can say. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { makeUpRun } from '../../test/kit/made-up-run.ts'
import { scenarios } from '../load/scenarios.ts'
import type { Round, RunResult, Settings, SubjectResult } from '../report/result.ts'
import { gateExitCode, gateText, verdictText } from './gate-text.ts'
import { type Gates, readGates } from './gates.ts'
import { judge, type Verdict } from './judge.ts'

type Limits = Record<string, number>

function gatesOf(reference: Limits, base: Limits = {}, scenario = 'plain-64'): Gates {
  const side = (subject: string, limits: Limits) => ({
    subject,
    bounds: new Map(Object.keys(limits).length === 0 ? [] : [[scenario, new Map(Object.entries(limits))]]),
  })
  return { subject: 'sluice', reference: side('nginx', reference), base: side('base', base) }
}

interface Figures {
  cpu?: number
  rps?: number
  p90?: number
  p99?: number
  p999?: number
  mb?: number
  peakMb?: number
  errors?: number
  requests?: number
  lateP99?: number
  busy?: number
  used?: number
  heap?: Round['heap']
}

function round(f: Figures = {}): Round {
  const { p99 = 1000, mb = 100, requests = 10_000 } = f
  const times = { p50: 300, p90: f.p90 ?? 500, p99, p999: f.p999 ?? 3000, max: 9000, histogram: '' }
  const heap = { bytesPerRequest: 900, collections: 9, longestPauseMs: 2, pausedMs: 9 }
  return {
    capacity: { requestsPerS: f.rps ?? 10_000, cpuUs: f.cpu ?? 30, used: f.used ?? 1, errors: 0 },
    latency: {
      rate: 6000,
      requests,
      errors: f.errors ?? 0,
      cpuUs: 33,
      ...times,
      lateP99: f.lateP99 ?? 60,
      unseen: 0,
      busy: f.busy ?? 0.4,
    },
    memory: { steadyKb: mb * 1024, peakKb: (f.peakMb ?? mb) * 1024 },
    stolen: 0,
    heap: f.heap === undefined ? heap : f.heap,
  }
}

function five(figures: Figures): Round[] {
  return Array.from({ length: 5 }, () => round(figures))
}

function runOf(subjects: Record<string, readonly Round[]>, settings: Partial<Settings> = {}): RunResult {
  const blank = makeUpRun({ scenarios: [] })
  const results = Object.entries(subjects).map(
    ([name, rounds]): SubjectResult => ({ name, version: '1', rounds }),
  )
  const scenario = scenarios.find(({ name }) => name === 'plain-64')!
  return {
    ...blank,
    settings: { ...blank.settings, ...settings },
    scenarios: [{ scenario, subjects: results }],
  }
}

function only(verdicts: readonly Verdict[], bound: string): Verdict {
  const found = verdicts.filter((verdict) => verdict.bound === bound)
  assert.equal(found.length, 1, `one verdict on ${bound}`)
  return found[0]!
}

function outcomeOf(reference: Limits, run: RunResult): string {
  return only(judge(gatesOf(reference), run), Object.keys(reference)[0]!).outcome
}

test('each bound holds at its limit and breaks beyond it', () => {
  const heap = { bytesPerRequest: 900, collections: 9, longestPauseMs: 10, pausedMs: 40 }
  const cases: [bound: string, limit: number, held: Figures, broken: Figures][] = [
    ['cpu', 1.25, { cpu: 37.5 }, { cpu: 38 }],
    ['p90', 1.5, { p90: 750 }, { p90: 751 }],
    ['p99', 1.25, { p99: 1250 }, { p99: 1251 }],
    ['p999', 1.5, { p999: 4500 }, { p999: 4600 }],
    ['requestsPerS', 0.75, { rps: 7500 }, { rps: 7400 }],
    ['steadyMb', 160, { mb: 160 }, { mb: 161 }],
    ['peakMb', 200, { peakMb: 200 }, { peakMb: 201 }],
    ['gcPauseMs', 10, { heap }, { heap: { ...heap, longestPauseMs: 11 } }],
  ]
  for (const [bound, limit, held, broken] of cases) {
    assert.equal(outcomeOf({ [bound]: limit }, runOf({ nginx: five({}), sluice: five(held) })), 'held', bound)
    const beyond = runOf({ nginx: five({}), sluice: five(broken) })
    assert.equal(outcomeOf({ [bound]: limit }, beyond), 'broken', bound)
  }
})

test('each bound on a change holds and breaks by what all rounds say', () => {
  const heap = { bytesPerRequest: 990, collections: 9, longestPauseMs: 2, pausedMs: 9 }
  const cases: [bound: string, held: Figures, broken: Figures][] = [
    ['cpu', { cpu: 33 }, { cpu: 60 }],
    ['requestsPerS', { rps: 12_000 }, { rps: 9000 }],
    ['p99', { p99: 1100 }, { p99: 1200 }],
    ['p999', { p999: 3300 }, { p999: 13_000 }],
    ['memory', { mb: 110 }, { mb: 120 }],
    ['bytesPerRequest', { heap }, { heap: { ...heap, bytesPerRequest: 2000 } }],
  ]
  for (const [bound, held, broken] of cases)
    for (const [figures, outcome] of [
      [held, 'held'],
      [broken, 'broken'],
    ] as const) {
      const run = runOf({ base: five({}), sluice: five(figures) })
      assert.equal(only(judge(gatesOf({}, { [bound]: 1.1 }), run), bound).outcome, outcome, bound)
    }
})

test('the median of the rounds counts: one bad round of five breaks nothing', () => {
  const sluice = [...five({ p99: 1100 }).slice(1), round({ p99: 9000 })]
  const verdict = only(judge(gatesOf({ p99: 1.2 }), runOf({ nginx: five({}), sluice })), 'p99')
  assert.equal(verdict.outcome, 'held')
  assert.deepEqual(verdict.spread, { median: 1.1, least: 1.1, most: 9 })
})

test('no pause at all, and no byte a request, are figures and hold their bounds', () => {
  const heap = { bytesPerRequest: 0, collections: 0, longestPauseMs: 0, pausedMs: 0 }
  const run = runOf({ nginx: five({}), base: five({}), sluice: five({ heap }) })
  assert.equal(outcomeOf({ gcPauseMs: 10 }, run), 'held')
  assert.equal(only(judge(gatesOf({}, { bytesPerRequest: 1.1 }), run), 'bytesPerRequest').outcome, 'held')
})

test('two workers can be held to what one costs a request, each on the cores it had', () => {
  const limits = { cpuOfTwoWorkers: 1.05 }
  const two = runOf({ sluice: five({ cpu: 30 }), 'sluice-two-workers': five({ cpu: 33 }) })
  const verdict = only(judge(gatesOf(limits), two), 'cpuOfTwoWorkers')
  assert.equal(
    verdictText(verdict),
    'plain-64: CPU a request of two workers 1.10 x sluice, bound 1.05: 5 % over (rounds all 1.10)',
  )
  const [one, other] = two.scenarios[0]!.subjects
  const subjects = [one!, { ...other!, gatewayCores: [0, 1] }]
  const shared = { ...two, scenarios: [{ ...two.scenarios[0]!, subjects }] }
  const settings = { ...two.settings, loadCores: [1] }
  assert.match(
    only(judge(gatesOf(limits), { ...shared, settings }), 'cpuOfTwoWorkers').why,
    /gateway and load share core 1$/,
  )
})

test('a percentile says so where origin and load share a core; CPU has no part in that', () => {
  const run = runOf({ nginx: five({}), sluice: five({}) }, { originCores: [1], loadCores: [1] })
  const [, cpu, p99] = judge(gatesOf({ cpu: 1.2, p99: 1.2 }), run)
  assert.equal(
    verdictText(p99!),
    'plain-64: p99 1.00 x nginx, bound 1.20 (rounds all 1.00); origin and load share core 1',
  )
  assert.equal(verdictText(cpu!), 'plain-64: CPU a request 1.00 x nginx, bound 1.20 (rounds all 1.00)')
})

test('one long pause in one round breaks the bound on pauses', () => {
  const heap = { bytesPerRequest: 900, collections: 9, longestPauseMs: 14, pausedMs: 40 }
  const sluice = [...five({}).slice(1), round({ heap })]
  assert.equal(outcomeOf({ gcPauseMs: 10 }, runOf({ nginx: five({}), sluice })), 'broken')
})

test('a scenario can be held to our own CPU on the plain way', () => {
  const run = runOf({ nginx: five({}), sluice: five({ cpu: 30 }) })
  const guarded = scenarios.find(({ name }) => name === 'guarded')!
  const subjects = [{ name: 'sluice', version: '1', rounds: five({ cpu: 45 }) }]
  const both = { ...run, scenarios: [...run.scenarios, { scenario: guarded, subjects }] }
  const gates = gatesOf({ cpuToPlain: 1.35 }, {}, 'guarded')
  const verdict = only(judge(gates, both), 'cpuToPlain')
  assert.equal(verdict.outcome, 'broken')
  assert.equal(
    verdictText(verdict),
    'guarded: CPU a request 1.50 x plain-64, bound 1.35: 11 % over (rounds all 1.50)',
  )
  // Rounds of two scenarios are minutes apart: which of them have the same number says nothing.
  const uneven = [60, 60, 30, 30, 30].map((cpu) => round({ cpu }))
  const guardedRounds = [45, 45, 45, 30, 30].map((cpu) => round({ cpu }))
  const results = [
    { ...run.scenarios[0]!, subjects: [{ name: 'sluice', version: '1', rounds: uneven }] },
    { scenario: guarded, subjects: [{ name: 'sluice', version: '1', rounds: guardedRounds }] },
  ]
  assert.equal(only(judge(gates, { ...run, scenarios: results }), 'cpuToPlain').found, 1.5)
})

test('one failed request breaks its scenario, whatever else was measured', () => {
  const sluice = [...five({}).slice(1), round({ errors: 12 })]
  const verdicts = judge(gatesOf({ p99: 1.2, cpu: 1.35 }, { cpu: 1.05 }), runOf({ nginx: five({}), sluice }))
  assert.equal(verdicts.length, 1)
  assert.equal(verdictText(verdicts[0]!), 'plain-64: 12 of 250,000 requests failed')
  assert.equal(gateExitCode(verdicts), 1)
})

test("requests of the reference that failed leave nothing to set one's own against", () => {
  const nginx = [...five({}).slice(1), round({ errors: 3 })]
  const verdict = only(judge(gatesOf({ p99: 1.2 }), runOf({ nginx, sluice: five({}) })), 'p99')
  assert.deepEqual([verdict.outcome, verdict.why], ['not measured', '3 requests of nginx failed'])
})

test('what could not be measured is not taken for held, and says why', () => {
  const good = { nginx: five({}), sluice: five({}) }
  const noPeer = {
    ...runOf({ sluice: five({}) }),
    missing: [{ peer: 'nginx', scenario: 'plain-64', why: 'no nginx' }],
  }
  const cases: [why: RegExp, bound: string, run: RunResult][] = [
    [/^nginx is missing: no nginx$/, 'cpu', noPeer],
    [/^nginx did not take part in plain-64$/, 'cpu', runOf({ sluice: five({}) })],
    [/^plain-64 was not run$/, 'cpu', { ...runOf(good), scenarios: [] }],
    [/share core 0$/, 'cpu', runOf(good, { loadCores: [0, 1] })],
    [/pinned/, 'p99', runOf(good, { gatewayCores: [] })],
    [/pinned/, 'p99', runOf(good, { loadCores: [] })],
    [
      /^the generator was late itself \(0\.60 ms at p99\) in 5 of 5/,
      'p99',
      runOf({ ...good, nginx: five({ lateP99: 600 }) }),
    ],
    [/^the generator was busy 95 % of/, 'p99', runOf({ ...good, nginx: five({ busy: 0.95 }) })],
    [/had 999, and 1,000 are/, 'p99', runOf({ ...good, sluice: five({ requests: 999 }) })],
    [/had 9,999, and 10,000 are/, 'p999', runOf({ ...good, sluice: five({ requests: 9999 }) })],
    [/no figures of its heap/, 'gcPauseMs', runOf({ ...good, sluice: five({ heap: null }) })],
    [
      /^the generator was late itself \(0\.21 ms at p99\) in 5 of 5/,
      'p99',
      runOf({ ...good, nginx: five({ lateP99: 210 }) }),
    ],
    [
      /^nginx used 60 % of its cores at full speed: load or origin gave out first$/,
      'requestsPerS',
      runOf({ ...good, nginx: five({ used: 0.6 }) }),
    ],
    [/^a round has no steady memory$/, 'steadyMb', runOf({ ...good, sluice: five({ mb: 0 }) })],
    [/^sluice-two-workers did not take part in plain-64$/, 'cpuOfTwoWorkers', runOf(good)],
    [/^a round has no CPU a request$/, 'cpu', runOf({ ...good, nginx: five({ cpu: 0 }) })],
  ]
  for (const [why, bound, run] of cases) {
    const verdicts = judge(gatesOf({ [bound]: 10 }), run)
    const verdict = only(verdicts, bound)
    assert.deepEqual([verdict.outcome, verdict.found], ['not measured', null])
    assert.match(verdict.why, why)
    assert.equal(gateExitCode(verdicts), 2)
  }
})

test('cores that are shared leave bytes what they are', () => {
  const run = runOf({ nginx: five({}), sluice: five({}) }, { loadCores: [0] })
  assert.equal(outcomeOf({ steadyMb: 160 }, run), 'held')
})

test('what is over its base in every round is over, though the generator was late; what is not may be hidden', () => {
  const late = { lateP99: 900 }
  const slow = runOf({ base: five(late), sluice: five({ ...late, p99: 9000 }) })
  const same = runOf({ base: five(late), sluice: five(late) })
  const outcome = (run: RunResult) => only(judge(gatesOf({}, { p99: 1.15 }), run), 'p99').outcome
  assert.deepEqual([outcome(slow), outcome(same)], ['broken', 'not measured'])
})

test('a generator that was late in two of five rounds could not move the median', () => {
  const nginx = [...five({}).slice(2), round({ lateP99: 900 }), round({ lateP99: 900 })]
  assert.equal(outcomeOf({ p99: 1.2 }, runOf({ nginx, sluice: five({}) })), 'held')
})

test('a bound on a change that lies inside the noise is neither held nor broken', () => {
  const sluice = [28, 29, 36, 37, 38].map((cpu) => round({ cpu }))
  const verdicts = judge(gatesOf({}, { cpu: 1.05 }), runOf({ base: five({}), sluice }))
  assert.equal(
    verdictText(only(verdicts, 'cpu')),
    'plain-64: CPU a request 1.20 x base, bound 1.05: 5 rounds are too few, or too far apart, to tell' +
      ' (rounds 0.93–1.27)',
  )
  assert.equal(gateExitCode(verdicts), 2)
})

test('bounds on a change are asked for only where there was a base, also one that could not be built', () => {
  const gates = gatesOf({ cpu: 2 }, { cpu: 1.05 })
  const run = runOf({ nginx: five({}), sluice: five({}) })
  assert.equal(gateExitCode(judge(gates, run)), 0)
  const missing = [{ peer: 'base', scenario: 'plain-64', why: 'its build failed' }]
  const verdicts = judge(gates, { ...run, missing })
  assert.equal(gateExitCode(verdicts), 2)
  assert.match(gateText(verdicts), /CPU a request x base: base is missing: its build failed/)
})

test('the gate says which bound broke, by how much, and how far the rounds were apart', () => {
  const sluice = [1310, 1400, 1430, 1500, 1600].map((p99) => round({ p99 }))
  const verdicts = judge(gatesOf({ p99: 1.2, steadyMb: 160 }), runOf({ nginx: five({}), sluice }))
  assert.deepEqual(gateText(verdicts).split('\n'), [
    'held          plain-64: no request failed',
    'held          plain-64: steady memory 100 MB, bound 160 MB (rounds all 100)',
    'broken        plain-64: p99 1.43 x nginx, bound 1.20: 19 % over (rounds 1.31–1.60)',
    'gate not passed: 2 held, 1 broken, 0 not measured',
  ])
})

test('what was not measured for one reason shares a line', () => {
  const verdicts = judge(gatesOf({ cpu: 2, p99: 2 }), { ...runOf({}), scenarios: [] })
  assert.deepEqual(gateText(verdicts).split('\n'), [
    'not measured  plain-64: errors, CPU a request x nginx, p99 x nginx: plain-64 was not run',
    'gate not passed: 0 held, 0 broken, 3 not measured',
  ])
})

test('a gate that holds nothing to anything is not passed', () => {
  assert.equal(gateExitCode(judge(gatesOf({}), runOf({}))), 2)
})

test('the bounds of this repository can be read, and a whole run can be held to them', () => {
  const text = readFileSync('bench/gates.json', 'utf8')
  const gates = readGates({ path: 'bench/gates.json', text, scenarios: scenarios.map(({ name }) => name) })
  const verdicts = judge(gates, makeUpRun({ requests: 1000 }))
  assert.equal(new Set(verdicts.map((verdict) => verdict.scenario)).size, scenarios.length)
})
