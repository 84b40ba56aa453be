/** Bodies on their way: order, backpressure in both directions, what is kept for another try, and limits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientSends, makeFlowRig, targetAnswers, targetSends } from '../../test/kit/flow-rig.ts'
import { faults } from '../base/faults.ts'
import { type Exchange, sendsChunks } from '../contract/exchange.ts'

const PUT = 'PUT / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n'

test('a body starts only when the target is ready for it', () => {
  const rig = makeFlowRig()
  const x = rig.enter(PUT)
  assert.deepEqual(rig.client.said, [])
  rig.flow.targetReady(x)
  assert.deepEqual(rig.client.said, ['go'])
  clientSends(rig, x, 'ab')
  rig.flow.requestEnd(x)
  assert.deepEqual(rig.transport.said, ['send a:1', 'body ab', 'end'])
  assert.equal(x.requestBytes, 2)
})

test('100 Continue is said once, when the body is wanted', () => {
  const rig = makeFlowRig()
  const x = rig.enter(`${PUT}Expect: 100-continue\n`)
  assert.deepEqual(rig.client.said, [])
  rig.flow.targetReady(x)
  assert.deepEqual(rig.client.said, ['continue', 'go'])
  x.carrier = null
  rig.flow.targetFault(x, faults.TARGET_CONNECT)
  rig.flow.targetReady(x)
  assert.deepEqual(rig.client.said, ['continue', 'go', 'pause', 'go'])
})

test('a target that is slow stops the client, and room lets it go on', () => {
  const rig = makeFlowRig()
  const x = rig.enter(PUT)
  rig.flow.targetReady(x)
  rig.transport.hasRoom = false
  clientSends(rig, x, 'ab')
  assert.deepEqual(rig.client.said, ['go', 'pause'])
  rig.flow.targetDrain(x)
  assert.deepEqual(rig.client.said, ['go', 'pause', 'go'])
  rig.flow.requestEnd(x)
  rig.flow.targetDrain(x)
  assert.equal(rig.client.said.length, 3, 'nothing is left to let go')
})

test('a client that is slow is told to the target, and room lets it go on', () => {
  const rig = makeFlowRig()
  const x = rig.enter()
  targetAnswers(rig, x, 'HTTP/1.1 200 OK\n', 4)
  rig.client.hasRoom = false
  assert.equal(targetSends(rig, x, 'ab'), false)
  rig.flow.clientDrain(x)
  assert.deepEqual(rig.transport.said, ['send a:1', 'resume'])
})

test('another try is sent the same body once, then what the client sends next', () => {
  const rig = makeFlowRig()
  const x = rig.enter(PUT)
  rig.flow.targetReady(x)
  clientSends(rig, x, 'ab')
  clientSends(rig, x, 'cd')
  x.carrier = null
  rig.flow.targetFault(x, faults.TARGET_RESET)
  rig.transport.said.length = 0
  rig.flow.targetReady(x)
  clientSends(rig, x, 'ef')
  rig.flow.requestEnd(x)
  assert.deepEqual(rig.transport.said, ['body abcd', 'body ef', 'end'])
})

test('a whole body that was sent is sent whole again', () => {
  const rig = makeFlowRig()
  const x = rig.enter(PUT)
  rig.flow.targetReady(x)
  clientSends(rig, x, 'ab')
  rig.flow.requestEnd(x)
  x.carrier = null
  rig.flow.targetFault(x, faults.TARGET_RESET)
  rig.transport.said.length = 0
  rig.flow.targetReady(x)
  assert.deepEqual(rig.transport.said, ['body ab', 'end'])
  assert.ok(!rig.client.said.includes('pause'), 'there is nothing to stop')
})

test('a body that ends while there is no try is ended with the next one', () => {
  const rig = makeFlowRig()
  const x = rig.enter(PUT)
  rig.flow.targetReady(x)
  clientSends(rig, x, 'ab')
  x.carrier = null
  rig.flow.requestEnd(x)
  rig.flow.targetFault(x, faults.TARGET_RESET)
  rig.transport.said.length = 0
  rig.flow.targetReady(x)
  assert.deepEqual(rig.transport.said, ['body ab', 'end'])
})

test('a body is tried again up to 64 KiB and not one byte beyond', () => {
  for (const [size, tries] of [
    [65536, 2],
    [65537, 1],
  ] as const) {
    const rig = makeFlowRig()
    const x = rig.enter(PUT)
    rig.flow.targetReady(x)
    clientSends(rig, x, 'x'.repeat(size - 1))
    clientSends(rig, x, 'y')
    x.carrier = null
    rig.flow.targetFault(x, faults.TARGET_RESET)
    assert.equal(rig.transport.said.filter((line) => line.startsWith('send')).length, tries)
  }
})

test('a body that is too large for a plugin is a 413, known by its length or found out', () => {
  for (const head of ['POST / HTTP/1.1\nHost: a\nContent-Length: 4\n', PUT]) {
    const rig = makeFlowRig({ plugins: [{ requestBodyMax: 3, onRequest: () => 0 }] })
    const x = rig.enter(head)
    if (x.requestLength < 0) {
      clientSends(rig, x, 'abc')
      assert.deepEqual(rig.tallied, [])
      clientSends(rig, x, 'd')
    }
    assert.deepEqual(rig.tallied, ['413 REQUEST_BODY_TOO_LARGE'])
    assert.deepEqual(rig.transport.said, [])
  }
})

test('an early answer does not stop the rest of the body from being taken', () => {
  const rig = makeFlowRig()
  const x = rig.enter(PUT)
  rig.flow.targetReady(x)
  targetAnswers(rig, x, 'HTTP/1.1 200 OK\n', 5)
  clientSends(rig, x, 'ab')
  assert.equal(rig.transport.said.at(-1), 'body ab')
  assert.equal(x.replay.used, 0, 'nothing is kept: there is no other try')
})

/** Upper case both ways, with a last word. */
const shout = {
  pass: (_x: Exchange, bytes: Uint8Array, start: number, end: number) =>
    Buffer.from(Buffer.from(bytes.subarray(start, end)).toString().toUpperCase()),
  end: () => Buffer.from('!'),
}

test("a plugin's transform of a request is what the target is sent, in another try too, with no length", () => {
  const rig = makeFlowRig()
  const x = rig.enter('PUT / HTTP/1.1\nHost: a\nContent-Length: 4\n')
  x.requestTransform = shout
  assert.equal(sendsChunks(x), true)
  rig.flow.targetReady(x)
  clientSends(rig, x, 'ab')
  x.carrier = null
  rig.flow.targetFault(x, faults.TARGET_RESET)
  rig.flow.targetReady(x)
  clientSends(rig, x, 'cd')
  rig.flow.requestEnd(x)
  assert.deepEqual(rig.transport.said, [
    'send a:1',
    'body AB',
    'send a:1',
    'body AB',
    'body CD',
    'body !',
    'end',
  ])
})

test('a body that a transform finds malformed is refused', () => {
  const rig = makeFlowRig()
  const x = rig.enter(PUT)
  x.requestTransform = { pass: () => null, end: () => null }
  rig.flow.targetReady(x)
  clientSends(rig, x, 'ab')
  assert.equal(x.status, 400)
  assert.deepEqual(rig.tallied, ['400 REQUEST_MALFORMED'])
})

test("a plugin's transform of an answer is what the client is sent, with its last word, and is counted", () => {
  const rig = makeFlowRig()
  const x = rig.enter()
  targetAnswers(rig, x, 'HTTP/1.1 200 OK\n', 4)
  x.responseTransform = shout
  assert.equal(targetSends(rig, x, 'ab'), true)
  rig.flow.targetEnd(x)
  assert.deepEqual(rig.client.said.slice(1), ['body AB', 'body !', 'end'])
  assert.equal(x.responseBytes, 3)
})

test('bodies are gathered only where a plugin of the chain wants this one', () => {
  for (const wanted of [true, false]) {
    const rig = makeFlowRig({
      plugins: [
        { requestBodyMax: 10, wantsRequestBody: () => wanted, onRequest: () => 0 },
        { responseBodyMax: 10, wantsResponseBody: (x) => wanted && x.response.status === 200 },
      ],
    })
    const x = rig.enter(PUT)
    assert.equal(x.requestBody === null, !wanted)
    if (wanted) rig.flow.requestEnd(x)
    targetAnswers(rig, x, 'HTTP/1.1 200 OK\n', 2)
    assert.equal(x.responseBody === null, !wanted)
  }
})

test('one plugin that wants a body has it gathered for all, and so does one that does not say', () => {
  for (const other of [{ wantsRequestBody: () => true }, {}]) {
    const no = { requestBodyMax: 10, wantsRequestBody: () => false }
    const rig = makeFlowRig({ plugins: [no, { requestBodyMax: 10, ...other }] })
    assert.notEqual(rig.enter(PUT).requestBody, null)
  }
})

test('a client that has asked with HEAD is sent no body, though its target was asked with GET', () => {
  const rig = makeFlowRig()
  const x = rig.enter('HEAD / HTTP/1.1\nHost: a\n')
  x.upstreamMethod = 'GET'
  targetAnswers(rig, x, 'HTTP/1.1 200 OK\n', 4)
  x.bodyless = true // as the answer's reader sets it
  assert.equal(targetSends(rig, x, 'body'), true)
  assert.equal(x.responseBytes, 0)
})
