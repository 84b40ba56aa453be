/** What http-log takes and sends, and what happens to records when the receiver does not. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  answers,
  closesUnanswered,
  freezes,
  neverAnswers,
  resetsUnanswered,
} from '../../../test/kit/behaviours.ts'
import { makeAuthority, makeLeaf } from '../../../test/kit/certificates.ts'
import { until } from '../../../test/kit/command.ts'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { freePort } from '../../../test/kit/ports.ts'
import { buildLog, complaints, openSink, SinkRig } from '../../../test/kit/sink-rig.ts'
import { openTarget, type TestTarget } from '../../../test/kit/test-target.ts'
import { openTlsTarget } from '../../../test/kit/tls-target.ts'
import { validate } from '../../config/validate.ts'
import httpLog from './http-log.ts'
import { type ShipHttpSettings, shipHttp } from './ship-http.ts'

const ENDPOINT = 'http://logs.example.com/in'

test('configurations are refused in the words of Kong', () => {
  const wrong = (config: object) => complaints(httpLog, { http_endpoint: ENDPOINT, ...config })
  assert.deepEqual(complaints(httpLog, {}), ['http_endpoint: required field missing'])
  assert.deepEqual(wrong({ http_endpoint: 'logs.example.com' }), ['http_endpoint: missing scheme in url'])
  assert.deepEqual(wrong({ http_endpoint: 'http:///in' }), ['http_endpoint: missing host in url'])
  assert.deepEqual(wrong({ http_endpoint: 'ftp://a' }), ['http_endpoint: expected an http or https url'])
  assert.deepEqual(wrong({ method: 'GET' }), ['method: expected one of: POST, PUT, PATCH'])
  assert.equal(wrong({ content_type: 'text/plain' }).length, 1)
  for (const name of ['Host', 'content-length', 'Content-Type'])
    assert.match(
      wrong({ headers: { [name]: 'x' } }).join(),
      /cannot contain '(Host|Content-Length|Content-Type)' header$/,
    )
  assert.match(wrong({ headers: { 'a b': 'x' } }).join(), /bad header name 'a b'/)
  assert.match(wrong({ headers: { a: 'x\r\nb: y' } }).join(), /control characters/)
  assert.match(
    wrong({ http_endpoint: 'http://u:p@a/', headers: { AUTHORIZATION: 'x' } }).join(),
    /specifying both an 'Authorization' header and user info in 'http_endpoint' is not allowed/,
  )
  assert.match(wrong({ custom_fields_by_lua: { a: 'return 1' } }).join(), /custom_fields/)
  assert.match(
    wrong({ queue: { max_batch_size: 0 } }).join(),
    /^queue\.max_batch_size: value should be between 1 and 1000000$/,
  )
  assert.match(wrong({ queue: { initial_retry_delay: 0 } }).join(), /^queue\.initial_retry_delay: /)
  assert.match(wrong({ queue: { concurrency_limit: 2 } }).join(), /^queue\.concurrency_limit: /)
})

test("Kong's defaults", () => {
  const { name, settings } = buildLog(httpLog, { http_endpoint: ENDPOINT })
  assert.equal(name, 'ship-http')
  assert.deepEqual(settings, {
    place: 'http://logs.example.com',
    post: {
      url: ENDPOINT,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      connectTimeoutMs: 10_000,
      sendTimeoutMs: 10_000,
      readTimeoutMs: 10_000,
      keepaliveMs: 60_000,
      connections: 1,
      verifiesTls: false,
    },
    queue: {
      maxBatchSize: 1,
      maxCoalescingDelayMs: 1000,
      maxEntries: 10_000,
      maxBytes: null,
      maxRetryTimeMs: 60_000,
      initialRetryDelayMs: 10,
      maxRetryDelayMs: 60_000,
      concurrency: 1,
    },
  })
})

test('older fields count where they are not at their old defaults, and the log says what to write instead', () => {
  const older = { retry_count: 3, queue_size: 50, flush_timeout: 5 }
  const { settings, lines } = buildLog(httpLog, { http_endpoint: ENDPOINT, ...older })
  assert.match(JSON.stringify(settings), /"maxBatchSize":50,"maxCoalescingDelayMs":5000/)
  assert.equal(lines.length, 3)
  assert.match(lines[0]!, /^warn .*retry_count no longer works/)
  const usual = { retry_count: 10, queue_size: 1, flush_timeout: 2, queue: { max_batch_size: 7 } }
  const kept = buildLog(httpLog, { http_endpoint: ENDPOINT, ...usual })
  assert.match(JSON.stringify(kept.settings), /"maxBatchSize":7,"maxCoalescingDelayMs":1000/)
  assert.deepEqual(kept.lines, [])
  const other = buildLog(httpLog, { http_endpoint: ENDPOINT, ...older }, { workerId: 1 })
  assert.deepEqual(other.lines, [], 'one worker says it')
})

test('what a vault has given is looked at too', () => {
  // As the plugin gets it, past its schema, which has seen the reference.
  const { build } = httpLog
  const given = (own: object) => {
    const { value } = validate(httpLog.schema, { http_endpoint: ENDPOINT })
    const config = { ...(value as object), ...own } as Parameters<typeof build>[0]
    const scope = { id: 'p', instanceName: null, routeId: null, serviceId: null, consumerId: null }
    return () => build(config, makeHost(), scope)
  }
  assert.throws(given({ headers: { 'X-Key': 'secret\n' } }), /^Error: headers\.X-Key: .*control characters$/)
  assert.throws(given({ http_endpoint: 'secret' }), /^Error: http_endpoint: missing scheme in url$/)
  assert.doesNotThrow(given({}))
})

test('over TLS the receiver is checked only where that is asked for, by those the gateway trusts', async (t) => {
  const authority = await makeAuthority('Logs CA')
  const target = await openTlsTarget(t, await makeLeaf(authority, { names: ['localhost'] }))
  const config = { http_endpoint: `https://localhost:${target.port}/`, queue: { max_retry_time: -1 } }
  const lax = openSink(t, httpLog, shipHttp, config)
  lax.write(1)
  await lax.settled(1)
  assert.equal(lax.delivered, 1)
  const strict = openSink(t, httpLog, shipHttp, { ...config, ssl_verify: true })
  strict.write(1)
  await strict.settled(1)
  assert.deepEqual(strict.lost, { 'retries over': 1 })
  assert.match(strict.lines[0]!, /certificate/)
  // The plugin makes what its sink takes.
  const settings = buildLog(httpLog, { ...config, ssl_verify: true }).settings as ShipHttpSettings
  const trusting = new SinkRig((tools) => shipHttp(settings, tools), [authority.cert])
  t.after(() => trusting.sink.close(100))
  trusting.write(1)
  await trusting.settled(1)
  assert.equal(trusting.delivered, 1)
})

test('a record is the body of one request, with the fields, the method and the user that are configured', async (t) => {
  const { rig, target } = await open(t, {
    path: '/in?key=1',
    user: 'me%zz:p%40ss@',
    method: 'PUT',
    content_type: 'application/json; charset=utf-8',
    headers: { 'X-Api-Key': 'k' },
  })
  rig.write(2)
  await rig.settled(2)
  assert.deepEqual([rig.delivered, target.connections], [2, 1])
  assert.deepEqual(
    target.requests.map((request) => JSON.parse(request.text).request.uri),
    ['/0', '/1'],
  )
  const { last } = target
  assert.equal(last.firstLine, 'PUT /in?key=1 HTTP/1.1')
  assert.equal(last.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(last.get('x-api-key'), 'k')
  assert.equal(last.get('host'), `127.0.0.1:${target.port}`)
  assert.equal(last.get('authorization'), `Basic ${Buffer.from('me%zz:p@ss').toString('base64')}`)
})

test('records of a batch are one array, each of them once and in order', async (t) => {
  const { rig, target } = await open(t, { queue: { max_batch_size: 200, max_coalescing_delay: 0.05 } })
  rig.write(450)
  await rig.settled(450)
  const batches = target.requests.map((request) => JSON.parse(request.text) as { request: { uri: string } }[])
  assert.deepEqual(
    batches.map((batch) => batch.length),
    [200, 200, 50],
  )
  assert.deepEqual(
    batches.flat().map((each) => each.request.uri),
    [...Array(450).keys()].map((i) => `/${i}`),
  )
})

test('a receiver that comes up later gets all that waited', async (t) => {
  const port = await freePort()
  const rig = openSink(t, httpLog, shipHttp, {
    http_endpoint: `http://me:secret@127.0.0.1:${port}/token`,
    queue: { max_batch_size: 100, max_coalescing_delay: 0, max_retry_delay: 0.1 },
  })
  rig.write(500)
  await until('it has been tried', () => rig.lines.length > 0)
  assert.match(rig.lines[0]!, /^warn http-log http:\/\/127\.0\.0\.1:\d+: cannot be sent: .*ECONNREFUSED/)
  assert.equal(rig.sink.waiting, 500)
  const target = await openTarget(answers('ok'), port)
  t.after(() => target.close())
  await rig.settled(500)
  assert.deepEqual([rig.delivered, rig.lost], [500, {}])
  assert.match(rig.lines.at(-1)!, /^info .*records are sent again/)
  assert.doesNotMatch(rig.lines.join('\n'), /secret|token/)
})

test('what a receiver answers 300 and above is lost when its time is over, and said once', async (t) => {
  for (const status of ['500 Internal Server Error', '302 Found', '401 Unauthorized']) {
    const { rig, target } = await open(t, { queue: { max_retry_time: 0.05, max_retry_delay: 0.02 } })
    target.behave = answers('no', ['Location: http://127.0.0.1:1/'], status)
    rig.write(3)
    await rig.settled(3)
    assert.deepEqual([rig.delivered, rig.lost], [0, { 'retries over': 3 }])
    const errors = rig.lines.filter((line) => line.startsWith('error'))
    assert.equal(errors.length, 1)
    assert.match(
      errors[0]!,
      new RegExp(`1 record lost, retries over: http://127\\.0\\.0\\.1:\\d+ answered ${status.slice(0, 3)}$`),
    )
  }
})

test('a receiver that resets, hangs up, never answers or never reads costs no record that it takes later', async (t) => {
  for (const behave of [resetsUnanswered, closesUnanswered, neverAnswers, freezes]) {
    const { rig, target } = await open(t, {
      timeout: 100,
      queue: { max_batch_size: 50, max_coalescing_delay: 0, max_retry_delay: 0.05 },
    })
    target.behave = behave
    rig.write(120)
    await until('two tries have failed', () => target.calls.length >= 2)
    target.behave = answers('ok')
    await rig.settled(120)
    assert.deepEqual([rig.delivered, rig.lost], [120, {}])
    assert.ok(rig.lines.filter((line) => line.startsWith('warn')).length <= 1, 'one line a minute')
  }
})

test('a slow receiver and a full queue: the oldest are lost, and what waits stays within its bounds', async (t) => {
  const { rig, target } = await open(t, {
    queue: { max_batch_size: 10, max_coalescing_delay: 0, max_entries: 100 },
  })
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  target.behave = async (call) => {
    await held
    await answers('ok')(call)
  }
  rig.write(1)
  await until('the first is under way', () => target.calls.length === 1)
  for (let i = 0; i < 50; i++) rig.write(100)
  assert.equal(rig.sink.waiting, 101)
  assert.deepEqual(rig.lost, { 'queue full': 4900 })
  release()
  await rig.settled(5001)
  assert.equal(rig.delivered, 101)
  assert.equal(rig.lines.filter((line) => line.startsWith('error')).length, 1)
})

test('an answer of any length is read and thrown away', async (t) => {
  const { rig, target } = await open(t, {})
  target.behave = answers('x'.repeat(300_000))
  rig.write(3)
  await rig.settled(3)
  assert.deepEqual([rig.delivered, rig.lost], [3, {}])
})

test('close delivers what waits, and what nobody takes is counted when its time is over', async (t) => {
  const { rig, target } = await open(t, { queue: { max_batch_size: 100, max_coalescing_delay: 60 } })
  rig.write(5)
  await rig.sink.close(5000)
  assert.deepEqual([rig.delivered, rig.lost, target.calls.length], [5, {}, 1])
  const slow = await open(t, {})
  slow.target.behave = neverAnswers
  slow.rig.write(5)
  await slow.rig.sink.close(50)
  assert.deepEqual([slow.rig.delivered, slow.rig.lost], [0, { closed: 5 }])
})

interface Wanted {
  readonly path?: string
  readonly user?: string
  readonly [field: string]: unknown
}

async function open(
  t: TestContext,
  { path = '/', user = '', ...config }: Wanted,
): Promise<{ rig: SinkRig; target: TestTarget }> {
  const target = await openTarget(answers('ok'))
  t.after(() => target.close())
  const http_endpoint = `http://${user}127.0.0.1:${target.port}${path}`
  return { target, rig: openSink(t, httpLog, shipHttp, { http_endpoint, ...config }) }
}
