/** What a Zipkin is sent of the requests that are traced, and what becomes of traffic when it can not take it. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { answers } from '../kit/behaviours.ts'
import { until } from '../kit/command.ts'
import { type Case, eachEngine } from '../kit/each-engine.ts'
import { openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { freePort } from '../kit/ports.ts'
import { connect } from '../kit/raw-client.ts'
import { openTarget } from '../kit/test-target.ts'
import { openZipkin } from '../kit/zipkin-server.ts'

const TRACE = '463ac35c9f6413ad48485a3953bb6124'
const SPAN = 'a2fb4a1d1a96d312'
const QUEUE = { max_coalescing_delay: 0.01, max_batch_size: 10 }

const zipkin = await openZipkin()
after(() => zipkin.close())

function config(port: number): string {
  const target = { host: '127.0.0.1', port, protocol: 'http' }
  const traced = (rules: object) => ({
    name: 'zipkin',
    config: { http_endpoint: zipkin.url, sample_ratio: 1, queue: QUEUE, ...rules },
  })
  const routes = [
    { name: 'all', paths: ['/all'], strip_path: false, plugins: [traced({}), { name: 'key-auth' }] },
    { name: 'none', paths: ['/none'], plugins: [traced({ sample_ratio: 0 })] },
    {
      name: 'named',
      paths: ['/named'],
      strip_path: false,
      plugins: [
        traced({
          local_service_name: 'edge',
          http_span_name: 'method_path',
          phase_duration_flavor: 'tags',
          traceid_byte_count: 8,
          tags_header: 'X-Tags',
          static_tags: [{ name: 'team', value: 'shop' }],
        }),
      ],
    },
    {
      name: 'both',
      paths: ['/both'],
      plugins: [
        traced({}),
        { name: 'opentelemetry', config: { traces_endpoint: 'http://127.0.0.1:9/', sampling_rate: 1 } },
      ],
    },
  ]
  const consumers = [{ username: 'jo', keyauth_credentials: [{ key: 'jo' }] }]
  return kongYml({ services: [{ name: 'orders', ...target, routes }], consumers })
}

eachEngine('zipkin', { config }, (check) => {
  casesOfSpans(check)
  casesOfDecisions(check)
})

function casesOfSpans(check: Case): void {
  check('a request is told of in three spans, the last two under the first', async (rig) => {
    const id = newTrace()
    const answer = await rig.ask(get('/all/x?q=1', [`b3: ${id}-${SPAN}`, 'apikey: jo']))
    assert.equal(answer.status, 200)
    const spans = await zipkin.trace(id, 3)
    const [request, proxy, attempt] = spans as [(typeof spans)[0], (typeof spans)[0], (typeof spans)[0]]
    assert.deepEqual(
      spans.map(({ kind, name }) => `${kind} ${name}`),
      ['SERVER GET', 'CLIENT GET (proxy)', 'CLIENT GET (balancer try 1)'],
    )
    assert.deepEqual([request.parentId, proxy.parentId, attempt.parentId], [SPAN, request.id, request.id])
    assert.equal(rig.target.last.get('b3'), `${id}-${proxy.id}-1-${request.id}`)
    assert.equal(request.tags['http.path'], '/all/x')
    assert.equal(request.tags['http.status_code'], '200')
    assert.match(request.tags['kong.consumer']!, /^[0-9a-f-]{36}$/)
    assert.match(request.tags['kong.credential']!, /^[0-9a-f-]{36}$/)
    assert.equal(request.remoteEndpoint?.ipv4, '127.0.0.1')
    assert.equal(proxy.tags['kong.service_name'], 'orders')
    assert.equal(proxy.tags['kong.route_name'], 'all')
    assert.deepEqual(attempt.remoteEndpoint, {
      serviceName: 'orders',
      ipv4: '127.0.0.1',
      port: rig.target.port,
    })
    assert.deepEqual(
      request.annotations?.map(({ value }) => value),
      ['krs', 'krf'],
    )
    assert.deepEqual(
      proxy.annotations?.map(({ value }) => value),
      ['kas', 'kaf', 'khs', 'khf', 'kbs', 'kbf'],
    )
  })

  check('a refusal is traced too, though no target is asked', async (rig) => {
    const id = newTrace()
    assert.equal((await rig.ask(get('/all', [`b3: ${id}-${SPAN}-1`]))).status, 401)
    const spans = await zipkin.trace(id, 2)
    assert.deepEqual(
      spans.map((span) => span.name),
      ['GET', 'GET (proxy)'],
    )
    assert.equal(spans[0]!.tags['http.status_code'], '401')
  })

  check('names, tags and ids are as configured', async (rig) => {
    await rig.ask(get('/named/7', ['X-Tags: color=red']))
    const id = rig.target.last.get('x-b3-traceid') ?? ''
    assert.match(id, /^[0-9a-f]{16}$/)
    const [request] = await zipkin.trace(id, 3)
    assert.equal(request!.name, 'GET /named/7')
    assert.equal(request!.localEndpoint.serviceName, 'edge')
    assert.deepEqual([request!.tags['team'], request!.tags['color']], ['shop', 'red'])
    assert.ok('kong.rewrite.duration_ms' in request!.tags)
  })
}

function casesOfDecisions(check: Case): void {
  check('what is not sampled is not sent, unless its client asks for it', async (rig) => {
    const [no, yes, debug, denied] = [newTrace(), newTrace(), newTrace(), newTrace()]
    await rig.ask(get('/none', [`b3: ${no}-${SPAN}`]))
    await rig.ask(get('/all', [`b3: ${denied}-${SPAN}-0`, 'apikey: jo']))
    await rig.ask(get('/none', [`b3: ${debug}-${SPAN}-d`]))
    await rig.ask(get('/none', [`b3: ${yes}-${SPAN}-1`]))
    await zipkin.trace(debug, 3)
    await zipkin.trace(yes, 3)
    assert.deepEqual(
      zipkin.spans.filter(({ traceId }) => traceId === no || traceId === denied),
      [],
    )
  })

  check('with opentelemetry on the same exchange there is one trace', async (rig) => {
    await rig.ask(get('/both', []))
    const id = rig.target.last.get('x-b3-traceid') ?? ''
    assert.equal(rig.target.last.get('traceparent'), `00-${id}-${rig.target.last.get('x-b3-spanid')}-01`)
    const [request, proxy] = await zipkin.trace(id, 3)
    assert.equal(proxy!.parentId, request!.id)
    assert.equal(rig.target.last.get('x-b3-spanid'), proxy!.id)
  })
}

const FAILURES: readonly [name: string, status: number][] = [
  ['answers 500', 500],
  ['cuts connections', 0],
]

for (const [name, status] of FAILURES)
  test(`a Zipkin that ${name} costs its spans and nothing else: they are counted, and said once`, async (t) => {
    const broken = await openZipkin()
    broken.status = status
    t.after(() => broken.close())
    await failsQuietly(broken.url)
    assert.ok(broken.requests >= 5)
  })

test('a Zipkin that is not there costs its spans and nothing else', async () => {
  await failsQuietly(`http://127.0.0.1:${await freePort()}/api/v2/spans`)
})

/** Five requests through a gateway whose spans go to `url` and are lost. */
async function failsQuietly(url: string): Promise<void> {
  const target = await openTarget(answers('ok'))
  const rules = { http_endpoint: url, sample_ratio: 1, queue: { max_batch_size: 1, max_retry_time: -1 } }
  const routes = [{ name: 'all', paths: ['/'] }]
  const service = { name: 'target', host: '127.0.0.1', port: target.port, protocol: 'http', routes }
  const gateway = await openGateway({
    config: kongYml({ services: [service], plugins: [{ name: 'zipkin', config: rules }] }),
  })
  try {
    const client = await connect({ port: gateway.port })
    for (let i = 0; i < 5; i++) {
      await client.send(get('/', []))
      assert.equal((await client.answer()).status, 200)
    }
    client.destroy()
    await until('five records are lost', async () => {
      const page = await (await fetch(`http://127.0.0.1:${gateway.statusPort}/metrics`)).text()
      return /sluice_log_lost_total\{[^}]*zipkin[^}]*retries over[^}]*\} 5\n/.test(page)
    })
    const isSaid = (line: string) => line.includes('zipkin') && line.includes('lost')
    await until('it is said', () => gateway.log.some(isSaid))
    assert.equal(gateway.log.filter(isSaid).length, 1)
  } finally {
    await gateway.stop()
    await target.close()
  }
}

let traces = 0

/** Another trace id each time. */
function newTrace(): string {
  traces++
  return TRACE.slice(0, 28) + traces.toString(16).padStart(4, '0')
}

function get(path: string, fields: readonly string[]): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`
}
