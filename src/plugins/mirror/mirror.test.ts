/** Which requests are copied, what a copy holds, and that it is bounded and never in the way. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { exchangeOf } from '../../../test/kit/balancer-rig.ts'
import { answers, neverAnswers } from '../../../test/kit/behaviours.ts'
import { FakeBalancer, makeRoute, makeService, makeTarget } from '../../../test/kit/flow-rig.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { openTarget, type TestTarget } from '../../../test/kit/test-target.ts'
import { validate } from '../../config/validate.ts'
import { type Exchange, UPGRADE_ASKED } from '../../contract/exchange.ts'
import { type Handler, NEXT } from '../../contract/plugin.ts'
import type { Value } from '../../contract/schema.ts'
import { CHUNKED } from '../../http1/framing.ts'
import { MIRROR_DROPPED, MIRRORED } from '../../state/counters.ts'
import { bodyOf, LEFT_OUT } from './copy.ts'
import mirror from './mirror.ts'

test('a copy has what the target was sent, and says what it is', async (t) => {
  const rig = await open(t, { strip_headers: ['Authorization'] })
  const x = rig.ask(
    'POST /a?b=1 HTTP/1.1\nHost: shop:81\nAuthorization: secret\nX-A: 1\nConnection: X-B, close\nX-B: 2\n' +
      'X-Forwarded-For: 6.6.6.6\nX-Mirrored: no\nTransfer-Encoding: chunked\nTE: trailers\nExpect: 100-continue\n',
  )
  x.clientAddress = '10.0.0.9'
  x.hostStart = x.request.bytes.indexOf('shop')
  x.hostEnd = x.hostStart + 4
  x.hostPort = 81
  x.requestLength = CHUNKED
  x.requestEnded = true
  x.requestBytes = 3
  x.replay.putLatin1('abc')
  rig.handler.onLog?.(x)
  const { request } = await rig.target.arrived()
  await rig.counted(1)
  assert.equal(request.firstLine, 'POST /a?b=1 HTTP/1.1')
  assert.equal(request.text, 'abc')
  const fields = request.fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`).sort()
  assert.deepEqual(fields, [
    'connection: keep-alive',
    'content-length: 3',
    'host: a',
    'x-a: 1',
    'x-forwarded-for: 10.0.0.9',
    'x-forwarded-host: shop:81',
    'x-forwarded-proto: http',
    'x-mirrored: 1',
    'x-real-ip: 10.0.0.9',
  ])
  assert.deepEqual(rig.counts, [MIRRORED])
})

test('a row that a trusted client began goes on', async (t) => {
  const rig = await open(t, {})
  const x = rig.ask('GET / HTTP/1.1\nHost: a\nX-Forwarded-For: 1.1.1.1\n')
  x.clientTrusted = true
  x.clientAddress = '1.1.1.1'
  rig.handler.onLog?.(x)
  const { request } = await rig.target.arrived()
  assert.equal(request.get('x-forwarded-for'), '1.1.1.1, 1.1.1.1')
})

test('so many are under way, so many wait, and the rest is dropped', async (t) => {
  const rig = await open(t, { concurrency: 2, queue_size: 1, timeout: 600_000 })
  rig.target.behave = neverAnswers
  for (let i = 0; i < 5; i++) rig.handler.onLog?.(rig.ask(GET))
  assert.deepEqual(rig.counts, [MIRROR_DROPPED, MIRROR_DROPPED])
  await rig.target.arrived(2)
  assert.equal(rig.target.requests.length, 2)
  rig.handler.close?.()
  await rig.counted(5)
  assert.deepEqual(new Set(rig.counts), new Set([MIRROR_DROPPED]))
  rig.handler.onLog?.(rig.ask(GET))
  assert.equal(rig.counts.length, 6, 'one that comes later is dropped too')
})

test('what waits is sent when there is room', async (t) => {
  const rig = await open(t, { concurrency: 1, queue_size: 10 })
  for (let i = 0; i < 5; i++) rig.handler.onLog?.(rig.ask(GET))
  await rig.counted(5)
  assert.deepEqual(rig.counts, Array(5).fill(MIRRORED))
})

test('a copy that takes too long is given up, and makes room', async (t) => {
  const rig = await open(t, { concurrency: 1, timeout: 5 })
  rig.target.behave = neverAnswers
  rig.handler.onLog?.(rig.ask(GET))
  rig.handler.onLog?.(rig.ask(GET))
  await rig.target.arrived()
  rig.passTime()
  await rig.counted(1)
  await rig.target.arrived(2)
  rig.passTime()
  await rig.counted(2)
  assert.deepEqual(rig.counts, [MIRROR_DROPPED, MIRROR_DROPPED])
})

test('targets that are out get none', async (t) => {
  const rig = await open(t, {})
  rig.balancer.targets.unshift(outTarget(), outTarget())
  for (let i = 0; i < 4; i++) rig.handler.onLog?.(rig.ask(GET))
  await rig.counted(4)
  assert.deepEqual(rig.counts, Array(4).fill(MIRRORED))
  rig.balancer.targets.pop()
  rig.handler.onLog?.(rig.ask(GET))
  await rig.counted(5)
  assert.equal(rig.counts[4], MIRROR_DROPPED)
})

test('nobody listening there is no more than a number', async (t) => {
  const rig = await open(t, {})
  await rig.target.close()
  rig.handler.onLog?.(rig.ask(GET))
  await rig.counted(1)
  assert.deepEqual(rig.counts, [MIRROR_DROPPED])
})

test('of any row of requests the part is copied, and tunnels never', async (t) => {
  const rig = await open(t, { percentage: 30 })
  let marked = 0
  for (let i = 0; i < 100; i++) if (rig.ask(GET).notes !== null) marked++
  assert.ok(Math.abs(marked - 30) <= 3, `${marked}`)
  const all = await open(t, {})
  const x = exchangeOf(GET)
  x.route = makeRoute(all.service)
  x.upgrade = UPGRADE_ASKED
  all.handler.onRequest?.(x)
  assert.equal(x.notes, null)
})

test('a body goes along whole or not at all', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), fc.nat(20), fc.boolean(), (came, kept, max, ended) => {
      const x = exchangeOf(GET)
      x.requestLength = CHUNKED
      x.requestEnded = ended
      x.requestBytes = came
      x.replay.putLatin1('x'.repeat(kept))
      const body = bodyOf(x, max)
      if (!ended || came > max || (came !== kept && came > 0)) assert.equal(body, LEFT_OUT)
      else assert.equal(body === null || body === LEFT_OUT ? 0 : body.length, came)
    }),
  )
})

test('a body that a plugin has gathered goes along as it is now', () => {
  const x = exchangeOf(GET)
  x.requestBody = Buffer.from('changed')
  assert.equal(bodyOf(x, 7), x.requestBody)
  assert.equal(bodyOf(x, 6), LEFT_OUT)
})

for (const [config, path] of [
  [{}, 'upstream_host'],
  [{ upstream_host: 'a b' }, 'upstream_host'],
  [{ upstream_host: 'a', percentage: 101 }, 'percentage'],
  [{ upstream_host: 'a', max_body_size: 65_537 }, 'max_body_size'],
  [{ upstream_host: 'a', concurrency: 0 }, 'concurrency'],
  [{ upstream_host: 'a', strip_headers: ['a b'] }, 'strip_headers.0'],
] as const) {
  test(`the configuration ${JSON.stringify(config)} is refused`, () => {
    const { findings } = validate(mirror.schema, config as unknown as Value)
    assert.deepEqual(
      findings.map((finding) => finding.path.join('.')),
      [path],
    )
  })
}

// the rig

const GET = 'GET / HTTP/1.1\nHost: a\n'
const PATIENCE_MS = 20_000

async function open(t: TestContext, config: object) {
  const target: TestTarget = await openTarget(answers())
  const balancer = new FakeBalancer([makeTarget('t', '127.0.0.1', target.port)])
  const service = makeService(balancer)
  const counts: number[] = []
  let due: (() => void)[] = []
  const host = makeHost({
    detours: () => new Map([[service.id, balancer]]),
    count: (counter) => counts.push(counter),
    later: (_ms, callback) => {
      due.push(callback)
      return () => {
        due = due.filter((other) => other !== callback)
      }
    },
  })
  const { value, findings } = validate(mirror.schema, { upstream_host: 'next', ...config } as Value)
  assert.deepEqual(findings, [])
  const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
  const handler: Handler = mirror.build(value as never, host, scope)
  t.after(async () => {
    handler.close?.()
    await target.close()
  })
  return {
    target,
    balancer,
    service,
    handler,
    counts,
    /** All timers that are set run out. */
    passTime: () => {
      for (const callback of due) callback()
    },
    /** Waits for as many copies to have come to their end. */
    counted: (count: number) => until(() => counts.length >= count),
    ask(text: string): Exchange {
      const x = exchangeOf(text)
      x.route = makeRoute(service)
      x.client = null
      assert.equal(handler.onRequest?.(x), NEXT)
      return x
    },
  }
}

function outTarget() {
  const target = makeTarget('out', '127.0.0.1', 1)
  target.state.setHealthy(false, 0)
  return target
}

async function until(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS
  while (!holds()) {
    assert.ok(performance.now() < endMs, 'waited in vain')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
