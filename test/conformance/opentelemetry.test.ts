/** What the target and a strict receiver of OTLP see of opentelemetry, on both engines. */
import assert from 'node:assert/strict'
import { after, before, beforeEach } from 'node:test'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'
import type { Message } from '../kit/message.ts'
import { OtlpReceiver, type OtlpSpan } from '../kit/otlp-receiver.ts'
import { freePort } from '../kit/ports.ts'

const receiver = new OtlpReceiver()

before(() => receiver.listen())
after(() => receiver.close())
beforeEach(() => receiver.forget())

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'
let nobody = 1
before(async () => {
  nobody = await freePort()
})

function config(port: number): string {
  const endpoint = `http://127.0.0.1:${receiver.port}`
  const tracing = (more: object = {}) => ({
    name: 'opentelemetry',
    config: {
      traces_endpoint: `${endpoint}/v1/traces`,
      sampling_rate: 1,
      queue: { max_coalescing_delay: 0.02 },
      ...more,
    },
  })
  const route = (name: string, plugins: readonly object[]) => ({ name, paths: [`/${name}`], plugins })
  const others = [
    { name: 'correlation-id', config: { header_name: 'X-Id' } },
    { name: 'response-transformer', config: { add: { headers: ['X-Seen: yes'] } } },
  ]
  const routes = [
    route('all', [tracing(), ...others]),
    route('none', [tracing({ sampling_rate: 0 })]),
    route('free', []),
    route('guarded', [tracing(), { name: 'key-auth' }]),
    route('json', [
      tracing({
        traces_encoding: 'json',
        logs_endpoint: `${endpoint}/v1/logs`,
        http_response_header_for_traceid: 'X-Trace-Id',
        resource_attributes: { 'service.name': 'edge', zone: 'b' },
        headers: { 'X-Auth': 'token' },
      }),
    ]),
  ]
  const service = { name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }
  const dead = { name: 'dead', host: '127.0.0.1', port: nobody, protocol: 'http', retries: 1 }
  return kongYml({ services: [service, { ...dead, routes: [route('dead', [tracing()])] }] })
}

const get = (path: string, lines = ''): string => `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${lines}\r\n`

function traceparent(message: Message): { traceId: string; spanId: string; flags: string } {
  const parts = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(message.get('traceparent') ?? '')
  assert.ok(parts !== null, `traceparent: ${message.get('traceparent')}`)
  return { traceId: parts[1]!, spanId: parts[2]!, flags: parts[3]! }
}

function only(spans: ReadonlyMap<string, OtlpSpan[]>, name: string): OtlpSpan {
  const found = spans.get(name) ?? []
  assert.equal(found.length, 1, `${name} once among ${[...spans.keys()].join(' ')}`)
  return found[0]!
}

async function refused(rig: Rig): Promise<void> {
  const answer = await rig.ask(get('/guarded'))
  assert.equal(answer.status, 401)
}

eachEngine('opentelemetry', { config }, (check) => {
  check('a sampled request has a span of the whole, of each step and of its try', async (rig) => {
    const answer = await rig.ask(get('/all/a?b=1', 'User-Agent: t\r\n'))
    assert.equal(answer.status, 200)
    const spans = await receiver.traceOf('/all/a?b=1')
    assert.deepEqual([...spans.keys()].sort(), [
      'kong',
      'kong.access.plugin.correlation-id',
      'kong.access.plugin.opentelemetry',
      'kong.balancer',
      'kong.header_filter.plugin.response-transformer',
      'kong.router',
    ])
    const root = only(spans, 'kong')
    const { attributes } = root
    assert.deepEqual(
      ['http.method', 'http.url', 'http.host', 'http.scheme', 'http.flavor'].map((name) => attributes[name]),
      ['GET', 'http://a.example/all/a?b=1', 'a.example', 'http', '1.1'],
    )
    assert.deepEqual(
      ['http.client_ip', 'net.peer.ip', 'http.status_code', 'http.route'].map((name) => attributes[name]),
      ['127.0.0.1', '127.0.0.1', 200, '/all'],
    )
    assert.deepEqual([attributes['sluice.route'], attributes['sluice.service']], ['all', 'target'])
    assert.equal(attributes['sluice.fault'], undefined)
    assert.ok(Number(attributes['sluice.time.response']) >= 0)
    assert.deepEqual([root.status, root.parentSpanId], [0, ''])
    assert.equal(attributes['kong.request.id'], answer.get('x-kong-request-id'))
    assert.equal(root.traceId, answer.get('x-kong-request-id'), 'the id of the request finds the trace')
  })

  check('the target is told the try as its parent', async (rig) => {
    await rig.ask(get('/all/told'))
    const told = traceparent(rig.target.last)
    const spans = await receiver.traceOf('/all/told')
    const each = only(spans, 'kong.balancer')
    assert.deepEqual(told, { traceId: each.traceId, spanId: each.spanId, flags: '01' })
    const { attributes } = each
    assert.deepEqual([attributes['try_count'], attributes['net.peer.ip']], [1, '127.0.0.1'])
    assert.deepEqual([attributes['net.peer.port'], each.status], [rig.target.port, 0])
    assert.equal(attributes['http.status_code'], undefined, 'only where it has failed')
  })

  check('who asks decides: its trace goes on, or is passed on unrecorded', async (rig) => {
    await rig.ask(get('/none/asked', `traceparent: 00-${TRACE}-${PARENT}-01\r\ntracestate: a=b\r\n`))
    assert.equal(rig.target.last.get('tracestate'), 'a=b')
    const told = traceparent(rig.target.last)
    const root = only(await receiver.traceOf('/none/asked'), 'kong')
    assert.deepEqual([root.traceId, root.parentSpanId], [TRACE, PARENT])
    assert.deepEqual([told.traceId, told.flags], [TRACE, '01'])
    receiver.forget()
    await rig.ask(get('/all/unasked', `traceparent: 00-${TRACE}-${PARENT}-00\r\n`))
    assert.deepEqual(traceparent(rig.target.last), { traceId: TRACE, spanId: PARENT, flags: '00' })
    await rig.ask(get('/all/after'))
    await receiver.traceOf('/all/after')
    assert.ok(!receiver.spans.some((span) => span.traceId === TRACE))
  })

  check(
    'a request that is not sampled is told so, and so is one of a route without the plugin',
    async (rig) => {
      const answer = await rig.ask(get('/none/x'))
      const told = traceparent(rig.target.last)
      assert.deepEqual([told.flags, told.traceId], ['00', answer.get('x-kong-request-id')])
      await rig.ask(get('/free/x'))
      assert.equal(rig.target.last.get('traceparent') ?? null, null)
      await rig.ask(get('/all/last'))
      await receiver.traceOf('/all/last')
      assert.deepEqual(
        receiver.spans.filter((span) => span.name === 'kong').map((span) => span.attributes['http.route']),
        ['/all'],
      )
    },
  )

  check('what is refused before the plugin has had its turn is traced all the same', async (rig) => {
    await refused(rig)
    const spans = await receiver.traceOf('/guarded')
    assert.deepEqual([...spans.keys()].sort(), ['kong', 'kong.access.plugin.key-auth', 'kong.router'])
    const root = only(spans, 'kong')
    assert.deepEqual([root.attributes['http.status_code'], root.status], [401, 0])
  })

  check('each failed try is a span with an error, and the whole has the fault', async (rig) => {
    const answer = await rig.ask(get('/dead/x'))
    assert.equal(answer.status, 502)
    const spans = await receiver.traceOf('/dead/x')
    const tries = spans.get('kong.balancer') ?? []
    assert.deepEqual(
      tries.map(({ attributes, status }) => [
        attributes['try_count'],
        attributes['http.status_code'],
        status,
      ]),
      tries.map((_, i) => [i + 1, 502, 2]),
    )
    assert.equal(tries.length, 2)
    assert.ok(tries.every((each) => each.statusText !== ''))
    const root = only(spans, 'kong')
    assert.equal(root.status, 2)
    assert.equal(root.attributes['sluice.fault'], root.statusText)
    assert.equal(root.attributes['sluice.blame'], 'upstream')
  })

  check('JSON, log records with the ids of the trace, and the id for the client', async (rig) => {
    const answer = await rig.ask(get('/json/x'))
    const root = only(await receiver.traceOf('/json/x'), 'kong')
    assert.equal(answer.get('x-trace-id'), root.traceId)
    const log = await receiver.until('the log record', () => receiver.logs[0])
    assert.deepEqual([log.traceId, log.spanId, log.severity], [root.traceId, root.spanId, 'INFO'])
    assert.match(log.body, /^GET a\.example\/json\/x 200 in [\d.]+ ms$/)
    const resource = receiver.resources[0]!
    assert.deepEqual([resource['service.name'], resource['zone']], ['edge', 'b'])
    assert.match(String(resource['service.instance.id']), /^[0-9a-f-]{36}$/)
    assert.equal(receiver.requests[0]?.['x-auth'], 'token')
  })
})
