/** Whole numbers by chance. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dice } from './dice.ts'

test('every side comes about as often as the others, whatever the seed', () => {
  for (const seed of [0, 0.25, 0.999999]) {
    const dice = new Dice(() => seed)
    const counts = new Array<number>(6).fill(0)
    for (let i = 0; i < 6000; i++) counts[dice.throw(6)]!++
    for (const count of counts) assert.ok(count > 850 && count < 1150, `${seed}: ${counts}`)
  }
})

test('two seeds give two rows', () => {
  const rows = [0.1, 0.2].map((seed) => {
    const dice = new Dice(() => seed)
    return Array.from({ length: 20 }, () => dice.throw(1000)).join()
  })
  assert.notEqual(rows[0], rows[1])
})
