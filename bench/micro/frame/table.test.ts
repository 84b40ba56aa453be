/** How figures are shown. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CaseResult } from './measure.ts'
import { showNs, tableOf } from './table.ts'

test('times are shown in the unit that suits them', () => {
  assert.deepEqual([3.14, 42.4, 9900, 12_340, 2_500_000].map(showNs), [
    '3.1 ns',
    '42 ns',
    '9900 ns',
    '12.3 µs',
    '2.5 ms',
  ])
})

test('a table tells the ratio and the difference to the first case, and who the peer is', () => {
  const ours = resultOf('ours', 100)
  const theirs = { ...resultOf('theirs', 250), peer: '1.2.3', ratio: 2.5, moreNs: 150 }
  const table = tableOf({ name: 'find', clock: 'cpu', cases: [ours, theirs] })
  const [head, first, second] = table.split('\n').map((line) => line.trim().split(/ {2,}/))
  assert.deepEqual(head, ['find', 'median', 'least–most', '× first', 'over first', 'heap B', 'outside B'])
  assert.deepEqual(first, ['ours', '100 ns', '90 ns–110 ns', '40'])
  assert.deepEqual(second, ['theirs (1.2.3)', '250 ns', '240 ns–260 ns', '2.50', '+150 ns', '40'])
})

test('a heap that could not be told is not shown as 0', () => {
  const table = tableOf({ name: 'g', clock: 'cpu', cases: [{ ...resultOf('a', 1), allocated: null }] })
  assert.match(table, /n\/a/)
})

function resultOf(name: string, median: number): CaseResult {
  return {
    name,
    peer: null,
    note: null,
    ns: { median, least: median - 10, most: median + 10 },
    ratio: 1,
    moreNs: 0,
    allocated: { heap: 40, outside: 0 },
    rounds: [median],
  }
}
