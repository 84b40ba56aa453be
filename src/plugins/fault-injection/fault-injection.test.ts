/** Which requests are held up, refused or cut off, and that what is held up is bounded and let go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { type FlowRig, makeFlowRig } from '../../../test/kit/flow-rig.ts'
import { FlowTimers } from '../../../test/kit/flow-timers.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { faults } from '../../base/faults.ts'
import { validate } from '../../config/validate.ts'
import { DONE, type Handler, NEXT, type Verdict, WAIT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import faultInjection from './fault-injection.ts'

test('a request is held up for its time, and then goes on', () => {
  const { flow, timers } = run({ delay: { fixed_delay: 200 } })
  flow.enter(GET)
  assert.deepEqual(flow.transport.said, [])
  timers.pass(199)
  assert.deepEqual(flow.transport.said, [])
  timers.pass(1)
  assert.equal(flow.transport.said.length, 1)
})

test('a refusal has its status, and says that it was made', () => {
  const { flow } = run({ abort: { http_status: 418 } })
  const x = flow.enter(GET)
  assert.match(flow.client.sent, /^HTTP\/1\.1 418 /)
  assert.match(flow.client.sent, /X-Fault-Injected: abort\r\n/)
  assert.equal(Buffer.from(x.answerBody).toString(), '{"message":"fault injected"}')
  assert.deepEqual(flow.transport.said, [])
})

test('a connection is cut without a word, and the log has it', () => {
  const { flow } = run({ abort: { reset: true } })
  flow.enter(GET)
  assert.deepEqual(flow.client.said, ['abort'])
  assert.deepEqual(flow.tallied, ['503 FAULT_INJECTED'])
})

test('with both the refusal comes when the delay is over', () => {
  const { flow, timers } = run({ delay: { fixed_delay: 50 }, abort: { http_status: 503 } })
  flow.enter(GET)
  assert.equal(flow.client.sent, '')
  timers.pass(50)
  assert.match(flow.client.sent, /^HTTP\/1\.1 503 /)
})

test('a client that goes while it is held up leaves nothing behind', () => {
  const { flow, timers } = run({ delay: { fixed_delay: 50 }, max_active_faults: 1 })
  for (let i = 0; i < 3; i++) {
    const x = flow.enter(GET)
    assert.equal(timers.count, 1)
    flow.flow.clientGone(x, faults.CLIENT_GONE)
    assert.equal(timers.count, 0)
  }
  timers.pass(100)
  assert.deepEqual(flow.transport.said, [])
})

test('no more are held up at once than allowed; the others go on at once', () => {
  const { handler, timers } = run({ delay: { fixed_delay: 50 }, max_active_faults: 2 })
  const ask = () => handler.onRequest?.(exchangeOf(GET))
  assert.deepEqual([ask(), ask(), ask()], [WAIT, WAIT, NEXT])
  assert.equal(timers.count, 2)
})

test('percentages are kept, each by itself', () => {
  const { handler } = run({
    delay: { fixed_delay: 5, percentage: 40 },
    abort: { http_status: 500, percentage: 50 },
    max_active_faults: 100_000,
  })
  const seen = new Map<Verdict | undefined, number>()
  for (let i = 0; i < 10_000; i++) {
    const verdict = handler.onRequest?.(exchangeOf(GET))
    seen.set(verdict, (seen.get(verdict) ?? 0) + 1)
  }
  const isAbout = (verdict: Verdict, due: number) =>
    assert.ok(Math.abs((seen.get(verdict) ?? 0) - due) < 250, `${verdict}: ${seen.get(verdict)}`)
  isAbout(WAIT, 4000)
  isAbout(DONE, 3000)
  isAbout(NEXT, 3000)
})

test('nought per cent is nobody, a hundred is everybody', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (seed) => {
      for (const [percentage, verdict] of [
        [0, NEXT],
        [100, DONE],
      ] as const) {
        const { handler } = run({ abort: { http_status: 500, percentage } }, seed)
        for (let i = 0; i < 20; i++) assert.equal(handler.onRequest?.(exchangeOf(GET)), verdict)
      }
    }),
  )
})

for (const [match, lines, fits] of [
  [{ name: 'X-A' }, 'x-a: 1\n', true],
  [{ name: 'X-A' }, '', false],
  [{ name: 'X-A', invert_match: true }, '', true],
  [{ name: 'X-A', exact_match: '1' }, 'X-A: 1\n', true],
  [{ name: 'X-A', exact_match: '1' }, 'X-A: 11\n', false],
  [{ name: 'X-A', prefix_match: '1' }, 'X-A: 12\n', true],
  [{ name: 'X-A', prefix_match: '1' }, 'X-A: 21\n', false],
  [{ name: 'X-A', suffix_match: '1' }, 'X-A: 21\n', true],
  [{ name: 'X-A', suffix_match: '1' }, 'X-A: 12\n', false],
  [{ name: 'X-A', contains_match: '1' }, 'X-A: 212\n', true],
  [{ name: 'X-A', contains_match: '1' }, 'X-A: 22\n', false],
  [{ name: 'X-A', exact_match: '1', invert_match: true }, 'X-A: 1\n', false],
  [{ name: 'X-A', exact_match: '1', invert_match: true }, 'X-A: 2\n', true],
] as const) {
  test(`${JSON.stringify(match)} ${fits ? 'fits' : 'does not fit'} ${JSON.stringify(lines)}`, () => {
    const { handler } = run({ abort: { http_status: 500 }, headers: [match, { name: 'Host' }] })
    assert.equal(handler.onRequest?.(exchangeOf(`${GET}${lines}`)), fits ? DONE : NEXT)
  })
}

for (const [config, lines, outcome] of [
  [{}, 'x-envoy-fault-abort-request: 418\n', 'on'],
  [{ header_abort: true }, '', 'on'],
  [{ header_abort: true }, 'x-envoy-fault-abort-request: 418\n', 418],
  [{ header_abort: true }, 'x-envoy-fault-abort-request: 99\n', 'on'],
  [{ header_abort: true }, 'x-envoy-fault-abort-request: 4x8\n', 'on'],
  [
    { header_abort: true },
    'x-envoy-fault-abort-request: 418\nx-envoy-fault-abort-request-percentage: 0\n',
    'on',
  ],
  [
    { header_abort: true, percentage: 0 },
    'x-envoy-fault-abort-request: 418\nx-envoy-fault-abort-request-percentage: 100\n',
    'on',
  ],
] as const) {
  test(`${JSON.stringify(config)} and ${JSON.stringify(lines)}: ${outcome}`, () => {
    const { handler } = run({ abort: config, delay: { fixed_delay: 1, percentage: 0 } })
    const x = exchangeOf(`${GET}${lines}`)
    assert.equal(handler.onRequest?.(x) === DONE ? x.status : 'on', outcome)
  })
}

test('a delay is asked for only where that is allowed, and has a bound', () => {
  const asks = 'x-envoy-fault-delay-request: 999999999\n'
  const allowed = run({ delay: { header_delay: true } })
  allowed.flow.enter(`${GET}${asks}`)
  assert.equal(allowed.timers.count, 1)
  allowed.timers.pass(600_000)
  assert.equal(allowed.flow.transport.said.length, 1)
  const { handler } = run({ abort: { http_status: 500, percentage: 0 } })
  assert.equal(handler.onRequest?.(exchangeOf(`${GET}${asks}`)), NEXT)
})

for (const [config, message] of [
  [{}, /^at least one of these fields must be non-empty: 'delay', 'abort'$/],
  [{ delay: {} }, /^at least one of these fields must be non-empty/],
  [{ abort: { http_status: 500, reset: true } }, /can't be used with 'abort.reset'$/],
  [{ abort: { http_status: 100 } }, /^value should be between 200 and 599$/],
  [{ delay: { fixed_delay: 0 } }, /^value should be between 1 and 600000$/],
  [{ delay: { fixed_delay: 1, percentage: 101 } }, /^value should be between 0 and 100$/],
  [{ abort: { reset: true }, max_active_faults: -1 }, /^value should be between 0 and 100000$/],
  [{ abort: { reset: true }, headers: [{ name: 'a b' }] }, /^not a valid header name$/],
  [
    { abort: { reset: true }, headers: [{ name: 'a', exact_match: '1', prefix_match: '1' }] },
    /^only one of these/,
  ],
] as const) {
  test(`the configuration ${JSON.stringify(config)} is refused: ${message.source.slice(0, 40)}`, () => {
    const { findings } = validate(faultInjection.schema, config as unknown as Value)
    assert.ok(
      findings.some((finding) => message.test(finding.message)),
      JSON.stringify(findings),
    )
  })
}

// the rig

const GET = 'GET / HTTP/1.1\nHost: a\n'

function run(config: object, seed = 7): { handler: Handler; flow: FlowRig; timers: FlowTimers } {
  const { value, findings } = validate(faultInjection.schema, config as Value)
  assert.deepEqual(findings, [])
  const timers = new FlowTimers()
  const random = (count: number) => {
    const bytes = Buffer.alloc(count)
    bytes.writeUInt32LE(seed)
    return bytes
  }
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  const handler = faultInjection.build(value as never, makeHost({ later: timers.later, random }), scope)
  return { handler, flow: makeFlowRig({ plugins: [handler] }), timers }
}
