/** How often the rule for noise is wrong, counted on rounds that were made up: always the same ones. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dice } from '../../test/kit/made-up-run.ts'
import { sideOf, strayMost } from './noise.ts'

interface Trial {
  readonly rounds: number
  /** Each measurement is off by up to this share, either way. */
  readonly noise: number
  /** What the change really is, against its base. */
  readonly truth: number
  readonly limit: number
}

/** Of 100 comparisons. */
function count({ rounds, noise, truth, limit }: Trial): { over: number; within: number } {
  const random = dice(7)
  const off = (): number => 1 + noise * (2 * random() - 1)
  const tally = { over: 0, within: 0, unclear: 0 }
  for (let i = 0; i < 4000; i++) {
    const ratios = Array.from({ length: rounds }, () => (truth * off()) / off())
    tally[sideOf(ratios, (ratio) => ratio > limit)] += 1 / 40
  }
  return tally
}

const CPU = { rounds: 5, limit: 1.05 }

test('comparing a build with itself raises a false alarm in less than 2 of 100, however noisy the machine', () => {
  for (const noise of [0.02, 0.05, 0.1, 0.3]) {
    const { over } = count({ ...CPU, noise, truth: 1 })
    assert.ok(over < 2, `${over} of 100 at ±${noise * 100} %`)
  }
})

test('even a change that is just at its bound raises an alarm in at most 1 of 20', () => {
  for (const rounds of [5, 7, 9, 15]) {
    const { over } = count({ ...CPU, rounds, noise: 0.3, truth: 1.05 })
    assert.ok(over <= 5, `${over} of 100 with ${rounds} rounds`)
  }
})

test('twice the CPU a request is caught in more than 99 of 100, also where rounds are off by 30 %', () => {
  for (const noise of [0.02, 0.1, 0.3]) assert.ok(count({ ...CPU, noise, truth: 2 }).over > 99)
})

test('10 ms more at p99.9, where it was 3 ms, is caught in more than 99 of 100 at 30 % noise', () => {
  const { over } = count({ rounds: 5, noise: 0.3, truth: 13 / 3, limit: 1.5 })
  assert.ok(over > 99, `${over}`)
})

test('a change that does nothing is held on a quiet machine, and often unclear on a noisy one', () => {
  assert.ok(count({ ...CPU, noise: 0.02, truth: 1 }).within > 99)
  const { within } = count({ ...CPU, noise: 0.3, truth: 1 })
  assert.ok(within < 40, `${within}`)
})

test('a wide bound is held on a noisy machine too', () => {
  assert.ok(count({ rounds: 5, limit: 1.5, noise: 0.3, truth: 1 }).within > 95)
})

test('10 % more CPU is caught where rounds agree, and passes for harmless in at most 1 of 5 where they do not', () => {
  assert.ok(count({ ...CPU, noise: 0.02, truth: 1.1 }).over > 99)
  for (const noise of [0.05, 0.1, 0.3]) assert.ok(count({ ...CPU, noise, truth: 1.1 }).within <= 20)
})

test('five rounds must all be over, nine may have one that is not; four can never say so', () => {
  assert.deepEqual(
    [2, 3, 4, 5, 7, 8, 9].map((n) => [strayMost(n, 1 / 20), strayMost(n, 1 / 5)]),
    [
      [-1, -1],
      [-1, 0],
      [-1, 0],
      [0, 1],
      [0, 1],
      [1, 2],
      [1, 2],
    ],
  )
})
