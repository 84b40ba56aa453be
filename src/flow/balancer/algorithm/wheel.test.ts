/** How slots are laid out on the wheel. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Target } from '../../../contract/target.ts'
import { layWheel } from './wheel.ts'

test('a wheel has sum / gcd slots', () => {
  assert.equal(layWheel(weighted([100, 200, 300])).length, 6)
  assert.equal(layWheel(weighted([0, 0])).length, 0)
  assert.equal(layWheel(weighted([])).length, 0)
})

test('slots of one target are as far apart as they can be', () => {
  assert.deepEqual([...layWheel(weighted([2, 1]))], [0, 1, 0])
  assert.deepEqual([...layWheel(weighted([1, 1, 1]))], [0, 1, 2])
  assert.deepEqual([...layWheel(weighted([3, 2]))], [0, 1, 0, 1, 0])
})

test('huge weights are scaled down, and the smallest keeps a slot', () => {
  const wheel = layWheel(weighted([65_535 * 65_535, 65_535 * 65_534, 1]))
  assert.ok(wheel.length <= 2 ** 18 + 3)
  assert.equal(wheel.filter((index) => index === 2).length, 1)
})

function weighted(weights: readonly number[]): Target[] {
  const pool = {
    address: { ip: '10.0.0.1', port: 80, tls: null, http: 'http/1.1' as const },
    open: 0,
    idle: 0,
  }
  return weights.map((weight) => new Target('10.0.0.1:80', '10.0.0.1', new Uint8Array(0), weight, pool))
}
