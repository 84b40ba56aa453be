/**
 * Active checks through the real gateway, with real targets that fail, hang, come back and change their names.
 *
 * NEEDS openssl
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import tls from 'node:tls'
import { answers, freezes, neverAnswers } from '../kit/behaviours.ts'
import { until } from '../kit/command.ts'
import { openDnsServer } from '../kit/dns-server.ts'
import type { Gateway } from '../kit/gateway.ts'
import { openHungPort } from '../kit/hung-port.ts'
import { ask, get } from '../kit/raw-client.ts'
import { makeCertificates } from '../kit/redis-server.ts'
import { openTarget } from '../kit/test-target.ts'
import { askStatus, healthNames, healthOf, NamedTarget, poolConfig, withPool } from '../kit/watched-pool.ts'

const EVERY = 0.05

interface Checks {
  readonly type?: string
  readonly unhealthyInterval?: number
  readonly active?: Readonly<Record<string, unknown>>
}

/** Two successes bring a target back; three bad answers, or two of anything else, take it out. */
function checks({ type = 'http', unhealthyInterval = EVERY, active = {} }: Checks = {}) {
  const healthy = { interval: EVERY, successes: 2 }
  const unhealthy = { interval: unhealthyInterval, http_failures: 3, tcp_failures: 2, timeouts: 2 }
  return { active: { type, http_path: '/health', timeout: 5, healthy, unhealthy, ...active } }
}

function healthIs(gateway: Gateway, expected: string): Promise<void> {
  return until(expected, async () => (await healthNames(gateway)) === expected)
}

async function serves(gateway: Gateway): Promise<string> {
  const answer = await ask({ port: gateway.port }, get('/'))
  return `${answer.status} ${answer.text}`
}

async function openPair(t: TestContext): Promise<[NamedTarget, NamedTarget]> {
  const pair: [NamedTarget, NamedTarget] = [await NamedTarget.open('a'), await NamedTarget.open('b')]
  t.after(() => Promise.all(pair.map((each) => each.target.close())))
  return pair
}

test('a target whose probes fail is out for all traffic, and is back when they succeed', async (t) => {
  const [a, b] = await openPair(t)
  const options = { targets: [a.address, b.address], upstream: { healthchecks: checks() } }
  await withPool({ ...options, env: { SLUICE_WORKERS: '2' } }, async (gateway) => {
    await healthIs(gateway, 'HEALTHY HEALTHY')
    a.status = '500 Internal Server Error'
    await healthIs(gateway, 'UNHEALTHY HEALTHY')
    for (let i = 0; i < 20; i++) assert.equal(await serves(gateway), '200 b')
    a.status = '200 OK'
    await healthIs(gateway, 'HEALTHY HEALTHY')
    const seen = new Set<string>()
    await until('both targets serve', async () => seen.add(await serves(gateway)).size === 2)
    const said = gateway.log.filter((line) => line.includes(`"target":"${a.address}"`))
    assert.equal(said.length, 2, said.join('\n'))
    assert.match(said[0]!, /"why":"status 500".*a target is unhealthy/)
    assert.match(said[1]!, /a target is healthy again/)
  })
})

test('it takes exactly as many failed probes as the limit says; then an interval of 0 asks no more', async (t) => {
  const [a, b] = await openPair(t)
  a.status = '503 Service Unavailable'
  const upstream = { healthchecks: checks({ unhealthyInterval: 0 }) }
  await withPool({ targets: [a.address, b.address], upstream }, async (gateway) => {
    await healthIs(gateway, 'UNHEALTHY HEALTHY')
    const before = b.probes
    await until('three more probes of the other one', () => b.probes >= before + 3)
    assert.equal(a.probes, 3)
  })
})

test('a status in neither list says nothing', async (t) => {
  const [a, b] = await openPair(t)
  a.status = '418 Teapot'
  const upstream = { healthchecks: checks() }
  await withPool({ targets: [a.address, b.address], upstream }, async (gateway) => {
    await until('ten probes', () => a.probes >= 10)
    assert.equal(await healthNames(gateway), 'HEALTHY HEALTHY')
  })
})

test('with two workers there is still one prober', async (t) => {
  const [a, b] = await openPair(t)
  const active = { healthy: { interval: 0.2, successes: 1 } }
  const upstream = { healthchecks: checks({ active }) }
  const options = { targets: [a.address, b.address], upstream, env: { SLUICE_WORKERS: '2' } }
  await withPool(options, async () => {
    await until('the first probe', () => a.probes >= 1)
    const startMs = performance.now()
    const before = a.probes
    await until('eight more', () => a.probes >= before + 8)
    // Eight pauses of at least 180 ms each, but for the part of the first that went by unseen.
    assert.ok(performance.now() - startMs > 7 * 180)
  })
})

test('a probe is a GET with the host, the path and the headers that the upstream names', async (t) => {
  const [a, b] = await openPair(t)
  const active = { http_path: '/health', headers: { 'X-Check': ['one', 'two'], 'X-Other': ['three'] } }
  const upstream = { healthchecks: checks({ active }) }
  await withPool({ targets: [a.address, b.address], upstream }, async () => {
    await until('a probe', () => a.probes > 0)
  })
  const { head } = a.target.requests[0]!
  assert.deepEqual(head.trimEnd().toLowerCase().split('\r\n').sort(), [
    'connection: close',
    'get /health http/1.1',
    `host: 127.0.0.1:${a.target.port}`,
    'user-agent: sluice/health',
    'x-check: one',
    'x-check: two',
    'x-other: three',
  ])
  a.target.forget()
  const named = { ...upstream, host_header: 'shop.test' }
  await withPool({ targets: [a.address, b.address], upstream: named }, async () => {
    await until('a probe', () => a.probes > 0)
  })
  assert.equal(a.target.requests[0]!.get('host'), 'shop.test')
})

test('a redirect is an answer, and is not followed', async (t) => {
  const [a, b] = await openPair(t)
  a.target.behave = answers('', [`Location: http://${b.address}/moved`], '302 Found')
  const upstream = { healthchecks: checks() }
  await withPool({ targets: [a.address], upstream }, async (gateway) => {
    await until('probes', () => a.probes >= 3)
    assert.equal(await healthNames(gateway), 'HEALTHY')
  })
  assert.equal(b.target.connections, 0)
})

test('a target that takes connections and never answers is out after its timeouts', async (t) => {
  const [a, b] = await openPair(t)
  a.target.behave = neverAnswers
  const upstream = { healthchecks: checks({ active: { timeout: 0.1 } }) }
  await withPool({ targets: [a.address, b.address], upstream }, async (gateway) => {
    await healthIs(gateway, 'UNHEALTHY HEALTHY')
    assert.ok(gateway.log.some((line) => line.includes('"why":"timeout"')))
    await until('no connection is left behind', () => a.target.open <= 1)
  })
})

test('so is a host that answers no SYN', async (t) => {
  const hung = await openHungPort()
  t.after(() => hung.close())
  for (const type of ['http', 'tcp']) {
    const upstream = { healthchecks: checks({ type, active: { timeout: 0.1 } }) }
    await withPool({ targets: [`127.0.0.1:${hung.port}`], upstream }, async (gateway) => {
      await healthIs(gateway, 'UNHEALTHY')
      assert.ok(gateway.log.some((line) => line.includes('"why":"timeout"')))
    })
  }
})

test('a tcp probe needs a port that takes connections, and no more', async (t) => {
  const silent = await openTarget(freezes)
  const { port } = silent
  let again = silent
  t.after(() => again.close())
  const upstream = { healthchecks: checks({ type: 'tcp' }) }
  await withPool({ targets: [`127.0.0.1:${port}`], upstream }, async (gateway) => {
    await until('probes', () => silent.connections >= 4)
    assert.equal(await healthNames(gateway), 'HEALTHY')
    await silent.close()
    await healthIs(gateway, 'UNHEALTHY')
    assert.ok(gateway.log.some((line) => line.includes('ECONNREFUSED')))
    again = await openTarget(freezes, port)
    await healthIs(gateway, 'HEALTHY')
    assert.equal(again.calls.length, 0)
  })
})

test('grpc checks ask the health service: what does not serve is taken out, and comes back', async (t) => {
  let health = 1
  const asked: string[] = []
  const server = http2.createServer()
  server.on('session', (session) => t.after(() => session.destroy()))
  server.on('stream', (stream, fields) => {
    asked.push(fields[':path'] ?? '')
    stream.on('error', () => {}) // a probe may be called off
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, health]))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  const target = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  await withPool(
    { targets: [target], upstream: { healthchecks: checks({ type: 'grpc' }) } },
    async (gateway) => {
      await until('probes', () => asked.length >= 3)
      await healthIs(gateway, 'HEALTHY')
      health = 2
      await healthIs(gateway, 'UNHEALTHY')
      health = 1
      await healthIs(gateway, 'HEALTHY')
    },
  )
  assert.deepEqual(new Set(asked), new Set(['/grpc.health.v1.Health/Check']))
})

test('https probes verify the certificate and its name, unless told not to', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-health-'))
  const files = await makeCertificates(folder, 'shop.test')
  const asked: (string | false)[] = []
  const server = tls.createServer({ cert: readFileSync(files.certificate), key: readFileSync(files.key) })
  server.on('secureConnection', (socket) => {
    asked.push(socket.servername ?? false)
    socket.on('error', () => {})
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })
  const address = server.address()
  const target = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const trusts = { NODE_EXTRA_CA_CERTS: files.authority }
  const outcome = async (
    active: Readonly<Record<string, unknown>>,
    env: Readonly<Record<string, string>>,
  ) => {
    asked.length = 0
    const upstream = { healthchecks: checks({ type: 'https', active }) }
    let health = ''
    await withPool({ targets: [target], upstream, env }, async (gateway) => {
      await until('an outcome', async () => {
        health = await healthNames(gateway)
        return health === 'UNHEALTHY' || asked.length >= 4
      })
    })
    return health
  }
  assert.equal(await outcome({ https_sni: 'shop.test' }, trusts), 'HEALTHY')
  assert.equal(asked[0], 'shop.test')
  const named = { SLUICE_SSL_TRUSTED_CERTIFICATE: files.authority }
  assert.equal(await outcome({ https_sni: 'shop.test' }, named), 'HEALTHY')
  assert.equal(await outcome({ https_sni: 'other.test' }, trusts), 'UNHEALTHY')
  assert.equal(await outcome({ https_sni: 'shop.test' }, {}), 'UNHEALTHY')
  assert.equal(await outcome({ https_verify_certificate: false }, {}), 'HEALTHY')
  assert.equal(asked[0], false)
})

test('each address of a name is asked by itself, and probes follow the name', async (t) => {
  const [a] = await openPair(t)
  const dns = await openDnsServer()
  t.after(() => dns.close())
  // Nobody listens at 127.0.0.2.
  dns.set('two.test', 'A', 1, ['127.0.0.1', '127.0.0.2'])
  const upstream = { healthchecks: checks() }
  const target = `two.test:${a.target.port}`
  const env = { SLUICE_DNS_RESOLVER: dns.address }
  await withPool({ targets: [target, 'none.test:80'], upstream, env }, async (gateway) => {
    const addresses = async () => {
      const all = (await healthOf(gateway))[0]!.data.addresses
      return all.map(({ ip, health }) => `${ip} ${health}`).join()
    }
    await until('the dead address is out', async () => {
      return (await addresses()) === '127.0.0.1 HEALTHY,127.0.0.2 UNHEALTHY'
    })
    assert.equal(await healthNames(gateway), 'HEALTHY DNS_ERROR')
    for (let i = 0; i < 10; i++) assert.equal(await serves(gateway), '200 a')
    assert.equal(a.target.requests[0]!.get('host'), target)
    dns.set('two.test', 'A', 1, ['127.0.0.1', '127.0.0.3'])
    await until('the new address is asked', async () => {
      return (await addresses()) === '127.0.0.1 HEALTHY,127.0.0.3 UNHEALTHY'
    })
  })
})

test('a reload keeps what is known of a target, and without checks it is let in again', async (t) => {
  const [a, b] = await openPair(t)
  const targets = [a.address, b.address]
  const upstream = { healthchecks: checks({ unhealthyInterval: 0 }) }
  a.status = '500 Oh'
  await withPool({ targets, upstream }, async (gateway) => {
    await healthIs(gateway, 'UNHEALTHY HEALTHY')
    const reload = async (fields: Readonly<Record<string, unknown>>, count: number) => {
      writeFileSync(gateway.configFile, poolConfig({ targets, upstream: fields }))
      gateway.signal('SIGHUP')
      const isDone = () => gateway.log.filter((line) => line.includes('was reloaded')).length === count
      await until('the reload', isDone)
    }
    await reload({ ...upstream, tags: ['new'] }, 1)
    assert.equal(await healthNames(gateway), 'UNHEALTHY HEALTHY')
    for (let i = 0; i < 10; i++) assert.equal(await serves(gateway), '200 b')
    const before = b.probes
    await until('probes go on', () => b.probes > before + 2)
    await reload({}, 2)
    assert.equal(await healthNames(gateway), 'HEALTHCHECKS_OFF HEALTHCHECKS_OFF')
    const seen = new Set<string>()
    await until('both targets serve', async () => seen.add(await serves(gateway)).size === 2)
  })
})

test("the status listener shows the health of an upstream with Kong's fields", async (t) => {
  const [a, b] = await openPair(t)
  const upstream = { id: '5b1f45d5-9d4c-4a39-8b5c-5f0b5f5a2f11', healthchecks: checks() }
  b.status = '500 Oh'
  await withPool({ targets: [a.address, b.address], upstream }, async (gateway) => {
    await healthIs(gateway, 'HEALTHY UNHEALTHY')
    const body = JSON.parse((await askStatus(gateway, `/upstreams/${upstream.id}/health`)).text)
    const { id, created_at, updated_at, ...rest } = body.data[1]
    assert.equal(typeof id, 'string')
    assert.ok(created_at > 0 && updated_at > 0)
    assert.match(body.node_id, /^[\da-f-]{36}$/)
    const weight = { total: 100, available: 0, unavailable: 100 }
    const place = { ip: '127.0.0.1', port: b.target.port, weight: 100 }
    const host = { host: '127.0.0.1', port: b.target.port, dns: 'A', nodeWeight: 100, weight }
    assert.deepEqual(rest, {
      tags: null,
      target: b.address,
      upstream: { id: upstream.id },
      weight: 100,
      health: 'UNHEALTHY',
      data: { ...host, addresses: [{ ...place, health: 'UNHEALTHY' }] },
    })
    assert.equal(body.next, null)
    const whole = JSON.parse((await askStatus(gateway, '/upstreams/pool/health?balancer_health=1')).text)
    const { hosts, ...details } = whole.data.details
    assert.deepEqual(hosts[1], { ...host, addresses: [{ ...place, healthy: false }] })
    assert.deepEqual(
      { ...whole.data, details },
      {
        id: upstream.id,
        health: 'HEALTHY',
        balancer_health: 'HEALTHY',
        details: { healthy: true, weight: { total: 200, available: 100, unavailable: 100 } },
      },
    )
    const unknown = await askStatus(gateway, '/upstreams/other/health')
    assert.deepEqual(unknown, { status: 404, text: '{"message":"Not found"}' })
    const metrics = (await askStatus(gateway, '/metrics')).text
    const labels = `upstream="pool",target="${b.address}",address="${b.address}",state="unhealthy"`
    assert.ok(metrics.includes(`kong_upstream_target_health{${labels},subsystem="http"} 1\n`), metrics)
    assert.match(metrics, /^sluice_shared_rows_used\{table="targets"\} 2$/m)
  })
})

test('a target that outlier detection has ejected gets traffic again once its time is over', async (t) => {
  const [a, b] = await openPair(t)
  a.target.behave = answers('sorry', [], '500 Oh')
  const outlier_detection = {
    interval: EVERY,
    base_ejection_time: 1,
    consecutive_5xx: 3,
    max_ejection_percent: 50,
  }
  await withPool({ targets: [a.address, b.address], upstream: { outlier_detection } }, async (gateway) => {
    await until('the ejection', async () => {
      await serves(gateway)
      const { text } = await askStatus(gateway, '/metrics')
      const isShown = /^sluice_targets_ejected\{upstream="pool"\} 1$/m.test(text)
      return isShown && (await healthNames(gateway)) === 'UNHEALTHY HEALTHY'
    })
    a.target.behave = answers('a')
    await healthIs(gateway, 'HEALTHY HEALTHY')
    const seen = new Set<string>()
    await until('both targets serve', async () => seen.add(await serves(gateway)).size === 2)
  })
})
