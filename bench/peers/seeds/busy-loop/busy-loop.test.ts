/** The seed burns what it is told to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Exchange } from '../../../../src/contract/exchange.ts'
import { NEXT } from '../../../../src/contract/plugin.ts'
import { REQUEST_LIMITS } from '../../../../src/http1/limits.ts'
import { makeHost } from '../../../../test/kit/plugin-host.ts'
import busyLoop from './busy-loop.ts'

const scope = { id: 'a', instanceName: null, routeId: null, serviceId: null, consumerId: null }

test('a request is held until the time is burnt, and then goes on', () => {
  let us = 0
  const host = makeHost({ nowAnew: () => us++ / 1000 })
  const handler = busyLoop.build({ microseconds: 100 }, host, scope)
  assert.equal(handler.onRequest?.(new Exchange(REQUEST_LIMITS)), NEXT)
  assert.ok(us >= 100 && us <= 103, `${us}`)
})
