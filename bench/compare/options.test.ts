/** What people type, and what they are told when it makes no sense. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scenarios } from '../load/scenarios.ts'
import { readOptions } from './options.ts'

test('without words every scenario runs against nginx', () => {
  const options = readOptions([])
  assert.equal(options.scenarios.length, scenarios.length)
  assert.deepEqual(options.peers, ['nginx', 'sluice'])
})

test('scenarios are named, peers are listed', () => {
  const options = readOptions(['plain-8', 'guarded', '--peers', 'haproxy,sluice', '--base', 'main'])
  assert.deepEqual(
    options.scenarios.map(({ name }) => name),
    ['plain-8', 'guarded'],
  )
  assert.deepEqual([options.peers, options.base], [['haproxy', 'sluice'], 'main'])
})

for (const [words, says] of [
  [['plain-9'], /no scenario is named plain-9; there are plain-8/],
  [['--rounds', '0'], /--rounds takes a whole number from 1 to 100/],
  [['--seconds', '1.5'], /--seconds takes a whole number/],
  [['--peers', ''], /--peers names nobody/],
  [['--capacity-by', 'ab'], /--capacity-by takes wrk or autocannon/],
  [['--round', '5'], /--round/],
] as const)
  test(`${words.join(' ')} is refused in words`, () => {
    assert.throws(() => readOptions(words), says)
  })
