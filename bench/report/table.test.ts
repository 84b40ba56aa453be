/** The table of a scenario: for a terminal and for Markdown. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { madeUpSubjects, makeUpRun } from '../../test/kit/made-up-run.ts'
import type { ScenarioResult, SubjectResult, Terms } from './result.ts'
import { markdownTable, tableOf, terminalTable } from './table.ts'

const run = makeUpRun({ scenarios: ['plain-64'], requests: 10_000 })

function makeUp(): ScenarioResult {
  return run.scenarios[0]!
}

function notes(result: ScenarioResult, terms: Terms = run): string[] {
  return terminalTable(result, terms)
    .split('\n')
    .slice(2 + result.subjects.length)
}

function withSubject(change: (subject: SubjectResult) => SubjectResult): ScenarioResult {
  const result = makeUp()
  return { ...result, subjects: [...result.subjects.slice(0, 5), change(result.subjects[5]!)] }
}

/** The columns at which the cells of a line end; ranges in brackets belong to their cell. */
function endsOf(line: string): number[] {
  return [...line.replace(/ \(/g, '_(').matchAll(/\S(?= {2}|$)/g)].map((match) => match.index)
}

test('figures stand below their heads, to the right, whoever they are of', () => {
  const [, head, ...rows] = terminalTable(makeUp(), run).split('\n')
  assert.equal(rows.length, madeUpSubjects.length)
  const ends = endsOf(head!).slice(1)
  assert.equal(ends.length, 13)
  for (const row of rows) assert.deepEqual(endsOf(row).slice(1), ends, row)
})

test('no line is wider than 160 columns, however long a name and however large the figures', () => {
  const result = withSubject((subject) => ({
    ...subject,
    name: 'a-name-nobody-would-give-to-a-program-that-passes-requests-on',
    rounds: subject.rounds.map((round, i) => ({
      ...round,
      capacity: { requestsPerS: 1e6, cpuUs: 99_999 * (i + 1), used: 1, errors: 0 },
      latency: { ...round.latency, p50: 9e6, p90: 9e6, p99: 9e6 * (i + 1), p999: 9e7, max: 9e7 },
      memory: { steadyKb: 9e7, peakKb: 9e7 },
      stolen: 0,
    })),
  }))
  const lines = terminalTable(result, run).split('\n')
  for (const line of lines) assert.ok([...line].length <= 160, `${[...line].length}: ${line}`)
  assert.match(lines.at(-1)!, /^a-name-nobody-would…/)
})

test('a subject is set against the reference, and the reference against nobody', () => {
  const { head, rows } = tableOf(makeUp(), run)
  const column = head.indexOf('x nginx')
  assert.equal(rows[0]![column], '1')
  assert.match(rows[1]![column]!, /^1\.\d\d \(1\.\d\d–1\.\d\d\)$/)
})

test('where the reference did not take part nobody stands in for it', () => {
  const result = { ...makeUp(), subjects: makeUp().subjects.slice(1) }
  const { head, rows } = tableOf(result, run)
  for (const name of ['x nginx', 'p99 x nginx'])
    for (const row of rows) assert.equal(row[head.indexOf(name)], '–')
  assert.deepEqual(notes(result), ['nginx did not take part: no ratios'])
})

test('below the figures stands what makes them doubtful', () => {
  const [nginx, sluice] = makeUp().subjects
  const late = nginx!.rounds.map((one) => ({ ...one, latency: { ...one.latency, lateP99: 300 } }))
  const busy = sluice!.rounds.map((one) => ({
    ...one,
    capacity: { ...one.capacity, used: 0.5 },
    latency: { ...one.latency, busy: 0.96, requests: 5000 },
  }))
  const result = {
    ...makeUp(),
    subjects: [
      { ...nginx!, rounds: late },
      { ...sluice!, rounds: busy },
    ],
  }
  const settings = { ...run.settings, originCores: [1], loadCores: [1] }
  assert.deepEqual(notes(makeUp()), [])
  assert.deepEqual(notes(result, { ...run, settings }), [
    'origin and load share core 1',
    'p99.9: too few requests: a round had 5,000, and 10,000 are needed',
    'nginx: the generator was late itself (0.30 ms at p99) in 5 of 5 rounds',
    'sluice: the generator was busy 96 % of the time',
    'sluice used 50 % of its cores at full speed: load or origin gave out first',
  ])
})

test('whose cores were shared is said by name, unless they all were', () => {
  const [nginx, sluice] = makeUp().subjects
  const own = { ...makeUp(), subjects: [nginx!, { ...sluice!, gatewayCores: [0, 2] }] }
  assert.deepEqual(notes(own), ['sluice: too few cores: gateway and load share core 2'])
  const settings = { ...run.settings, loadCores: [0] }
  assert.deepEqual(notes(makeUp(), { ...run, settings }), ['too few cores: gateway and load share core 0'])
})

test('what has no heap of V8 has no figures of it', () => {
  const { head, rows } = tableOf(makeUp(), run)
  assert.equal(rows[0]![head.indexOf('B/request')], '–')
  assert.equal(rows[0]![head.indexOf('GC ms')], '–')
})

test('a subject without a round has no row, and one with failed requests is named below', () => {
  assert.equal(
    tableOf(
      withSubject((subject) => ({ ...subject, rounds: [] })),
      run,
    ).rows.length,
    5,
  )
  const failed = withSubject((subject) => ({
    ...subject,
    rounds: subject.rounds.map((round) => ({ ...round, capacity: { ...round.capacity, errors: 300 } })),
  }))
  assert.match(terminalTable(failed, run), /\nhttp-proxy: 1,500 requests failed$/)
})

test('in Markdown every row has the cells of the head, and a bar in a name does not make one more', () => {
  const result = withSubject((subject) => ({ ...subject, name: 'a|b' }))
  const lines = markdownTable(result, run).split('\n').slice(2)
  for (const line of lines) assert.equal(line.split(/(?<!\\)\|/).length, 16, line)
  assert.match(lines.at(-1)!, /^\| a\\\|b \|/)
})
