/** The access log of the real gateway: what a line says of each way a request can end, in the formats there are. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { closesUnanswered, neverAnswers, reply, sends } from '../kit/behaviours.ts'
import { ENGINES } from '../kit/each-engine.ts'
import { type Engine, engineMissing, type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { ask, connect, get } from '../kit/raw-client.ts'
import { openTarget, type TestTarget } from '../kit/test-target.ts'

const LONG = { timeout: 60_000 }
const LINE_MS = 15_000

type Line = Readonly<Record<string, unknown>>

for (const engine of ENGINES) {
  const skip = engineMissing(engine)
  describe(`access log as JSON (${engine})`, { ...LONG, ...(skip === '' ? {} : { skip }) }, () =>
    jsonCases(engine),
  )
}

function jsonCases(engine: Engine): void {
  let target: TestTarget
  let gateway: Gateway
  before(async () => {
    target = await openTarget(sends(reply('ok')))
    const env = { SLUICE_PROXY_ACCESS_LOG: 'access.log json' }
    gateway = await openGateway({ engine, config: config(target.port), env })
  })
  after(async () => {
    await gateway?.stop()
    await target?.close()
  })
  const door = () => ({ port: gateway.port })
  const lineFor = (uri: string) => readLine(gateway, (line) => line['uri'] === uri)

  it('an answer: route, target and times that add up', async () => {
    await ask(door(), get('/target/a?b=1', 'User-Agent: say "hi"'))
    const line = await lineFor('/target/a?b=1')
    assert.deepEqual(
      ['status', 'fault', 'route', 'service', 'target', 'tries', 'user_agent'].map((name) => line[name]),
      [200, null, 'target', 'target', `127.0.0.1:${target.port}`, 1, 'say "hi"'],
    )
    const parts = ['gateway_ms', 'wait_ms', 'connect_ms', 'response_ms', 'receive_ms'].map((name) =>
      Number(line[name]),
    )
    const sum = parts.reduce((a, b) => a + b)
    assert.ok(parts.every((part) => part >= 0))
    // Each part is rounded down.
    assert.ok(
      sum <= Number(line['total_ms']) && Number(line['total_ms']) - sum <= parts.length,
      JSON.stringify(line),
    )
  })

  it('no route', async () => {
    await ask(door(), get('/nowhere'))
    const line = await lineFor('/nowhere')
    assert.deepEqual(
      [line['status'], line['fault'], line['blame'], line['route']],
      [404, 'ROUTE_NOT_FOUND', 'client', null],
    )
  })

  it('a target that refuses connections: which one, and how often it was tried', async () => {
    await ask(door(), get('/down'))
    const line = await lineFor('/down')
    assert.deepEqual(
      [line['status'], line['fault'], line['blame'], line['tries']],
      [502, 'TARGET_CONNECT', 'upstream', 3],
    )
    assert.equal(line['detail'], 'target 127.0.0.1:1: ECONNREFUSED')
    assert.equal(line['response_ms'], null)
  })

  it('a target that is silent: which time-out, and how long', async () => {
    target.behave = neverAnswers
    await ask(door(), get('/silent'))
    const line = await lineFor('/silent')
    assert.deepEqual([line['status'], line['fault']], [504, 'TARGET_READ_TIMEOUT'])
    assert.match(
      String(line['detail']),
      /^target 127\.0\.0\.1:\d+: silent for the read_timeout of 200 ms, \d+ ms after the request was sent/,
    )
  })

  it('a target that hangs up', async () => {
    target.behave = closesUnanswered
    await ask(door(), get('/target/hangs'))
    const line = await lineFor('/target/hangs')
    assert.deepEqual([line['status'], line['fault']], [502, 'TARGET_RESET'])
    assert.match(
      String(line['detail']),
      /closed the connection.* \d+ ms after the request was sent, without an answer$/,
    )
    target.behave = sends(reply('ok'))
  })

  it('refusals by plugins: which plugin, and why', async () => {
    await ask(door(), get('/locked'))
    const locked = await lineFor('/locked')
    assert.deepEqual([locked['status'], locked['fault']], [401, 'UNAUTHORIZED'])
    assert.equal(locked['detail'], 'key-auth: No API key found in request')
    await ask(door(), get('/limited'))
    await ask(door(), get('/limited?second'))
    const limited = await lineFor('/limited?second')
    assert.deepEqual([limited['status'], limited['fault']], [429, 'LIMIT_EXCEEDED'])
    assert.match(String(limited['detail']), /minute|hour/)
    await ask(door(), get('/closed'))
    assert.equal((await lineFor('/closed'))['detail'], 'request-termination')
  })

  it('errors that plugins answer in a form of their own', async () => {
    const plain = await ask(door(), get('/tokens'))
    const token = await lineFor('/tokens')
    assert.deepEqual([plain.text, token['fault']], ['{"message":"Unauthorized"}', 'UNAUTHORIZED'])
    assert.equal(token['detail'], 'jwt: Unauthorized')
    const away = await ask(door(), get('/strict'))
    const strict = await lineFor('/strict')
    assert.equal(away.text, '{"message":"An unexpected error occurred"}')
    assert.deepEqual(
      [strict['status'], strict['fault'], strict['blame'], strict['detail']],
      [500, 'LIMITER_UNAVAILABLE', 'gateway', 'rate-limiting: Redis did not answer'],
    )
  })

  it('a client that goes while its target is asked', async () => {
    target.behave = neverAnswers
    target.forget()
    const client = await connect(door())
    await client.send(get('/target/gone'))
    await target.arrived()
    client.reset()
    const line = await lineFor('/target/gone')
    assert.deepEqual([line['status'], line['fault']], [499, 'CLIENT_GONE'])
    assert.match(
      String(line['detail']),
      /^while target 127\.0\.0\.1:\d+ was asked, \d+ ms after the request was sent/,
    )
    target.behave = sends(reply('ok'))
  })

  // uWebSockets.js answers what it cannot read by itself, and nobody hears of it.
  const unread = engine === 'uws' ? 'the engine answers what it cannot read by itself' : false
  it('what could not be read', { skip: unread }, async () => {
    await ask(door(), 'GET / HTTP/1.1\r\nHost : a\r\n\r\n')
    const line = await readLine(gateway, ({ status }) => status === 400)
    assert.deepEqual([line['fault'], line['target']], ['REQUEST_MALFORMED', null])
    assert.equal(line['detail'], 'field name: 0x20 may not stand there, byte 20 of the head (field 1)')
  })
}

it('a refusal of a gRPC call is 200 and has its grpc-status in the line', LONG, async (t) => {
  const env = {
    SLUICE_PROXY_ACCESS_LOG: 'access.log',
    SLUICE_PROXY_ACCESS_LOG_FORMAT: '$status $grpc_status %RESPONSE_FLAGS% $fault',
  }
  const gateway = await openGateway({ config: config(1), env, listen: '127.0.0.1:PORT http2' })
  t.after(() => gateway.stop())
  const session = http2.connect(`http://127.0.0.1:${gateway.port}`)
  t.after(() => session.destroy())
  const stream = session.request({
    ':method': 'POST',
    ':path': '/none.Service/Call',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  stream.end()
  stream.resume()
  await new Promise((resolve) => stream.on('close', resolve))
  const [line] = await readLines(gateway, 1)
  assert.equal(line, '200 5 NR ROUTE_NOT_FOUND')
})

it(
  'a wait for a free connection is told apart from the target’s own time, and a tunnel lives in receive',
  LONG,
  async (t) => {
    const target = await openTarget(sends(reply('ok')))
    t.after(() => target.close())
    const env = { SLUICE_PROXY_ACCESS_LOG: 'access.log json', SLUICE_UPSTREAM_CONNECTIONS_MAX: '1' }
    const gateway = await openGateway({ config: config(target.port), env })
    t.after(() => gateway.stop())
    const release = await holdFirst(target)
    const first = ask({ port: gateway.port }, get('/target/first'))
    await target.arrived()
    const second = ask({ port: gateway.port }, get('/target/second'))
    await queued(gateway)
    release()
    await Promise.all([first, second])
    const waited = await readLine(gateway, ({ uri }) => uri === '/target/second')
    assert.ok(Number(waited['wait_ms']) > 0 && waited['connect_ms'] === 0, JSON.stringify(waited))
    const ahead = await readLine(gateway, ({ uri }) => uri === '/target/first')
    assert.ok(ahead['wait_ms'] === 0 && Number(ahead['response_ms']) > 0, JSON.stringify(ahead))

    target.behave = async (call) => {
      call.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello')
      call.socket.end()
      await call.reader.rest()
    }
    const client = await connect({ port: gateway.port })
    await client.send(
      get('/target/tunnel', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'),
    )
    assert.match(await client.half().closed(), /^HTTP\/1\.1 101 [\s\S]*hello$/)
    const tunnel = await readLine(gateway, ({ uri }) => uri === '/target/tunnel')
    assert.deepEqual([tunnel['status'], tunnel['fault'], typeof tunnel['receive_ms']], [101, null, 'number'])
  },
)

/** The first request is answered when the function that comes back is called, all others at once. */
async function holdFirst(target: TestTarget): Promise<() => void> {
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  target.behave = async (call) => {
    await call.body()
    if (call.request.target.endsWith('first')) await held
    call.send(reply('ok'))
  }
  return () => release()
}

async function queued(gateway: Gateway): Promise<void> {
  const until = performance.now() + LINE_MS
  for (;;) {
    const { text } = await ask({ port: gateway.statusPort }, get('/metrics'))
    if (/^sluice_upstream_queued [1-9]/m.test(text)) return
    assert.ok(performance.now() < until, 'nobody waits for a connection')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Bounded: the line comes when the log's thread has written it. */
async function readLine(gateway: Gateway, isIt: (line: Line) => boolean): Promise<Line> {
  const until = performance.now() + LINE_MS
  for (;;) {
    const lines = linesOf(gateway).map((line): Line => JSON.parse(line))
    const found = lines.find(isIt)
    if (found !== undefined) return found
    assert.ok(performance.now() < until, `no such line among\n${linesOf(gateway).join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function readLines(gateway: Gateway, count: number): Promise<string[]> {
  const until = performance.now() + LINE_MS
  while (linesOf(gateway).length < count) {
    assert.ok(performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return linesOf(gateway)
}

/** Whole ones. */
function linesOf(gateway: Gateway): string[] {
  let text = ''
  try {
    text = readFileSync(join(gateway.folder, 'access.log'), 'utf8')
  } catch {
    // Not there yet.
  }
  return text.split('\n').slice(0, -1)
}

/** Nobody listens there. */
const STRICT = { hour: 1, policy: 'redis', redis: { host: '127.0.0.1', port: 1 }, fault_tolerant: false }

function config(port: number): string {
  const service = (name: string, fields: object, plugins: object[] = []) => ({
    name,
    host: '127.0.0.1',
    port,
    protocol: 'http',
    retries: 0,
    ...fields,
    routes: [{ name, paths: [`/${name}`], plugins }],
  })
  return kongYml({
    services: [
      service('target', {}),
      service('down', { port: 1, retries: 2 }),
      service('silent', { read_timeout: 200 }),
      service('locked', {}, [{ name: 'key-auth' }]),
      service('limited', {}, [{ name: 'rate-limiting', config: { hour: 1, policy: 'local' } }]),
      service('tokens', {}, [{ name: 'jwt' }]),
      service('strict', {}, [{ name: 'rate-limiting', config: STRICT }]),
      service('closed', {}, [{ name: 'request-termination', config: { status_code: 503 } }]),
    ],
  })
}
