/** The flow with stages that do as told: every branch, and that each exchange is counted, logged and let go of once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  clientSends,
  type FlowRig,
  type FlowRigOptions,
  makeFlowRig,
  makePlan,
  makeTarget,
  readExchange,
  targetAnswers,
  targetSends,
} from '../../test/kit/flow-rig.ts'
import { type Fault, faults } from '../base/faults.ts'
import { answer } from '../contract/answer.ts'
import { type Exchange, STAGE_ABANDONED } from '../contract/exchange.ts'
import { PROTOCOL_HTTPS } from '../contract/plan.ts'
import { DONE, type Handler, NEXT, WAIT } from '../contract/plugin.ts'
import { Exchanges } from './listener/exchanges.ts'
import { RequestIds } from './listener/request-ids.ts'

const POST = 'POST / HTTP/1.1\nHost: a\nContent-Length: 6\n'

/** The plan in use is closed as soon as it is replaced, so nobody holds it any more. */
function assertLetGo(rig: FlowRig): void {
  rig.plans.swap(makePlan(null))
  assert.equal(rig.plan.closed, 1, 'the exchange let go of its plan, once')
}

function answered(options: FlowRigOptions): FlowRig {
  const rig = makeFlowRig(options)
  rig.enter()
  return rig
}

test('a plain request goes to its target, and the answer back', () => {
  const rig = makeFlowRig()
  const x = rig.enter()
  assert.deepEqual(rig.transport.said, ['send a:1'])
  targetAnswers(rig, x, 'HTTP/1.1 200 Fine\nA: b\n', 2)
  assert.equal(targetSends(rig, x, 'ok'), true)
  rig.flow.targetEnd(x)
  assert.deepEqual(rig.client.said, ['head 200 2', 'body ok', 'end'])
  assert.match(rig.client.sent, /^HTTP\/1\.1 200 Fine\r\nA: b\r\n/)
  assert.deepEqual(rig.tallied, ['200 NONE'])
  assert.deepEqual(rig.balancer.said, ['a:1 ok'])
  assertLetGo(rig)
})

const refusals: readonly [what: string, options: FlowRigOptions, fault: Fault][] = [
  ['no route', { isMissing: true }, faults.ROUTE_NOT_FOUND],
  ['a route without service', { hasNoService: true }, faults.SERVICE_NOT_FOUND],
  ['no target', { targets: [] }, faults.TARGET_NONE],
  ['the wrong protocol', { route: { protocols: PROTOCOL_HTTPS } }, faults.HTTPS_REQUIRED],
]
for (const [what, options, fault] of refusals)
  test(`${what} is answered with ${fault.status} and nothing is sent to a target`, () => {
    const rig = answered(options)
    assert.equal(rig.client.said[0]?.startsWith(`head ${fault.status} `), true)
    assert.equal(rig.client.said.at(-1), 'end')
    assert.deepEqual(rig.tallied, [`${fault.status} ${fault.code}`])
    assert.deepEqual(rig.transport.said, [])
    assertLetGo(rig)
  })

test('a name that did not resolve is told from a lack of targets', () => {
  const rig = makeFlowRig({ targets: [] })
  rig.balancer.refusal = faults.NAME_UNRESOLVED
  rig.enter()
  assert.deepEqual(rig.tallied, ['503 NAME_UNRESOLVED'])
})

test('what admission refuses reaches no plugin of a route', () => {
  const rig = makeFlowRig()
  rig.enter('GET / HTTP/1.1\nA: no host\n')
  assert.deepEqual(rig.tallied, ['400 REQUEST_MALFORMED'])
  assertLetGo(rig)
})

test('a request that could not be read is answered, and counted for the plan in use', () => {
  const rig = makeFlowRig()
  const x = readExchange('GET / HTTP/1.1\nHost: a\n', rig.client)
  rig.flow.refuse(x, faults.REQUEST_HEAD_TOO_LARGE)
  assert.deepEqual(rig.tallied, ['431 REQUEST_HEAD_TOO_LARGE'])
  assert.equal(x.keepAlive, false)
  assertLetGo(rig)
})

test('a body that turns out malformed ends the try and is answered', () => {
  const rig = makeFlowRig()
  const x = rig.enter(POST)
  rig.flow.refuse(x, faults.REQUEST_MALFORMED)
  assert.deepEqual(rig.transport.said, ['send a:1', 'abort'])
  assert.deepEqual(rig.balancer.said, ['a:1 failed REQUEST_MALFORMED'])
  assert.deepEqual(rig.tallied, ['400 REQUEST_MALFORMED'])
  assertLetGo(rig)
})

test('once the answer has begun, a fault cuts the client off: half an answer never looks whole', () => {
  for (const fail of [
    (rig: FlowRig, x: Exchange) => rig.flow.targetFault(x, faults.TARGET_RESET),
    (rig: FlowRig, x: Exchange) => rig.flow.refuse(x, faults.REQUEST_TIMEOUT),
  ]) {
    const rig = makeFlowRig()
    const x = rig.enter(POST)
    targetAnswers(rig, x, 'HTTP/1.1 200 OK\n', 5)
    targetSends(rig, x, 'ab')
    fail(rig, x)
    assert.deepEqual(rig.client.said, ['head 200 5', 'body ab', 'abort'])
    assert.equal(rig.tallied.length, 1)
    assert.match(rig.tallied[0]!, /^200 (TARGET_RESET|REQUEST_TIMEOUT)$/)
    assertLetGo(rig)
  }
})

test('a client that goes away ends the try, is logged as 499, and answers nobody', () => {
  const rig = makeFlowRig()
  const x = rig.enter()
  rig.flow.clientGone(x, faults.CLIENT_GONE)
  rig.flow.clientGone(x, faults.CLIENT_GONE)
  assert.deepEqual(rig.transport.said, ['send a:1', 'abort'])
  assert.deepEqual(rig.balancer.said, ['a:1 failed CLIENT_GONE'])
  assert.deepEqual(rig.tallied, ['499 CLIENT_GONE'])
  assert.deepEqual(rig.client.said, [])
  assertLetGo(rig)
})

test('a client that goes away amid its answer is logged with the status it was sent', () => {
  const rig = makeFlowRig()
  const x = rig.enter()
  targetAnswers(rig, x, 'HTTP/1.1 201 OK\n', 5)
  rig.flow.clientGone(x, faults.CLIENT_STALLED)
  assert.deepEqual(rig.tallied, ['201 CLIENT_STALLED'])
})

test('a failed try is followed by another, and the fault is forgotten', () => {
  const rig = makeFlowRig({ targets: [makeTarget('a:1'), makeTarget('b:1')] })
  const x = rig.enter()
  rig.flow.targetFault(x, faults.TARGET_CONNECT)
  assert.deepEqual(rig.transport.said, ['send a:1', 'send b:1'])
  assert.equal(x.tried[0]?.name, 'a:1')
  targetAnswers(rig, x, 'HTTP/1.1 200 OK\n', 0)
  rig.flow.targetEnd(x)
  assert.deepEqual(rig.tallied, ['retry', '200 NONE'])
  assert.deepEqual(rig.balancer.said, ['a:1 failed', 'b:1 ok'])
})

test('when no try is left the fault is the answer', () => {
  const rig = makeFlowRig({ service: { retries: 1 } })
  const x = rig.enter()
  rig.flow.targetFault(x, faults.TARGET_CONNECT)
  rig.flow.targetFault(x, faults.TARGET_CONNECT_TIMEOUT)
  assert.deepEqual(rig.transport.said, ['send a:1', 'send a:1'])
  assert.deepEqual(rig.tallied, ['retry', '504 TARGET_CONNECT_TIMEOUT'])
  assertLetGo(rig)
})

test('a target whose queue is full is not asked over and over, however many retries there are', () => {
  const rig = makeFlowRig({ service: { retries: 32767 }, targets: [makeTarget('a:1'), makeTarget('b:1')] })
  rig.transport.failsWith = faults.TARGET_QUEUE_FULL
  rig.enter()
  assert.deepEqual(rig.transport.said, ['send a:1', 'send b:1', 'send a:1'])
  assert.equal(rig.tallied.at(-1), '503 TARGET_QUEUE_FULL')
  assertLetGo(rig)
})

test('while a body waits for the next try, the client is told to wait too', () => {
  const rig = makeFlowRig()
  const x = rig.enter(POST)
  rig.flow.targetReady(x)
  x.carrier = null
  rig.flow.targetFault(x, faults.TARGET_CONNECT)
  assert.deepEqual(rig.client.said, ['go', 'pause'])
})

test('a plugin that answers is heard, and the rest of the request steps is skipped', () => {
  const log: string[] = []
  const refuses: Handler = {
    onRequest: (x) => {
      answer(x, 403, 'no', 'text/plain')
      return DONE
    },
    onResponse: () => void log.push('response'),
    onLog: (x) => void log.push(`log ${x.status}`),
  }
  const rig = makeFlowRig({ plugins: [refuses, { onRequest: () => assert.fail('skipped') }] })
  rig.enter()
  assert.deepEqual(rig.client.said, ['head 403 2', 'body no', 'end'])
  assert.deepEqual(log, ['response', 'log 403'])
  assertLetGo(rig)
})

test('a plugin that throws is a 500 and ends nothing but its request', () => {
  const rig = answered({
    plugins: [
      {
        onRequest: () => {
          throw new Error('bug')
        },
      },
    ],
  })
  assert.deepEqual(rig.tallied, ['plugin threw', '500 PLUGIN_FAILED'])
})

test('HEAD is answered with the length of the body and no body', () => {
  const rig = makeFlowRig({ isMissing: true })
  rig.enter('HEAD / HTTP/1.1\nHost: a\n')
  assert.match(rig.client.said[0]!, /^head 404 [1-9]/)
  assert.equal(rig.client.said[1], 'end')
})

test('a plugin that waits is resumed, or answers late', () => {
  let waiting: Exchange | null = null
  const waits: Handler = {
    onRequest: (x) => {
      waiting = x
      return WAIT
    },
  }
  const resumed = answered({ plugins: [waits] })
  assert.deepEqual(resumed.transport.said, [])
  waiting!.flow!.resume(waiting!)
  assert.deepEqual(resumed.transport.said, ['send a:1'])
  waiting!.flow!.resume(waiting!)
  assert.deepEqual(resumed.transport.said, ['send a:1'], 'a second call is passed over')

  const finished = answered({ plugins: [waits] })
  answer(waiting!, 401, '', null)
  waiting!.flow!.finish(waiting!)
  assert.deepEqual(finished.client.said, ['head 401 0', 'end'])
  waiting!.flow!.finish(waiting!)
  assert.deepEqual(finished.client.said, ['head 401 0', 'end'])
})

test('a plugin that waits is not handed another request when its client has gone', () => {
  const rig = makeFlowRig({ plugins: [{ onRequest: () => WAIT }] })
  const exchanges = new Exchanges(readExchange('GET / HTTP/1.1\n', rig.client).request.limits, ids())
  const x = rig.enter()
  rig.flow.clientGone(x, faults.CLIENT_GONE)
  exchanges.release(x)
  assert.equal(x.stage, STAGE_ABANDONED)
  assert.notEqual(exchanges.acquire(), x)
  x.flow!.resume(x)
  x.flow!.finish(x)
  assert.deepEqual(rig.transport.said, [])
  assert.deepEqual(rig.client.said, [])
  assert.deepEqual(rig.tallied, ['499 CLIENT_GONE'])
  assertLetGo(rig)
})

function ids(): RequestIds {
  return new RequestIds(Buffer.alloc(16, 1))
}

test('a rewrite step may wait, answer or go on, before there is a route', () => {
  let verdict: 0 | 1 | 2 = NEXT
  const globals: Handler[] = [{ onRewrite: () => verdict }]
  assert.deepEqual(answered({ globals }).transport.said, ['send a:1'])
  verdict = WAIT
  const waiting = makeFlowRig({ globals })
  const x = waiting.enter()
  assert.equal(x.route, null)
  waiting.flow.resume(x)
  assert.deepEqual(waiting.transport.said, ['send a:1'])
  verdict = DONE
  const done = answered({ globals })
  assert.equal(done.client.said.at(-1), 'end')
  assert.deepEqual(done.transport.said, [])
})

test('a gathered body is whole before the chain runs, also after a rewrite step that waited', () => {
  for (const globals of [[], [{ onRewrite: () => WAIT }]] as Handler[][]) {
    const seen: string[] = []
    const reads: Handler = {
      requestBodyMax: 10,
      onRequest: (x) => {
        seen.push(x.requestBody!.toString())
        return NEXT
      },
    }
    const rig = makeFlowRig({ globals, plugins: [reads] })
    const x = rig.enter(POST)
    if (globals.length > 0) rig.flow.resume(x)
    assert.deepEqual(rig.client.said, ['go'])
    clientSends(rig, x, 'abc')
    clientSends(rig, x, 'def')
    assert.deepEqual(seen, [])
    rig.flow.requestEnd(x)
    assert.deepEqual(seen, ['abcdef'])
    rig.flow.targetReady(x)
    assert.deepEqual(rig.transport.said, ['send a:1', 'body abcdef', 'end'])
  }
})

test('an interim answer goes on, but not to a client of HTTP/1.0', () => {
  for (const [minor, said] of [
    [1, ['info 103']],
    [0, []],
  ] as const) {
    const rig = makeFlowRig()
    const x = rig.enter(`GET / HTTP/1.${minor}\nHost: a\n`)
    const early = Buffer.from('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
    x.response.feed(early, 0, early.length)
    rig.flow.targetInfo(x)
    assert.deepEqual(rig.client.said, said)
  }
})

test('a gathered answer is sent once it is whole, as the plugin made it', () => {
  const upper: Handler = {
    responseBodyMax: 10,
    onResponseBody: (_x, body) => Buffer.from(body.toString().toUpperCase() + body.length),
  }
  const rig = makeFlowRig({ plugins: [upper] })
  const x = rig.enter()
  targetAnswers(rig, x, 'HTTP/1.1 200 OK\n', 4)
  targetSends(rig, x, 'ab')
  targetSends(rig, x, 'cd')
  assert.deepEqual(rig.client.said, [])
  rig.flow.targetEnd(x)
  assert.deepEqual(rig.client.said, ['head 200 5', 'body ABCD4', 'end'])
})

test('a gathered answer that breaks off is a 502 and never asked for twice', () => {
  const rig = makeFlowRig({ plugins: [{ responseBodyMax: 10, onResponseBody: (_x, body) => body }] })
  const x = rig.enter()
  targetAnswers(rig, x, 'HTTP/1.1 200 OK\n', 4)
  targetSends(rig, x, 'ab')
  x.carrier = null
  rig.flow.targetFault(x, faults.TARGET_RESET)
  assert.deepEqual(rig.transport.said, ['send a:1'])
  assert.deepEqual(rig.tallied, ['502 TARGET_RESET'])
  assert.equal(rig.client.said.filter((line) => line.startsWith('head')).length, 1)
})

test('an answer larger than a plugin wants gathered is a 502 and ends the try', () => {
  const rig = makeFlowRig({ plugins: [{ responseBodyMax: 3, onResponseBody: (_x, body) => body }] })
  const x = rig.enter()
  targetAnswers(rig, x, 'HTTP/1.1 200 OK\n', 9)
  targetSends(rig, x, 'abcd')
  assert.deepEqual(rig.transport.said, ['send a:1', 'abort'])
  assert.deepEqual(rig.tallied, ['502 RESPONSE_BODY_TOO_LARGE'])
  assertLetGo(rig)
})
