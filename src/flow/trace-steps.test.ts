/** What a traced exchange notes of its way, and that one that is not traced notes nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FlowRig, type FlowRigOptions, makeFlowRig, targetAnswers } from '../../test/kit/flow-rig.ts'
import type { Exchange } from '../contract/exchange.ts'
import { type Handler, NEXT, WAIT } from '../contract/plugin.ts'
import { Trace } from '../contract/record/trace.ts'

const ID = new Uint8Array(16)

function traced(options: FlowRigOptions = {}): FlowRig {
  const rig = makeFlowRig(options)
  const starter: Handler = {
    onStart(x) {
      x.trace = new Trace(ID, null, ID, ID)
    },
  }
  Object.assign(rig.plan, { starters: [starter] })
  return rig
}

function stepsOf(x: Exchange): string[] {
  return x.trace!.steps.map(({ name, startMs, endMs }) => `${name} ${startMs - 1000} ${endMs - 1000}`)
}

test('each plugin is a step in each of its phases, and so is the router', () => {
  const plugin: Handler = { onRequest: () => NEXT, onResponse: () => {}, onLog: () => {} }
  const rig = traced({ plugins: [plugin], globals: [{ onRewrite: () => NEXT }] })
  const x = rig.enter()
  targetAnswers(rig, x, 'HTTP/1.1 200 OK\nContent-Length: 0\n', 0)
  rig.flow.targetEnd(x)
  assert.deepEqual(
    x.trace!.steps.map((step) => step.name),
    ['rewrite.plugin.plugin-0', 'router', 'access.plugin.plugin-0', 'header_filter.plugin.plugin-0'],
  )
  assert.ok(x.trace!.steps.every((step) => step.endMs !== 0))
})

test('the time that a plugin waits is its own', () => {
  const rig = traced({ plugins: [{ onRequest: () => WAIT }, { onRequest: () => NEXT }] })
  const x = rig.enter()
  rig.timers.pass(7)
  rig.flow.resume(x)
  assert.deepEqual(stepsOf(x), ['router 0 0', 'access.plugin.plugin-0 0 7', 'access.plugin.plugin-1 7 7'])
})

test('a plugin that waits when its client goes ends with the exchange', () => {
  const rig = traced({ plugins: [{ onRequest: () => WAIT }] })
  const x = rig.enter()
  rig.timers.pass(3)
  rig.flow.clientGone(x, x.fault)
  assert.deepEqual(stepsOf(x), ['router 0 0', 'access.plugin.plugin-0 0 3'])
})

test('a plugin that throws has a step that ends', () => {
  const failing: Handler = {
    onRequest() {
      rig.now.ms += 2
      throw new Error('no')
    },
  }
  const rig = traced({ plugins: [failing] })
  const x = rig.enter()
  assert.deepEqual(stepsOf(x), ['router 0 0', 'access.plugin.plugin-0 0 2'])
  assert.equal(x.status, 500)
})

test('an exchange that nobody traces notes nothing', () => {
  const rig = makeFlowRig({ plugins: [{ onRequest: () => NEXT }] })
  assert.equal(rig.enter().trace, null)
})
