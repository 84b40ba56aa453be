/** Which configurations are asked before a request is routed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Handler } from '../../contract/plugin.ts'
import { Bindings } from './bindings.ts'

function startersOf(keys: readonly (string | undefined)[]): Handler[] {
  const bindings = new Bindings()
  const ids = { serviceId: null, consumerId: null, groupId: null }
  for (const [i, key] of keys.entries()) {
    const handler: Handler = key === undefined ? { onStart() {} } : { onStart() {}, startKey: key }
    bindings.add({ plugin: 'p', priority: 1, routeId: `r${i}`, ...ids, handler, origin: 'test' })
  }
  return bindings.starters
}

test('configurations that start alike are asked once, however many routes have one', () => {
  assert.equal(startersOf(Array.from({ length: 1000 }, () => 'same')).length, 1)
  assert.deepEqual(
    startersOf(['a', 'b', 'a', undefined, undefined]).map((handler) => handler.startKey),
    ['a', 'b', undefined, undefined],
  )
})
