/** How the cases of a group are run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Case, Settings } from './bench.ts'
import { measureGroup } from './measure.ts'

const SETTINGS: Settings = { rounds: 3, batchMs: 1, only: [], quick: true }

test('cases are timed in turns, and each stretch is within its begin and end', async () => {
  const seen: string[] = []
  let isRound = false
  const cases = ['a', 'b'].map((name): Case => {
    const note = (what: string) => void (isRound && seen.push(`${name} ${what}`))
    return {
      name,
      run: (times) => {
        note('run')
        return spin(times)
      },
      begin: () => note('begin'),
      end: () => note('end'),
    }
  })
  await measureGroup({ name: 'g', open: () => cases }, SETTINGS, (step) => {
    isRound = step.startsWith('round')
  })
  const round = ['a', 'b'].flatMap((name) => [`${name} begin`, `${name} run`, `${name} end`])
  assert.deepEqual(seen, [...round, ...round, ...round])
})

test('ratios are to the first case, round by round', async () => {
  const cases = [1, 1].map((_, i): Case => ({ name: `${i}`, run: spin }))
  const { cases: results } = await measureGroup({ name: 'g', open: () => cases }, SETTINGS, () => {})
  const [first, second] = results
  assert.equal(first!.ratio, 1)
  assert.equal(first!.moreNs, 0)
  const quotients = second!.rounds.map((ns, round) => ns / first!.rounds[round]!)
  assert.equal(second!.ratio, quotients.toSorted((one, other) => one - other)[1])
})

test('what a group opened is closed, also when a case throws', async () => {
  let closed = 0
  const bad: Case = {
    name: 'bad',
    run: () => {
      throw new Error('boom')
    },
    close: () => void closed++,
  }
  const good: Case = { name: 'good', run: spin, close: () => void closed++ }
  await assert.rejects(
    measureGroup({ name: 'g', open: () => [good, bad] }, SETTINGS, () => {}),
    /boom/,
  )
  assert.equal(closed, 2)
})

function spin(times: number): number {
  let sum = 0
  for (let i = 0; i < times; i++) sum = (sum + Math.imul(i, 31)) | 0
  return sum
}
