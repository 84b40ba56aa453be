/** Statistics over rounds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ratiosOf, showCount, showFigure, showSpread, spreadOf } from './ratios.ts'

test('one odd round does not move the median', () => {
  assert.deepEqual(spreadOf([3, 1, 2, 900, 2]), { median: 2, least: 1, most: 900 })
})

test('an even number of rounds has its median between the middle two', () => {
  assert.equal(spreadOf([4, 1, 2, 3])?.median, 2.5)
})

test('no round, no median', () => {
  assert.equal(spreadOf([]), null)
})

test('a machine that gets slower from round to round leaves the ratios as they are', () => {
  assert.deepEqual(ratiosOf([20, 40, 80], [10, 20, 40]), [2, 2, 2])
})

test('a round that only one subject has says nothing', () => {
  assert.deepEqual(ratiosOf([2, 4, 6], [1, 2]), [2, 2])
})

test('ratios are shown with the least and the most of the rounds', () => {
  assert.equal(showSpread({ median: 1.123, least: 1.05, most: 1.31 }), '1.12 (1.05–1.31)')
  assert.equal(showSpread({ median: 1, least: 1, most: 1 }), '1.00')
})

test('figures are shown with the digits that matter', () => {
  assert.deepEqual([0.4211, 4.2, 42.06, 99.96, 421.4, 12345.6].map(showFigure), [
    '0.42',
    '4.20',
    '42.1',
    '100',
    '421',
    '12,346',
  ])
  assert.equal(showCount(1234567), '1,234,567')
})
