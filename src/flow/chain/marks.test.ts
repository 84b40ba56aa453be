/** A mark says which step of which plugin runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Exchange } from '../../contract/exchange.ts'
import type { Plan, Route } from '../../contract/plan.ts'
import { type Handler, NEXT, type Verdict } from '../../contract/plugin.ts'
import { REQUEST_LIMITS } from '../../http1/limits.ts'
import { Bindings } from './bindings.ts'
import { buildGlobalChain, ChainBuilder } from './build-chain.ts'
import { ChainRunner } from './chain.ts'
import { markOf, readMark, STEP_LOG, STEP_REQUEST } from './marks.ts'

const NAMES = ['key-auth', 'rate-limiting', 'cors', 'one', 'two', 'x'.repeat(200)]

test('a mark is read back as its plugin and step; 0 is nobody', () => {
  for (const name of NAMES) {
    assert.deepEqual(readMark(markOf(name) | STEP_REQUEST, NAMES), { plugin: name, step: 'request' })
    assert.deepEqual(readMark(markOf(name) | STEP_LOG, []), { plugin: 'unknown', step: 'log' })
  }
  assert.equal(readMark(0, NAMES), null)
})

for (const consumerId of [null, 'jo'])
  test(`while a step runs the mark is its own, and afterwards none (${consumerId === null ? 'fixed' : 'changeable'} chain)`, () => {
    const running = new Int32Array(1)
    const seen: string[] = []
    const note = (name: string) => {
      const { plugin, step } = readMark(running[0]!, NAMES) ?? { plugin: 'none', step: '' }
      seen.push(`${name} ${plugin} ${step}`)
    }
    const verdict = (name: string): Verdict => {
      note(name)
      return NEXT
    }
    const handler = (name: string): Handler => ({
      onRewrite: () => verdict(name),
      onRequest: () => verdict(name),
      onResponse: () => note(name),
      onLog: () => {
        note(name)
        throw new Error('it is none afterwards all the same')
      },
    })
    const bindings = new Bindings()
    const place = { routeId: null, serviceId: null, groupId: null, origin: 'test' }
    bindings.add({ ...place, consumerId: null, plugin: 'one', priority: 2, handler: handler('one') })
    bindings.add({ ...place, consumerId, plugin: 'two', priority: 1, handler: handler('two') })
    const x = new Exchange(REQUEST_LIMITS)
    const runner = new ChainRunner(() => {}, running)
    const consumer = { id: 'jo', username: 'jo', customId: null, tags: [], groups: [] }
    x.consumer = { ...consumer, overrides: bindings.ofConsumer('jo', []) }
    // Only what the chain reads.
    x.plan = { globalChain: buildGlobalChain(bindings), consumers: [] } as unknown as Plan
    const check = (step: string, names: readonly string[]) => {
      assert.deepEqual(
        seen.splice(0),
        names.map((name) => `${name} ${name} ${step}`),
      )
      assert.equal(running[0], 0)
    }
    runner.runRewrite(x)
    check('rewrite', consumerId === null ? ['one', 'two'] : ['one'])
    x.route = { chain: new ChainBuilder(bindings).build('route', 'service') } as Route
    runner.runRequest(x)
    check('request', ['one', 'two'])
    runner.runResponse(x)
    check('response', ['one', 'two'])
    runner.runLog(x)
    check('log', ['one', 'two'])
  })
