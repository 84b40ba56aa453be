/** The records that file-log writes, field by field, from the real gateway, on both engines. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import http2 from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { closesUnanswered } from '../kit/behaviours.ts'
import { until } from '../kit/command.ts'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { freePort } from '../kit/ports.ts'
import { askTls } from '../kit/tls-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-file-log-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const LOG = join(folder, 'requests.log')
const CUSTOM = join(folder, 'custom.log')
const tlsPort = await freePort()
const deadPort = await freePort()

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/

/** Looked into by hand. */
type Line = ReturnType<typeof JSON.parse>

function config(port: number): string {
  const target = { host: '127.0.0.1', port, protocol: 'http' }
  const custom = {
    tenant: '$(headers["x-tenant"])',
    'labels.page': '$(query_params.page)',
    'dotted\\.name': 'as it stands',
    service: '',
    'request.headers.cookie': '',
  }
  return kongYml({
    plugins: [{ name: 'file-log', config: { path: LOG } }],
    services: [
      {
        name: 'orders',
        ...target,
        path: '/base',
        routes: [
          { name: 'plain', paths: ['/plain'] },
          { name: 'keyed', paths: ['/keyed'], plugins: [{ name: 'key-auth' }] },
          {
            name: 'custom',
            paths: ['/custom'],
            plugins: [{ name: 'file-log', config: { path: CUSTOM, custom_fields: custom } }],
          },
        ],
      },
      { name: 'twice', host: 'two', protocol: 'http', routes: [{ name: 'twice', paths: ['/twice'] }] },
      { name: 'dead', ...target, port: deadPort, retries: 0, routes: [{ name: 'dead', paths: ['/dead'] }] },
    ],
    upstreams: [
      { name: 'two', targets: [{ target: `127.0.0.1:${deadPort}` }, { target: `127.0.0.1:${port}` }] },
    ],
    consumers: [{ username: 'jo', custom_id: '42', keyauth_credentials: [{ key: 's3cret' }] }],
  })
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1)
  } catch {
    return [] // it is made with the first record
  }
}

/** The record of the request whose path starts so. */
async function recordOf(uri: string, path = LOG): Promise<Line> {
  let found: Line
  await until(`a record of ${uri}`, () => {
    found = linesOf(path)
      .map((line) => JSON.parse(line))
      .findLast((line) => line.request.uri.startsWith(uri))
    return found !== undefined
  })
  return found
}

function get(uri: string, lines: readonly string[] = []): string {
  return `GET ${uri} HTTP/1.1\r\nHost: gateway.test\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
}

const options = { config, listen: `127.0.0.1:PORT, 127.0.0.1:${tlsPort} ssl http2` }

eachEngine('file-log', options, (check) => {
  check('a plain GET', async (rig) => {
    const uri = `/plain/${rig.engine}?a=1&b&a=2`
    const before = Date.now()
    const answer = await rig.ask(
      get(uri, ['Authorization: Basic s3cret', 'X-Two: 1', 'X-Two: 2', 'Cookie: c=1']),
    )
    const line = await recordOf(uri)
    checkShape(line)
    const { request, response } = line
    assert.equal(request.id, answer.get('x-kong-request-id'))
    assert.equal(request.url, `http://gateway.test:${rig.gateway.port}${uri}`)
    assert.deepEqual([request.method, request.querystring], ['GET', { a: ['1', '2'], b: true }])
    assert.deepEqual(request.headers, {
      host: 'gateway.test',
      authorization: 'REDACTED',
      'x-two': ['1', '2'],
      cookie: 'c=1',
    })
    assert.deepEqual([line.upstream_uri, line.upstream_status], [`/base/${rig.engine}?a=1&b&a=2`, '200'])
    assert.equal(response.status, 200)
    for (const name of ['content-length', 'via', 'x-kong-upstream-latency', 'x-kong-proxy-latency'])
      assert.equal(response.headers[name], answer.get(name), name)
    assert.equal(line.tries.length, 1)
    assert.deepEqual([line.tries[0].ip, line.tries[0].port], ['127.0.0.1', rig.target.port])
    assert.deepEqual([line.route.name, line.service.name], ['plain', 'orders'])
    assert.deepEqual([line.route.service, line.route.paths], [{ id: line.service.id }, ['/plain']])
    assert.deepEqual([line.client_ip, line.source], ['127.0.0.1', 'upstream'])
    assert.ok(Math.abs(line.started_at - before) < 60_000, String(line.started_at))
    assert.equal('consumer' in line || 'authenticated_entity' in line || 'tls' in request, false)
    assert.deepEqual([line.sluice.fault, line.sluice.tries], ['NONE', 1])
  })

  check('a POST with a body, whose bytes are counted', async (rig) => {
    const uri = `/plain/post-${rig.engine}`
    const head = `POST ${uri} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000\r\n\r\n`
    await rig.ask(head + 'x'.repeat(1000), 'POST')
    const line = await recordOf(uri)
    checkShape(line)
    assert.ok(line.request.size >= 1000 + uri.length && line.request.size < 1200, String(line.request.size))
    assert.ok(line.response.size > 100 && line.response.size < 600, String(line.response.size))
  })

  check('a request that no route takes', async (rig) => {
    const uri = `/nowhere/${rig.engine}`
    await rig.ask(get(uri))
    const line = await recordOf(uri)
    checkShape(line)
    assert.deepEqual([line.response.status, line.source], [404, 'kong'])
    assert.deepEqual([line.upstream_uri, line.upstream_status, line.latencies.proxy], ['', '', -1])
    assert.equal('route' in line || 'service' in line || 'tries' in line, false)
    assert.deepEqual([line.sluice.fault, line.sluice.blame], ['ROUTE_NOT_FOUND', 'client'])
    assert.equal(line.response.headers['content-type'], 'application/json; charset=utf-8')
  })

  check('a request that key-auth refuses, and one that it lets pass', async (rig) => {
    await rig.ask(get(`/keyed/no-${rig.engine}`))
    const refused = await recordOf(`/keyed/no-${rig.engine}`)
    checkShape(refused)
    assert.deepEqual([refused.response.status, refused.source, refused.tries], [401, 'kong', []])
    assert.equal('consumer' in refused || 'authenticated_entity' in refused, false)
    await rig.ask(get(`/keyed/yes-${rig.engine}`, ['apikey: s3cret']))
    const passed = await recordOf(`/keyed/yes-${rig.engine}`)
    checkShape(passed)
    assert.deepEqual([passed.consumer.username, passed.consumer.custom_id], ['jo', '42'])
    assert.match(passed.authenticated_entity.id, UUID)
    assert.equal(passed.authenticated_entity.consumer_id, passed.consumer.id)
    assert.equal(passed.request.headers['x-consumer-username'], 'jo')
  })

  check('a retry over two targets', async (rig) => {
    let line: Line
    // Two in turn: one of two requests begins with the dead one.
    for (let i = 0; i < 4 && line?.tries.length !== 2; i++) {
      assert.equal((await rig.ask(get(`/twice/${rig.engine}-${i}`))).status, 200)
      line = await recordOf(`/twice/${rig.engine}-${i}`)
      checkShape(line)
    }
    assert.deepEqual([line.upstream_status, line.source], ['502, 200', 'upstream'])
    const [first, second] = line.tries
    assert.deepEqual([first.port, first.state, first.code], [deadPort, 'failed', 502])
    assert.deepEqual([second.port, 'state' in second], [rig.target.port, false])
    assert.ok(second.balancer_start >= first.balancer_start)
  })

  check('a target that is not there, and one that hangs up', async (rig) => {
    await rig.ask(get(`/dead/${rig.engine}`))
    const dead = await recordOf(`/dead/${rig.engine}`)
    checkShape(dead)
    assert.deepEqual([dead.response.status, dead.upstream_status, dead.source], [502, '502', 'kong'])
    assert.deepEqual([dead.sluice.fault, dead.sluice.blame], ['TARGET_CONNECT', 'upstream'])
    rig.target.behave = closesUnanswered
    await rig.ask(`POST /plain/cut-${rig.engine} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`, 'POST')
    const cut = await recordOf(`/plain/cut-${rig.engine}`)
    checkShape(cut)
    assert.deepEqual([cut.sluice.fault, cut.tries.at(-1).state], ['TARGET_RESET', 'failed'])
  })

  check('a client of TLS', async (rig) => {
    const uri = `/plain/tls-${rig.engine}`
    assert.equal((await askTls(tlsPort, {}, uri)).status, 200)
    const line = await recordOf(uri)
    checkShape(line)
    const { version, cipher, client_verify } = line.request.tls
    assert.deepEqual([version, client_verify], ['TLSv1.3', 'NONE'])
    assert.match(cipher, /^TLS_/)
    assert.equal(line.request.url, `https://h:${tlsPort}${uri}`)
  })

  check('a client of HTTP/2', async (rig) => {
    const uri = `/plain/h2-${rig.engine}`
    const session = http2.connect(`https://127.0.0.1:${tlsPort}`, { rejectUnauthorized: false })
    const stream = session.request({ ':path': uri, 'x-a': 'b' })
    stream.resume()
    await once(stream, 'end')
    session.destroy()
    const line = await recordOf(uri)
    checkShape(line)
    assert.equal(line.request.headers['x-a'], 'b')
    assert.equal('connection' in line.response.headers, false)
    assert.equal(line.request.url, `https://127.0.0.1:${tlsPort}${uri}`)
  })

  check('an upgrade', async (rig) => {
    const uri = `/plain/upgrade-${rig.engine}`
    rig.target.behave = (call) => {
      call.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      call.socket.end('bye')
    }
    const client = await rig.connect()
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
    const fields = ['Connection: Upgrade', 'Upgrade: websocket', key, 'Sec-WebSocket-Version: 13']
    await client.send(get(uri, fields))
    assert.equal((await client.next()).status, 101)
    client.socket.end()
    const line = await recordOf(uri)
    checkShape(line)
    assert.deepEqual([line.response.status, line.upstream_status], [101, '101'])
    assert.equal(line.response.headers.upgrade.toLowerCase(), 'websocket')
  })

  check('custom fields: templates, objects, dots, and fields that go', async (rig) => {
    const uri = `/custom/${rig.engine}?page=7`
    await rig.ask(get(uri, [utf8('X-Tenant: Zürich'), 'Cookie: c=1']))
    const line = await recordOf(uri, CUSTOM)
    assert.deepEqual(
      [line.tenant, line.labels, line['dotted.name']],
      ['Zürich', { page: '7' }, 'as it stands'],
    )
    assert.equal('service' in line || 'cookie' in line.request.headers, false)
    await rig.ask(get(`/custom/none-${rig.engine}`))
    assert.equal('tenant' in (await recordOf(`/custom/none-${rig.engine}`, CUSTOM)), false)
  })

  check('whatever a client sends, a record is one line of JSON', async (rig) => {
    await sendOddly(rig)
    const line = await recordOf(`/plain/last-${rig.engine}`)
    checkShape(line)
    for (const text of linesOf(LOG)) {
      const record = JSON.parse(text)
      assert.equal(typeof record.request.headers, 'object')
      assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe]/)
    }
    const odd = await recordOf(`/plain/agent-${rig.engine}`)
    assert.equal(odd.request.headers['user-agent'].length, 8000)
    const broken = await recordOf(`/plain/utf8-${rig.engine}`)
    const { host: _, ...sent } = broken.request.headers
    assert.deepEqual(Object.values(sent), [
      'a\ufffd\ufffd"}\\',
      'a\tb',
      '\\u0000\\n{"a":1}',
      'a\u2028\u0085b',
    ])
    const forged = await recordOf(`/plain/crlf-${rig.engine}`)
    assert.equal(forged.request.uri, `/plain/crlf-${rig.engine}%0d%0a{%22a%22:1}?q=%0A%22%00`)
    assert.deepEqual(forged.request.querystring, { q: '\n"\u0000' })
  })
})

/** A client sends a character a byte. */
function utf8(text: string): string {
  return Buffer.from(text).toString('latin1')
}

async function sendOddly(rig: Rig): Promise<void> {
  const { engine } = rig
  const ask = (text: string) => rig.ask(text).catch(() => null)
  await ask(get(`/plain/agent-${engine}`, [`User-Agent: ${'a\t"\\'.repeat(2000)}`]))
  const bad = ['a\xff\xc3"}\\', 'a\tb', '\\u0000\\n{"a":1}', utf8('a\u2028\u0085b')]
  await ask(
    get(
      `/plain/utf8-${engine}`,
      bad.map((value, i) => `X-Bad-${i}: ${value}`),
    ),
  )
  await ask(get(`/plain/crlf-${engine}%0d%0a{%22a%22:1}?q=%0A%22%00`))
  // Refused, and logged as far as they could be read. One engine does not answer them, so nobody waits for that.
  const hint = async (text: string) => (await rig.connect()).send(text)
  await hint(get(`/plain/nul-${engine}`, ['X-A: a\0b']))
  await hint(get(`/plain/bare-${engine}`, ['X-A: a\rb', 'X-B: c\nd']))
  await hint(`GET /plain/raw-${engine}\r\n{"a":1} HTTP/1.1\r\nHost: a\r\n\r\n`)
  await hint(`GET /plain/"quote\\-${engine} HTTP/1.1\r\nHost: a"b\r\n\r\n`)
  await ask(get(`/plain/last-${engine}`))
}

/** What holds for all of them: the fields there may be, and their types. */
function checkShape(line: Line): void {
  const { request, response, latencies } = line
  assert.match(request.id, /^[0-9a-f]{32}$/)
  for (const text of [request.uri, request.url, request.method, line.upstream_uri, line.upstream_status])
    assert.equal(typeof text, 'string')
  for (const count of [request.size, response.size, response.status, line.started_at])
    assert.ok(Number.isInteger(count) && count > 0, JSON.stringify(line))
  for (const ms of [latencies.kong, latencies.proxy, latencies.request, latencies.receive])
    assert.ok(Number.isInteger(ms) && ms >= -1, JSON.stringify(latencies))
  assert.deepEqual(Object.keys(latencies), ['kong', 'proxy', 'request', 'receive'])
  assert.match(line.workspace, UUID)
  assert.equal(line.workspace_name, 'default')
  assert.ok(line.source === 'upstream' || line.source === 'kong')
  for (const one of line.tries ?? [])
    for (const name of [
      'port',
      'balancer_start',
      'balancer_start_ns',
      'balancer_latency',
      'balancer_latency_ns',
    ])
      assert.equal(typeof one[name], 'number', name)
  for (const name of ['route', 'service', 'consumer']) if (name in line) assert.match(line[name].id, UUID)
}

function filed(path: string, more: object = {}): string {
  return kongYml({ plugins: [{ name: 'file-log', config: { path, ...more } }] })
}

test('a file that cannot be written, a name that is none, and Lua are refused, and the path is named', async () => {
  const dir = join(folder, 'dir')
  mkdirSync(dir)
  for (const [config, message] of [
    [
      filed(join(folder, 'no/such/file')),
      `failed to open the file ${folder}/no/such/file: its folder does not exist`,
    ],
    [filed(dir), `failed to open the file ${dir}: it is a directory`],
    [filed('/tmp/a*b'), 'not a valid filename'],
    [filed(LOG, { custom_fields_by_lua: { a: 'return 1' } }), 'use custom_fields'],
  ] as const) {
    await assert.rejects(
      openGateway({ config }).then((gateway) => gateway.stop()),
      (error: Error) => error.message.includes(message) || assert.fail(error.message),
    )
  }
})

test('the file is made with mode 0644, and a moved one is made again where `reopen` is on', async () => {
  const path = join(folder, 'moved.log')
  const gateway = await openGateway({ config: filed(path, { reopen: true }) })
  try {
    const ask = (uri: string) => fetch(`http://127.0.0.1:${gateway.port}${uri}`)
    await ask('/one')
    await recordOf('/one', path)
    assert.equal(statSync(path).mode & 0o777, 0o644)
    renameSync(path, `${path}.1`)
    await ask('/two')
    await recordOf('/two', path)
    assert.equal(linesOf(`${path}.1`).length, 1)
  } finally {
    await gateway.stop()
  }
})

test('/dev/stdout gets the lines, and a full disk disturbs nobody', async () => {
  const config = kongYml({
    plugins: [{ name: 'file-log', config: { path: '/dev/stdout' } }],
    routes: [
      { name: 'full', paths: ['/full'], plugins: [{ name: 'file-log', config: { path: '/dev/full' } }] },
    ],
  })
  const gateway = await openGateway({ config })
  try {
    for (let i = 0; i < 20; i++)
      assert.equal((await fetch(`http://127.0.0.1:${gateway.port}/full/${i}`)).status, 503)
    await fetch(`http://127.0.0.1:${gateway.port}/out`)
    await until('the line on stdout', () => gateway.log.some((line) => line.includes('"uri":"/out"')))
    await until('the full disk is told', () => gateway.log.some((line) => line.includes('ENOSPC')))
    assert.equal(gateway.log.filter((line) => line.includes('ENOSPC')).length, 1)
  } finally {
    await gateway.stop()
  }
})
