/** A plugin that answered WAIT: how long it has, and what its late and double calls come to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFlowRig } from '../../test/kit/flow-rig.ts'
import { faults } from '../base/faults.ts'
import { type Exchange, STAGE_ABANDONED } from '../contract/exchange.ts'
import { WAIT } from '../contract/plugin.ts'
import { REQUEST_LIMITS } from '../http1/limits.ts'
import { Exchanges } from './listener/exchanges.ts'
import { RequestIds } from './listener/request-ids.ts'

const WAIT_MS = 1000

function wait() {
  const rig = makeFlowRig({ plugins: [{ onRequest: () => WAIT }], pluginWaitMs: WAIT_MS })
  return { rig, x: rig.enter() }
}

test('a plugin that does not resume in its time is answered for with 504, and told of', async () => {
  const { rig, x } = wait()
  await rig.timers.pass(WAIT_MS - 1)
  assert.deepEqual(rig.client.said, [])
  await rig.timers.pass(1)
  assert.match(rig.client.said[0] ?? '', /^head 504 /)
  assert.deepEqual(rig.tallied, ['plugin threw', '504 PLUGIN_TIMEOUT'])
  assert.equal(x.stage, STAGE_ABANDONED, 'the plugin still holds it')
  rig.flow.resume(x)
  rig.flow.finish(x)
  assert.deepEqual(rig.transport.said, [], 'what comes later comes to nothing')
})

test('the time ends with the wait', async () => {
  const { rig, x } = wait()
  rig.flow.resume(x)
  await rig.timers.pass(WAIT_MS * 2)
  assert.deepEqual(rig.transport.said, ['send a:1'])
  assert.deepEqual(rig.tallied, [])
})

test('a second resume changes nothing, and is told of', async () => {
  const { rig, x } = wait()
  rig.flow.resume(x)
  rig.flow.resume(x)
  rig.flow.finish(x)
  assert.deepEqual(rig.transport.said, ['send a:1'])
  assert.deepEqual(rig.tallied, ['plugin threw', 'plugin threw'])
})

test('a request that is refused while a plugin has it wait is nobody else’s afterwards', async () => {
  const { rig, x } = wait()
  rig.flow.refuse(x, faults.REQUEST_MALFORMED)
  assert.equal(x.stage, STAGE_ABANDONED)
  await rig.timers.pass(WAIT_MS * 2)
  assert.deepEqual(rig.tallied, ['400 REQUEST_MALFORMED'])
})

test('an exchange in which a plugin waited rests before it is used again, another one is used at once', () => {
  const exchanges = new Exchanges(REQUEST_LIMITS, new RequestIds(Buffer.alloc(16)))
  const plain = exchanges.acquire()
  exchanges.release(plain)
  assert.equal(exchanges.acquire(), plain)
  plain.waits = 1
  exchanges.release(plain)
  const seen = new Set<Exchange>()
  for (let i = 0; i < 255; i++) {
    const x = exchanges.acquire()
    seen.add(x)
    x.waits = 1
    exchanges.release(x)
  }
  assert.equal(seen.has(plain), false)
  const last = exchanges.acquire()
  last.waits = 1
  exchanges.release(last)
  assert.equal(exchanges.acquire(), plain, 'it has rested')
})
