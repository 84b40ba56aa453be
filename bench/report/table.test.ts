/** The table of a scenario: for a terminal and for Markdown. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { madeUpSubjects, makeUpRun } from '../../test/kit/made-up-run.ts'
import type { ScenarioResult, SubjectResult } from './result.ts'
import { markdownTable, tableOf, terminalTable } from './table.ts'

function makeUp(): ScenarioResult {
  return makeUpRun({ scenarios: ['plain-64'], requests: 2000 }).scenarios[0]!
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
  const [, head, ...rows] = terminalTable(makeUp()).split('\n')
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
      capacity: { requestsPerS: 1e6, cpuUs: 99_999 * (i + 1), errors: 0 },
      latency: { ...round.latency, p50: 9e6, p90: 9e6, p99: 9e6 * (i + 1), p999: 9e7, max: 9e7 },
      memory: { steadyKb: 9e7, peakKb: 9e7 },
    })),
  }))
  const lines = terminalTable(result).split('\n')
  for (const line of lines) assert.ok([...line].length <= 160, `${[...line].length}: ${line}`)
  assert.match(lines.at(-1)!, /^a-name-nobody-would…/)
})

test('a subject is set against the first, and the first against nobody', () => {
  const { head, rows } = tableOf(makeUp())
  const column = head.indexOf('x nginx')
  assert.equal(rows[0]![column], '1')
  assert.match(rows[1]![column]!, /^1\.\d\d \(1\.\d\d–1\.\d\d\)$/)
})

test('what has no heap of V8 has no figures of it', () => {
  const { head, rows } = tableOf(makeUp())
  assert.equal(rows[0]![head.indexOf('B/request')], '–')
  assert.equal(rows[0]![head.indexOf('GC ms')], '–')
})

test('a subject without a round has no row, and one with failed requests is named below', () => {
  assert.equal(tableOf(withSubject((subject) => ({ ...subject, rounds: [] }))).rows.length, 5)
  const failed = withSubject((subject) => ({
    ...subject,
    rounds: subject.rounds.map((round) => ({ ...round, capacity: { ...round.capacity, errors: 300 } })),
  }))
  assert.match(terminalTable(failed), /\nhttp-proxy: 1,500 requests failed$/)
})

test('in Markdown every row has the cells of the head, and a bar in a name does not make one more', () => {
  const result = withSubject((subject) => ({ ...subject, name: 'a|b' }))
  const lines = markdownTable(result).split('\n').slice(2)
  for (const line of lines) assert.equal(line.split(/(?<!\\)\|/).length, 16, line)
  assert.match(lines.at(-1)!, /^\| a\\\|b \|/)
})
