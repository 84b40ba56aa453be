/** The seed stops its thread when it is told to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeHost } from '../../../../test/kit/plugin-host.ts'
import stall from './stall.ts'

const scope = { id: 'a', instanceName: null, routeId: null, serviceId: null, consumerId: null }

test('the thread stands still again and again, until the plugin is closed', () => {
  let due: (() => void) | null = null
  const waits: number[] = []
  const later = (ms: number, callback: () => void) => {
    waits.push(ms)
    due = callback
    return () => {
      due = null
    }
  }
  const handler = stall.build({ ms: 10, every_ms: 2000 }, makeHost({ later }), scope)
  for (let i = 0; i < 2; i++) {
    const before = performance.now()
    ;(due as (() => void) | null)?.()
    assert.ok(performance.now() - before >= 9)
  }
  assert.deepEqual(waits, [2000, 2000, 2000])
  handler.close?.()
  assert.equal(due, null)
})
