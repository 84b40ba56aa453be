/** How the plugins of a request run: order, answers, waiting, consumers' own configurations, and plugins that throw. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults } from '../../base/faults.ts'
import { answer } from '../../contract/answer.ts'
import { Exchange } from '../../contract/exchange.ts'
import type { Consumer, Plan, Route } from '../../contract/plan.ts'
import { DONE, type Handler, NEXT, type Verdict, WAIT } from '../../contract/plugin.ts'
import { REQUEST_LIMITS } from '../../http1/limits.ts'
import { Bindings } from './bindings.ts'
import { buildGlobalChain, ChainBuilder } from './build-chain.ts'
import { ChainRunner } from './chain.ts'

test('plugins run by priority, high first, in every phase', () => {
  const gate = open([global('low', 1), global('high', 100), global('middle', 10)])
  assert.equal(gate.request(), NEXT)
  gate.finish()
  assert.deepEqual(gate.seen, [
    'high request',
    'middle request',
    'low request',
    'high response',
    'middle response',
    'low response',
    'high log',
    'middle log',
    'low log',
  ])
})

for (const kind of ['fixed', 'changeable'] as const) {
  const extra = kind === 'fixed' ? [] : [ofJo('tracing', 500)]

  test(`after an answer later request steps are skipped, response and log steps are not (${kind} chain)`, () => {
    const gate = open([global('limit', 10, DONE), global('cors', 20), global('log', 1), ...extra])
    assert.equal(gate.chain.fixed, kind === 'fixed')
    assert.equal(gate.request(), DONE)
    gate.finish()
    assert.deepEqual(gate.seen, [
      'cors request',
      'limit request',
      ...['cors', 'limit', 'log'].map((name) => `${name} response`),
      ...['cors', 'limit', 'log'].map((name) => `${name} log`),
    ])
  })

  test(`after WAIT the request goes on with the next plugin, and none runs twice (${kind} chain)`, () => {
    const gate = open([global('first', 30), global('asks', 20, WAIT), global('last', 10), ...extra])
    assert.equal(gate.request(), WAIT)
    assert.deepEqual(gate.seen, ['first request', 'asks request'])
    assert.equal(gate.request(), NEXT)
    assert.deepEqual(gate.seen, ['first request', 'asks request', 'last request'])
  })

  test(`an answer while a plugin waits still has the response and log steps of all (${kind} chain)`, () => {
    const gate = open([global('asks', 20, WAIT), global('last', 10), ...extra])
    gate.request()
    gate.finish()
    assert.deepEqual(gate.seen.slice(1), ['asks response', 'last response', 'asks log', 'last log'])
  })

  test(`a plugin that throws in its request step has answered 500 and is reported (${kind} chain)`, () => {
    const boom = new Error('boom')
    const gate = open([
      { ...global('bad', 10), handler: { onRequest: thrower(boom) } },
      global('log', 1),
      ...extra,
    ])
    assert.equal(gate.request(), DONE)
    assert.equal(gate.x.fault, faults.PLUGIN_FAILED)
    assert.deepEqual(gate.reports, [['bad', 'request', boom]])
    gate.finish()
    assert.deepEqual(gate.seen, ['log response', 'log log'])
  })

  test(`a plugin that throws in its response or log step is reported and passed over (${kind} chain)`, () => {
    const handler = { onResponse: thrower(new Error('a')), onLog: thrower(new Error('b')) }
    const gate = open([{ ...global('bad', 10), handler }, global('good', 1), ...extra])
    assert.equal(gate.request(), NEXT)
    gate.finish()
    assert.deepEqual(gate.seen, ['good request', 'good response', 'good log'])
    assert.equal(gate.x.fault, faults.NONE)
    assert.deepEqual(
      gate.reports.map(([plugin, step]) => [plugin, step]),
      [
        ['bad', 'response'],
        ['bad', 'log'],
      ],
    )
  })
}

test('what a plugin had half answered when it threw is not sent', () => {
  const onRequest = (x: Exchange): Verdict => {
    answer(x, 200, 'all is well', 'text/plain')
    throw new Error('boom')
  }
  const gate = open([{ ...global('bad', 10), handler: { onRequest } }])
  gate.request()
  assert.equal(gate.x.fault, faults.PLUGIN_FAILED)
  assert.equal(gate.x.answerBody.length, 0)
})

test('a plugin that answers a promise instead of a verdict opens no gate', () => {
  const onRequest = (async () => NEXT) as unknown as () => Verdict // what a careless author may well write
  const gate = open([{ ...global('careless', 10), handler: { onRequest } }])
  assert.equal(gate.request(), DONE)
  assert.equal(gate.x.fault, faults.PLUGIN_FAILED)
  assert.match(String(gate.reports[0]?.[2]), /answered no verdict/)
})

test("a consumer's own configuration is seen by plugins of lower priority than the one that knew them", () => {
  const gate = open([
    global('cors', 2000),
    { ...global('cors', 2000), consumerId: 'jo', handler: gateHandler('cors of jo') },
    knowing('auth', 1250),
    global('limit', 910),
    { ...global('limit', 910), consumerId: 'jo', handler: gateHandler('limit of jo') },
  ])
  assert.equal(gate.request(), NEXT)
  gate.finish()
  assert.deepEqual(
    gate.seen.filter((step) => step.endsWith('request')),
    ['cors request', 'limit of jo request'],
  )
  assert.ok(gate.seen.includes('cors response') && gate.seen.includes('limit of jo log'))
  assert.ok(!gate.seen.includes('limit response') && !gate.seen.includes('cors of jo response'))
})

test('plugins behind an answer are resolved with the consumer as it then is', () => {
  const gate = open([
    knowing('auth', 1250),
    global('refuse', 950, DONE),
    global('log', 9),
    { ...global('log', 9), consumerId: 'jo', handler: gateHandler('log of jo') },
  ])
  assert.equal(gate.request(), DONE)
  gate.x.consumer = null
  gate.finish()
  assert.deepEqual(gate.seen.slice(-1), ['log of jo log'])
})

test('rewrite steps run for global configurations only, before there is a route', () => {
  const onRewrite = (name: string): Handler => ({
    onRewrite: () => {
      seen.push(name)
      return NEXT
    },
  })
  const seen: string[] = []
  const gate = open([
    { ...global('a', 1), handler: onRewrite('global a') },
    { ...global('a', 1), routeId: 'route', handler: onRewrite('a of the route') },
    { ...global('b', 2), handler: onRewrite('global b') },
  ])
  gate.x.route = null
  assert.equal(gate.runner.runRewrite(gate.x), NEXT)
  assert.deepEqual(seen, ['global b', 'global a'])
  assert.equal(gate.x.step, 0, 'ready for the request phase')
})

test('a rewrite step may answer, wait, or throw as a request step may', () => {
  const boom = new Error('boom')
  const verdicts: Verdict[] = []
  for (const onRewrite of [() => DONE as Verdict, () => WAIT as Verdict, thrower(boom)]) {
    const gate = open([{ ...global('a', 2), handler: { onRewrite } }])
    gate.x.route = null
    verdicts.push(gate.runner.runRewrite(gate.x))
    assert.equal(gate.x.fault, gate.reports.length === 0 ? faults.NONE : faults.PLUGIN_FAILED)
    assert.equal(gate.runner.runRewrite(gate.x), NEXT, 'and goes on behind it when asked again')
  }
  assert.deepEqual(verdicts, [DONE, WAIT, DONE])
})

test('a request without a route has the response and log steps of global plugins, and no request steps', () => {
  const gate = open([
    global('cors', 2),
    { ...global('cors', 2), routeId: 'route', handler: gateHandler('cors of the route') },
    { ...global('key', 3), serviceId: 'service' },
  ])
  gate.x.route = null
  assert.equal(gate.request(), NEXT)
  gate.finish()
  assert.deepEqual(gate.seen, ['cors response', 'cors log'])
})

test('each plugin that wants the whole response body gets what the one before it made', () => {
  const append = (text: string): Handler => ({
    onResponseBody: (_x, body) => new Uint8Array(Buffer.concat([body, Buffer.from(text)])),
    responseBodyMax: text.length * 100,
  })
  const gate = open([
    { ...global('first', 3), handler: append('-first') },
    { ...global('bad', 2), handler: { onResponseBody: thrower(new Error('boom')) } },
    { ...global('last', 1), handler: append('-last') },
  ])
  assert.equal(gate.chain.responseBodyMax, 600)
  assert.equal(
    Buffer.from(gate.runner.runResponseBody(gate.x, Buffer.from('body'))).toString(),
    'body-first-last',
  )
  assert.equal(gate.reports.length, 1)
})

test('a chain makes room for the largest body that any of its plugins or consumers may want', () => {
  const wants = (requestBodyMax: number): Handler => ({ requestBodyMax })
  const gate = open([
    { ...global('a', 3), handler: wants(10) },
    { ...global('b', 2), consumerId: 'jo', handler: wants(20) },
    { ...global('c', 2), routeId: 'another', handler: wants(30) },
  ])
  assert.equal(gate.chain.requestBodyMax, 20)
})

// the rig

interface Spec {
  readonly plugin: string
  readonly priority: number
  readonly routeId: string | null
  readonly serviceId: string | null
  readonly consumerId: string | null
  readonly groupId: string | null
  readonly handler: Handler
}

const seenBy = new WeakMap<Exchange, string[]>()

function gateHandler(name: string, verdict: Verdict = NEXT): Handler {
  const note = (x: Exchange, step: string) => void seenBy.get(x)?.push(`${name} ${step}`)
  return {
    onRequest: (x) => {
      note(x, 'request')
      return verdict
    },
    onResponse: (x) => note(x, 'response'),
    onLog: (x) => note(x, 'log'),
  }
}

function global(plugin: string, priority: number, verdict: Verdict = NEXT): Spec {
  const handler = gateHandler(plugin, verdict)
  return { plugin, priority, routeId: null, serviceId: null, consumerId: null, groupId: null, handler }
}

function ofJo(plugin: string, priority: number): Spec {
  return { ...global(plugin, priority), consumerId: 'jo' }
}

/** A plugin that knows everybody as jo. */
function knowing(plugin: string, priority: number): Spec {
  const onRequest = (x: Exchange): Verdict => {
    x.consumer = x.plan?.consumers[0] ?? null
    return NEXT
  }
  return { ...global(plugin, priority), handler: { onRequest } }
}

function thrower(error: Error): () => never {
  return () => {
    throw error
  }
}

function open(specs: readonly Spec[]) {
  const bindings = new Bindings()
  for (const spec of specs) bindings.add({ ...spec, origin: 'test' })
  const chain = new ChainBuilder(bindings).build('route', 'service')
  const reports: [plugin: string, step: string, error: unknown][] = []
  const runner = new ChainRunner((_x, plugin, step, error) => reports.push([plugin, step, error]))
  const overrides = bindings.ofConsumer('jo', [])
  const jo: Consumer = { id: 'jo', username: 'jo', customId: null, tags: [], groups: [], overrides }
  const x = new Exchange(REQUEST_LIMITS)
  // Only what the chain reads.
  x.plan = { globalChain: buildGlobalChain(bindings), consumers: [jo] } as unknown as Plan
  x.route = { chain } as Route
  const seen: string[] = []
  seenBy.set(x, seen)
  return {
    x,
    chain,
    runner,
    reports,
    seen,
    request: () => runner.runRequest(x),
    finish: () => {
      runner.runResponse(x)
      runner.runLog(x)
    },
  }
}
