/** The flow's part in a tunnel, with a client and a target that do as told: bytes, ends, plugins, counts, closing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  type FlowRig,
  makeFlowRig,
  makePlan,
  makeRoute,
  makeService,
  readExchange,
} from '../../test/kit/flow-rig.ts'
import { faults } from '../base/faults.ts'
import { answer } from '../contract/answer.ts'
import { type Exchange, UPGRADE_ASKED, UPGRADED } from '../contract/exchange.ts'
import { UNTIL_CLOSE } from '../http1/framing.ts'
import { CLOSE_GRACE_MS } from './tunnel/tunnels.ts'

const ASK = 'GET /chat HTTP/1.1\nHost: a\nConnection: Upgrade\nUpgrade: websocket\n'

/** A request that asks, under way to its target. */
function ask(rig: FlowRig): Exchange {
  const x = readExchange(ASK, rig.client)
  x.upgrade = UPGRADE_ASKED
  rig.flow.enter(x)
  return x
}

/** As the transport does. */
function switchOver(rig: FlowRig, x: Exchange): void {
  const bytes = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nX-A: 1\r\n\r\n')
  x.response.feed(bytes, 0, bytes.length)
  x.status = 101
  x.upgrade = UPGRADED
  x.bodyless = true
  x.responseLength = UNTIL_CLOSE
  rig.flow.targetHead(x)
}

function open(rig: FlowRig): Exchange {
  const x = ask(rig)
  switchOver(rig, x)
  rig.client.said.length = 0
  rig.transport.said.length = 0
  return x
}

function fromClient(rig: FlowRig, x: Exchange, bytes: string): void {
  rig.flow.requestBody(x, Buffer.from(bytes, 'latin1'), 0, bytes.length)
}

function fromTarget(rig: FlowRig, x: Exchange, bytes: string): boolean {
  return rig.flow.targetBody(x, Buffer.from(bytes, 'latin1'), 0, bytes.length)
}

/** Frames of text, as a server sends them: bytes of the payload are letters. */
function frame(text: string, opcode = 1): string {
  return String.fromCharCode(0x80 | opcode, text.length) + text
}

/** "Going away" as it shows in what the fakes have kept; towards a target with the mask that chance 0 draws. */
const CLOSE = Buffer.from([0x88, 2, 3, 233]).toString('latin1')
const MASKED_CLOSE = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 3, 233]).toString('latin1')

test('after the 101 bytes pass both ways, and the exchange is over when the target says that both sides have ended', () => {
  const rig = makeFlowRig()
  const x = ask(rig)
  switchOver(rig, x)
  assert.match(rig.client.sent, /^HTTP\/1\.1 101 Switching Protocols\r\nX-A: 1\r\n/)
  assert.deepEqual(rig.client.said, ['head 101 -2', 'go'])
  fromClient(rig, x, 'hello')
  assert.equal(fromTarget(rig, x, 'world!'), true)
  assert.deepEqual(rig.transport.said, ['send a:1', 'body hello'])
  assert.equal(rig.client.said.at(-1), 'body world!')
  rig.flow.targetHalfEnd(x)
  assert.equal(rig.client.said.at(-1), 'half end')
  rig.flow.requestEnd(x)
  assert.equal(rig.transport.said.at(-1), 'end')
  assert.deepEqual(rig.tallied, ['tunnel opened'], 'its line is written when it ends')
  assert.deepEqual([x.requestBytes, x.responseBytes], [5, 6])
  rig.flow.targetEnd(x)
  assert.equal(rig.client.said.at(-1), 'end')
  assert.deepEqual(rig.tallied, ['tunnel opened', 'tunnel closed', '101 NONE'])
  assert.deepEqual(rig.balancer.said, ['a:1 ok'])
})

test('a side that does not read pauses the other one, and only that', () => {
  const rig = makeFlowRig()
  const x = open(rig)
  rig.transport.hasRoom = false
  fromClient(rig, x, 'a')
  assert.deepEqual(rig.client.said, ['pause'])
  rig.transport.hasRoom = true
  rig.flow.targetDrain(x)
  assert.deepEqual(rig.client.said, ['pause', 'go'])
  rig.client.hasRoom = false
  assert.equal(fromTarget(rig, x, 'b'), false)
  rig.flow.clientDrain(x)
  assert.equal(rig.transport.said.at(-1), 'resume')
})

test('what happens to a tunnel says nothing of its target: the 101 was its answer', () => {
  for (const fault of [faults.TARGET_RESET, faults.TARGET_WRITE_TIMEOUT, faults.TUNNEL_IDLE]) {
    const rig = makeFlowRig()
    const x = open(rig)
    rig.flow.targetFault(x, fault)
    assert.deepEqual(rig.balancer.said, ['a:1 ok'])
    assert.deepEqual(rig.tallied.slice(1), ['tunnel closed', `101 ${fault.code}`])
    assert.equal(rig.client.said.at(-1), fault === faults.TUNNEL_IDLE ? 'end' : 'abort', fault.code)
  }
})

test('a client that goes takes the try along, once', () => {
  const rig = makeFlowRig()
  const x = open(rig)
  rig.flow.clientGone(x, faults.CLIENT_GONE)
  rig.flow.clientGone(x, faults.CLIENT_GONE)
  assert.deepEqual(rig.transport.said, ['abort'])
  assert.equal(rig.balancer.said.length, 1)
  assert.deepEqual(rig.tallied, ['tunnel opened', 'tunnel closed', '101 CLIENT_GONE'])
})

test('a plugin that answers in place of the 101 ends the try, and there is no tunnel', () => {
  const rig = makeFlowRig({ plugins: [{ onResponse: (x) => answer(x, 403, 'no', null) }] })
  const x = ask(rig)
  switchOver(rig, x)
  assert.deepEqual(rig.client.said, ['head 403 2', 'body no', 'end'])
  assert.equal(rig.transport.said.at(-1), 'abort')
  assert.deepEqual(rig.tallied, ['403 NONE'])
})

test('a plugin that wants whole answers does not wait for a tunnel’s', () => {
  const rig = makeFlowRig({ plugins: [{ responseBodyMax: 100, onResponseBody: (_x, body) => body }] })
  open(rig)
  assert.deepEqual(rig.tallied, ['tunnel opened'])
})

test('a failed try for an upgrade is followed by another, as for any GET', () => {
  const rig = makeFlowRig()
  const x = ask(rig)
  rig.flow.targetFault(x, faults.TARGET_CONNECT)
  assert.deepEqual(rig.transport.said, ['send a:1', 'send a:1'])
  switchOver(rig, x)
  assert.equal(rig.balancer.retriesHeld, 0, 'a tunnel keeps no place among the retries')
})

test('a drain puts a close frame between the frames of each side, and ends when both have answered it', () => {
  const rig = makeFlowRig()
  const x = open(rig)
  fromClient(rig, x, frame('one').slice(0, 3))
  fromTarget(rig, x, frame('two'))
  rig.client.said.length = 0
  rig.transport.said.length = 0
  rig.flow.drain(1000)
  assert.deepEqual(rig.client.said, [`body ${CLOSE}`])
  assert.deepEqual(rig.transport.said, [], 'its frame is not whole yet')
  fromClient(rig, x, frame('one').slice(3) + frame('late'))
  assert.deepEqual(rig.transport.said, [`body ${frame('one').slice(3)}`, `body ${MASKED_CLOSE}`])
  fromTarget(rig, x, frame('late'))
  assert.equal(rig.client.said.length, 1, 'what comes behind a close frame is dropped')
  fromClient(rig, x, frame('\x03\xe9', 8))
  assert.equal(rig.tallied.length, 1)
  fromTarget(rig, x, frame('\x03\xe9', 8))
  assert.deepEqual(rig.tallied, ['tunnel opened', 'tunnel closed', '101 NONE'])
  assert.deepEqual([rig.client.said.at(-1), rig.transport.said.at(-1)], ['end', 'abort'])
  assert.equal(rig.timers.count, 0)
})

test('a drain leaves two that are closing by themselves alone, and one that opens meanwhile is closed at once', () => {
  const rig = makeFlowRig()
  const x = open(rig)
  fromClient(rig, x, frame('\x03\xe8', 8))
  rig.flow.drain(1000)
  fromTarget(rig, x, frame('still') + frame('\x03\xe8', 8))
  assert.deepEqual(rig.client.said, [`body ${frame('still') + frame('\x03\xe8', 8)}`])
  rig.flow.clientGone(x, faults.CLIENT_GONE)
  const late = ask(rig)
  switchOver(rig, late)
  assert.equal(rig.client.said.at(-2), `body ${CLOSE}`)
  assert.equal(rig.transport.said.at(-1), `body ${MASKED_CLOSE}`)
})

test('a side that does not answer the close frame is cut when its time is over', () => {
  const rig = makeFlowRig()
  open(rig)
  rig.flow.drain(1000)
  rig.timers.pass(1000)
  assert.deepEqual(rig.tallied, ['tunnel opened', 'tunnel closed', '101 TUNNEL_CLOSED'])
  assert.deepEqual([rig.client.said.at(-1), rig.transport.said.at(-1)], ['end', 'abort'])
})

test('a tunnel lives for TUNNEL_LIFETIME, however busy it is, and is then closed in order', () => {
  const rig = makeFlowRig({ tunnelLifetimeMs: 60_000 })
  const x = open(rig)
  rig.timers.pass(59_999)
  fromTarget(rig, x, frame('a'))
  assert.equal(rig.client.said.length, 1)
  rig.timers.pass(1)
  assert.equal(rig.client.said.at(-1), `body ${CLOSE}`)
  rig.timers.pass(CLOSE_GRACE_MS)
  assert.deepEqual(rig.tallied, ['tunnel opened', 'tunnel closed', '101 TUNNEL_CLOSED'])
  const other = open(rig)
  rig.flow.clientGone(other, faults.CLIENT_GONE)
  assert.equal(rig.timers.count, 0, 'no timer outlives its tunnel')
})

test('a reload leaves a tunnel alone: it keeps its plan, which is closed when the tunnel ends', () => {
  const rig = makeFlowRig()
  const x = open(rig)
  rig.plans.swap(makePlan(null))
  assert.equal(rig.plan.closed, 0)
  fromClient(rig, x, 'still')
  assert.equal(rig.transport.said.at(-1), 'body still')
  rig.flow.targetEnd(x)
  assert.equal(rig.plan.closed, 1)
})

test('nothing holds the plan of a tunnel once that has ended, after a reload', async () => {
  const rig = makeFlowRig()
  const plans = rig.plans
  // The rig's own is one it holds on to.
  plans.swap(makePlan(makeRoute(makeService(rig.balancer))))
  const held = new WeakRef(plans.current)
  const x = open(rig)
  plans.swap(makePlan(null))
  await collect()
  assert.ok(held.deref(), 'it is at work')
  rig.flow.targetEnd(x)
  x.reset()
  await collect()
  assert.equal(held.deref(), undefined)
})

async function collect(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void // what the flag adds to each new context
  // What a WeakRef was read from in a turn lives until its end.
  await new Promise((resolve) => setImmediate(resolve))
  gc()
}
