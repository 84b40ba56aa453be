/** What /metrics shows after known traffic, on both engines, and what reloads and dead workers leave of it. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { until } from '../kit/command.ts'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { samplesOf, scrape } from '../kit/metrics.ts'
import { freePort } from '../kit/ports.ts'
import { get } from '../kit/raw-client.ts'
import { openEcho, openStreams, tcpService } from '../kit/stream-rig.ts'

const ALL = { status_code_metrics: true, latency_metrics: true, bandwidth_metrics: true, per_consumer: true }
const TAIL = 'workspace="default",consumer=""'

function config(port: number, more: object[] = []): string {
  const target = { host: '127.0.0.1', port, protocol: 'http' }
  const stop = { name: 'request-termination', config: { status_code: 418, message: 'tea' } }
  const limit = { name: 'rate-limiting', config: { hour: 2, policy: 'local' } }
  const routes = [
    { name: 'plain', paths: ['/plain'] },
    { name: 'stopped', paths: ['/stopped'], plugins: [stop] },
    { name: 'keyed', paths: ['/keyed'], plugins: [{ name: 'key-auth' }] },
    { name: 'limited', paths: ['/limited'], plugins: [limit] },
    {
      name: 'sized',
      paths: ['/sized'],
      plugins: [{ name: 'request-termination', config: { status_code: 403 } }],
    },
    ...more,
  ]
  const consumers = [{ username: 'jo "the" 2nd', keyauth_credentials: [{ key: 'jo' }] }]
  return kongYml({
    services: [{ name: 'orders', ...target, routes }],
    plugins: [{ name: 'prometheus', config: ALL }],
    consumers,
  })
}

function requests(route: string, code: number, source: string, tail = TAIL): string {
  return `kong_http_requests_total{service="orders",route="${route}",code="${code}",source="${source}",${tail}}`
}

eachEngine('prometheus', { config }, (check) => {
  check('requests are counted by route, status and who answered', async (rig) => {
    for (let i = 0; i < 3; i++) assert.equal((await rig.ask(get('/plain'))).status, 200)
    assert.equal((await rig.ask(get('/stopped'))).status, 418)
    assert.equal((await rig.ask(get('/nowhere'))).status, 404)
    await until(
      'all are counted',
      async () => (await samplesOf(rig.gateway)).get(requests('stopped', 418, 'kong')) === 1,
    )
    const samples = await samplesOf(rig.gateway)
    assert.equal(samples.get(requests('plain', 200, 'service')), 3)
    const labels = 'service="orders",route="plain",workspace="default"'
    assert.equal(samples.get(`kong_request_latency_ms_count{${labels}}`), 3)
    assert.equal(samples.get(`kong_upstream_latency_ms_count{${labels}}`), 3)
    assert.equal(samples.get(`kong_kong_latency_ms_bucket{${labels},le="+Inf"}`), 3)
    assert.ok(
      samples.get(`kong_bandwidth_bytes{service="orders",route="plain",direction="egress",${TAIL}}`)! > 0,
    )
    const counted = [...samples.keys()].filter((name) => name.startsWith('kong_http_requests_total'))
    assert.ok(!counted.some((name) => name.includes('"404"')), 'without a route nothing is counted')
  })

  check('egress is what the client was sent, of our own answers too', async (rig) => {
    // The engine uws adds the framing of answers itself.
    if (rig.engine !== 'node') return
    const name = `kong_bandwidth_bytes{service="orders",route="sized",direction="egress",${TAIL}}`
    const client = await rig.connect()
    await client.send(get('/sized').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    const sent = await client.closed()
    assert.match(sent, /^HTTP\/1\.1 403 /)
    await until('it is counted', async () => (await samplesOf(rig.gateway)).get(name) === sent.length)
  })

  check('consumers are told apart, whatever they are called', async (rig) => {
    const keyed = get('/keyed').replace('\r\n\r\n', '\r\napikey: jo\r\n\r\n')
    assert.equal((await rig.ask(keyed)).status, 200)
    assert.equal((await rig.ask(get('/keyed'))).status, 401)
    const own = requests('keyed', 200, 'service', 'workspace="default",consumer="jo \\"the\\" 2nd"')
    await until('both are counted', async () => {
      const samples = await samplesOf(rig.gateway)
      return samples.get(own) === 1 && samples.get(requests('keyed', 401, 'kong')) === 1
    })
  })

  check('what limits decide is counted', async (rig) => {
    for (const status of [200, 200, 429]) assert.equal((await rig.ask(get('/limited'))).status, status)
    const samples = await samplesOf(rig.gateway)
    const of = (decision: string) =>
      samples.get(`sluice_limit_decisions_total{plugin="rate-limiting",decision="${decision}"}`)
    assert.deepEqual([of('admitted'), of('refused'), of('error')], [2, 1, 0])
  })

  check('an idle connection waits; threads and the process tell of themselves', async (rig) => {
    if (rig.engine === 'node') await seesIdle(rig)
    const samples = await samplesOf(rig.gateway)
    for (const name of [
      'sluice_event_loop_delay_seconds{thread="1",stat="p99"}',
      'sluice_gc_total{thread="1",kind="minor"}',
      'sluice_thread_memory_bytes{thread="primary",kind="heap_used"}',
    ])
      assert.ok(samples.get(name)! >= 0, name)
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
    ])
      assert.ok(samples.get(name)! > 0, name)
    assert.equal(samples.get('kong_datastore_reachable'), 1)
    assert.ok([...samples.keys()].some((name) => name.startsWith('kong_memory_workers_lua_vms_bytes{')))
  })

  check('a reload goes on counting where it was, and for routes that are new', async (rig) => {
    const name = requests('plain', 200, 'service')
    await rig.ask(get('/plain'))
    await until('it is counted', async () => ((await samplesOf(rig.gateway)).get(name) ?? 0) >= 1)
    const before = (await samplesOf(rig.gateway)).get(name)!
    writeFileSync(rig.gateway.configFile, config(rig.target.port, [{ name: 'new', paths: ['/new'] }]))
    rig.gateway.signal('SIGHUP')
    await until('the new route is there', async () => (await rig.ask(get('/new'))).status === 200)
    await rig.ask(get('/plain'))
    await until('both count', async () => {
      const samples = await samplesOf(rig.gateway)
      return samples.get(name) === before + 1 && samples.get(requests('new', 200, 'service')) === 1
    })
  })

  check('it is compressed for who takes that, and HEAD says the same without it', async (rig) => {
    const packed = await ask(rig.gateway.statusPort, 'GET', 'deflate, gzip;q=0.5')
    assert.equal(packed.encoding, 'gzip')
    assert.match(gunzipSync(packed.body).toString(), /^# TYPE sluice_requests_total counter$/m)
    assert.equal((await ask(rig.gateway.statusPort, 'GET', 'gzip;q=0, br')).encoding, undefined)
    const head = await ask(rig.gateway.statusPort, 'HEAD', '')
    assert.equal(head.type, 'text/plain; charset=UTF-8')
    assert.ok(head.length > 1000)
    assert.equal(head.body.length, 0)
  })
})

/** The release of uws for the tests says nothing of connections. */
async function seesIdle(rig: Rig): Promise<void> {
  const client = await rig.connect()
  await client.send(get('/plain'))
  await client.answer('GET')
  await until('it waits', async () => {
    const samples = await samplesOf(rig.gateway)
    const of = (state: string) => samples.get(`sluice_connections{state="${state}"}`)
    return of('waiting') === 1 && of('writing') === 0
  })
}

interface Answer {
  readonly encoding: string | undefined
  readonly type: string | undefined
  readonly length: number
  readonly body: Buffer
}

function ask(port: number, method: string, accepted: string): Promise<Answer> {
  const headers = { 'Accept-Encoding': accepted }
  return new Promise((resolve, reject) => {
    const asked = request(
      { port, host: '127.0.0.1', path: '/metrics', method, headers, agent: false },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          const {
            'content-encoding': encoding,
            'content-type': type,
            'content-length': length,
          } = answer.headers
          resolve({ encoding, type, length: Number(length), body: Buffer.concat(chunks) })
        })
      },
    )
    asked.on('error', reject)
    asked.end()
  })
}

test('a worker that dies leaves its counts, and its replacement goes on with them', async () => {
  const plugins = mkdtempSync(join(tmpdir(), 'sluice-plugins-'))
  mkdirSync(join(plugins, 'crash'))
  writeFileSync(join(plugins, 'crash', 'crash.mjs'), CRASH)
  const stop = { name: 'request-termination', config: { status_code: 200 } }
  const routes = [
    { name: 'fine', paths: ['/fine'] },
    { name: 'crash', paths: ['/crash'], plugins: [{ name: 'crash' }] },
  ]
  const gateway = await openGateway({
    config: kongYml({ routes, plugins: [stop, { name: 'prometheus', config: ALL }] }),
    env: { SLUICE_PLUGINS_DIR: plugins },
  })
  const name = `kong_http_requests_total{service="",route="fine",code="200",source="kong",${TAIL}}`
  const fine = async () => (await fetch(`http://127.0.0.1:${gateway.port}/fine`)).text()
  try {
    for (let i = 0; i < 5; i++) await fine()
    await until('five', async () => (await samplesOf(gateway)).get(name) === 5)
    await fetch(`http://127.0.0.1:${gateway.port}/crash`).catch(() => null)
    await until('it is replaced', async () => {
      const samples = await samplesOf(gateway)
      return samples.get('sluice_worker_restarts_total') === 1 && samples.get('sluice_workers_ready') === 1
    })
    const series = (await samplesOf(gateway)).get('sluice_metric_series')
    await fine()
    await until('six', async () => (await samplesOf(gateway)).get(name) === 6)
    assert.equal((await samplesOf(gateway)).get('sluice_metric_series'), series, 'no series is opened anew')
  } finally {
    await gateway.stop()
    rmSync(plugins, { recursive: true, force: true })
  }
})

/** A custom plugin with a defect: it throws where nobody can catch it. */
const CRASH = `export default {
  name: 'crash', summary: 'Ends the worker.', priority: 3, schema: { type: 'record', fields: {} },
  build: () => ({
    onRequest() { setTimeout(() => { throw new Error('the fixture has thrown') }, 0); return 0 },
  }),
}`

test('without room for a series it is not counted, others are, and the gateway says how many', async () => {
  const stop = { name: 'request-termination', config: { status_code: 200 } }
  const routes = Array.from({ length: 40 }, (_, i) => ({ name: `r${i}`, paths: [`/r${i}/`] }))
  const gateway = await openGateway({
    config: kongYml({ routes, plugins: [stop, { name: 'prometheus', config: ALL }] }),
    env: { SLUICE_SHARED_METRICS: '12k' },
  })
  try {
    for (let i = 0; i < 40; i++) await (await fetch(`http://127.0.0.1:${gateway.port}/r${i}/`)).text()
    const samples = await samplesOf(gateway)
    const counted = [...samples.keys()].filter((name) => name.startsWith('kong_http_requests_total')).length
    assert.ok(counted > 0 && counted < 40, `${counted} of 40 routes`)
    assert.ok(samples.get('sluice_metric_series_omitted_total')! >= 40 - counted)
    assert.equal(
      samples.get('kong_nginx_metric_errors_total'),
      samples.get('sluice_metric_series_omitted_total'),
    )
    assert.match(await scrape(gateway), /^sluice_requests_total 40$/m)
  } finally {
    await gateway.stop()
  }
})

test('sessions on stream routes are counted when they are over, with their time and bytes', async () => {
  const echo = await openEcho()
  const dead = { ...tcpService(await freePort(), { retries: 0 }), name: 'dead' }
  const services = [{ ...tcpService(echo.port), name: 'db' }]
  const plugins = [{ name: 'prometheus', config: ALL }]
  const rig = await openStreams({ config: { services, plugins } })
  const of = async (service: string, rest: string) =>
    [...(await samplesOf(rig.gateway))].find(
      ([name]) => name.includes(`service="${service}"`) && name.includes(rest),
    )?.[1]
  try {
    for (let i = 0; i < 2; i++) {
      const client = await rig.connect()
      await client.send('hello')
      await client.reader.take(5)
      await client.half().closed()
    }
    await until('both', async () => (await of('db', 'code="200",source="service"')) === 2)
    assert.match(
      await scrape(rig.gateway),
      /^kong_stream_sessions_total\{service="db",route="[^"]+",code="200",source="service",workspace="default"\} 2$/m,
    )
    assert.equal(await of('db', 'workspace="default",le="+Inf"'), 2)
    assert.match(await scrape(rig.gateway), /^kong_session_duration_ms_count\{service="db",.*\} 2$/m)
    assert.equal(await of('db', 'direction="egress"'), 10)
    writeFileSync(rig.gateway.configFile, kongYml({ services: [dead], plugins }))
    rig.gateway.signal('SIGHUP')
    await until('one that found no target', async () => {
      await (await rig.connect()).half().closed()
      return ((await of('dead', 'code="502",source="kong"')) ?? 0) > 0
    })
  } finally {
    await rig.stop()
    await echo.close()
  }
})
