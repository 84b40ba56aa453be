/** Load never takes the gateway's time where there is a core to spare. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cores, shareCores } from './cores.ts'
import { sharedCores } from './shared-cores.ts'

/** The gateway has cores, and for itself. */
function isApart({ gateway, origin, load }: Cores): boolean {
  return gateway.length > 0 && sharedCores(gateway, [...origin, ...load]).length === 0
}

test('two cores: the gateway has one, load and origin share the other', () => {
  const cores = shareCores(1, [0, 1])
  assert.deepEqual(cores, { gateway: [0], origin: [1], load: [1] })
  assert.ok(isApart(cores))
})

test('four cores: the origin has one of its own too', () => {
  assert.deepEqual(shareCores(1, [2, 3, 6, 7]), { gateway: [2], origin: [3], load: [6, 7] })
  assert.deepEqual(shareCores(2, [0, 1, 2, 3]), { gateway: [0, 1], origin: [2], load: [3] })
})

test('as many workers as cores: all share, and it is known', () => {
  assert.ok(!isApart(shareCores(2, [0, 1])))
  assert.ok(!isApart(shareCores(1, [0])))
})

test('where nothing can be pinned no core is named', () => {
  const cores = shareCores(1, [])
  assert.deepEqual(cores, { gateway: [], origin: [], load: [] })
  assert.ok(!isApart(cores))
})
