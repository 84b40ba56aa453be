/** The middle of figures. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { medianOf, spreadOf } from './spread.ts'

test('the median is the figure in the middle, whatever the order', () => {
  assert.equal(medianOf([9, 1, 5]), 5)
  assert.equal(medianOf([100, 2, 1, 3, 50]), 3)
})

test('the median of an even number of figures lies between the two in the middle', () => {
  assert.equal(medianOf([4, 1, 3, 2]), 2.5)
})

test('one that is far off moves the most and not the median', () => {
  assert.deepEqual(spreadOf([10, 11, 5000, 12, 9]), { median: 11, least: 9, most: 5000 })
})

test('figures are ordered as numbers and left as they were given', () => {
  const figures = [10, 9, 100]
  assert.deepEqual(spreadOf(figures), { median: 10, least: 9, most: 100 })
  assert.deepEqual(figures, [10, 9, 100])
})

test('no figures have no middle', () => {
  assert.ok(Number.isNaN(medianOf([])))
})
