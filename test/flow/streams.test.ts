/** Sessions of streams when something is wrong: targets that are gone, sides that stand still, reloads and stops. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { until } from '../kit/command.ts'
import { openHungPort } from '../kit/hung-port.ts'
import { type KongConfig, kongYml } from '../kit/kong-config.ts'
import { freePort } from '../kit/ports.ts'
import { connect } from '../kit/raw-client.ts'
import {
  openEcho,
  openStreams,
  PlainTarget,
  type StreamRig,
  type StreamRigOptions,
  tcpService,
} from '../kit/stream-rig.ts'

const MEGABYTE = 1024 * 1024

async function open(
  t: TestContext,
  config: KongConfig,
  more: Partial<StreamRigOptions> = {},
): Promise<StreamRig> {
  const rig = await openStreams({ ...more, config })
  t.after(() => rig.stop())
  return rig
}

async function openTarget(t: TestContext, target: Promise<PlainTarget>): Promise<PlainTarget> {
  const opened = await target
  t.after(() => opened.close().catch(() => {}))
  return opened
}

async function echoes(rig: StreamRig, text = 'hi'): Promise<boolean> {
  const client = await rig.connect()
  await client.send(text)
  const isSame = (await client.reader.take(text.length)).toString() === text
  await client.half().closed()
  return isSame
}

/** An upstream with these targets, a service of tcp in front. */
function group(ports: readonly number[], fields: object = {}, service: object = {}): KongConfig {
  const targets = ports.map((port) => ({ target: `127.0.0.1:${port}`, weight: 100 }))
  const upstream = { name: 'group.test', targets, ...fields }
  return { upstreams: [upstream], services: [{ ...tcpService(1), ...service, host: 'group.test' }] }
}

test('a target that refuses is followed by another, and the log says how many were tried', async (t) => {
  const echo = await openTarget(t, openEcho())
  const rig = await open(t, group([await freePort(), echo.port]))
  for (let i = 0; i < 4; i++) assert.ok(await echoes(rig))
  await until('all are logged', () => rig.lines().length === 4)
  assert.ok(rig.lines().some((line) => line.includes('tries: 2')))
  assert.ok(rig.lines().every((line) => line.includes('TCP 200')))
})

test('with no target left the client is let go, with 502 in the log; without any, 503', async (t) => {
  const rig = await open(t, group([await freePort()], {}, { retries: 1 }))
  const client = await rig.connect()
  assert.equal(await client.closed(), '')
  assert.match(await rig.lineWith('TCP 502'), /tries: 2 ended_by: target fault: TARGET_CONNECT$/)
  const none = await open(t, group([]))
  assert.equal(await (await none.connect()).closed(), '')
  assert.match(await none.lineWith('TCP 503'), /target: "-" ended_by: target fault: TARGET_NONE$/)
})

test('a target that never answers costs connect_timeout and no more', async (t) => {
  const hung = await openHungPort()
  t.after(() => hung.close())
  const rig = await open(t, { services: [tcpService(hung.port, { connect_timeout: 150, retries: 0 })] })
  assert.equal(await (await rig.connect()).closed(), '')
  assert.match(await rig.lineWith('TCP 504'), /fault: TARGET_CONNECT_TIMEOUT$/)
})

test('passive checks take a dead target out, and it is passed over from then on', async (t) => {
  const echo = await openTarget(t, openEcho())
  const passive = { type: 'tcp', unhealthy: { tcp_failures: 1 } }
  const rig = await open(t, group([await freePort(), echo.port], { healthchecks: { passive } }))
  for (let i = 0; i < 8; i++) assert.ok(await echoes(rig))
  await until('all are logged', () => rig.lines().length === 8)
  assert.equal(rig.lines().filter((line) => line.includes('tries: 2')).length, 1)
})

test('an idle session is ended after read_timeout, and one where bytes flow is not', async (t) => {
  const echo = await openTarget(t, openEcho())
  const rig = await open(t, { services: [tcpService(echo.port, { read_timeout: 400 })] })
  const client = await rig.connect()
  const from = performance.now()
  while (performance.now() - from < 1200) {
    await client.send('x')
    assert.equal((await client.reader.take(1)).toString(), 'x')
  }
  assert.equal(await client.closed(), '')
  assert.match(await rig.lineWith('TCP 200'), /ended_by: gateway$/)
  await until('the target is let go', () => echo.open === 0)
})

test('a target killed in the middle ends its sessions, and the next ones go elsewhere', async (t) => {
  const [one, other] = [await openTarget(t, openEcho()), await openTarget(t, openEcho())]
  const rig = await open(t, group([one.port, other.port]))
  const clients = await Promise.all([rig.connect(), rig.connect()])
  for (const client of clients) {
    await client.send('x')
    await client.reader.take(1)
  }
  assert.deepEqual([one.open, other.open], [1, 1])
  await one.kill()
  await until('its session has ended', () => rig.lines().length === 1)
  const answers: string[] = []
  for (const client of clients) {
    await client.send('y')
    answers.push((await client.reader.take(1)).toString())
  }
  assert.deepEqual(answers.sort(), ['', 'y'])
  assert.ok(await echoes(rig))
  for (const client of clients) client.destroy()
})

test('who does not read stops who sends: neither way does the gateway hold more than a little', {
  timeout: 60_000,
}, async (t) => {
  let target: import('node:net').Socket | null = null
  const deaf = await openTarget(
    t,
    new PlainTarget((socket) => {
      socket.pause()
      target = socket
    }).listen(),
  )
  const rig = await open(t, { services: [tcpService(deaf.port)] })
  const client = await rig.connect()
  client.socket.pause()
  await until('the target is connected', () => target !== null)
  const before = rig.gateway.rss
  const chunk = Buffer.alloc(MEGABYTE)
  let waiting = 0
  for (let i = 0; i < 256; i++) {
    waiting = Number(!client.socket.write(chunk)) + Number(!target!.write(chunk))
  }
  assert.equal(waiting, 2)
  await standsStill(() => client.socket.bytesWritten - client.socket.writableLength)
  assert.ok(rig.gateway.rss - before < 64 * MEGABYTE, `${(rig.gateway.rss - before) / MEGABYTE} MiB more`)
  assert.ok(client.socket.writableLength > 200 * MEGABYTE)
  let read = 0
  target!.on('data', (part: Buffer) => {
    read += part.length
  })
  target!.resume()
  client.socket.resume()
  await until('all has come', () => read === 256 * MEGABYTE)
  client.destroy()
  target!.destroy()
})

/** Waits until a figure has not changed over twenty looks. */
async function standsStill(figure: () => number): Promise<void> {
  let last = figure()
  let same = 0
  await until('it stands still', () => {
    same = figure() === last ? same + 1 : 0
    last = figure()
    return same === 20
  })
}

test('max_connections of an upstream refuses the session that is too much', async (t) => {
  const echo = await openTarget(t, openEcho())
  const rig = await open(t, group([echo.port], { circuit_breaker: { max_connections: 1 } }))
  const first = await rig.connect()
  await first.send('x')
  await first.reader.take(1)
  assert.equal(await (await rig.connect()).closed(), '')
  assert.match(await rig.lineWith('TCP 503'), /fault: UPSTREAM_OVERFLOW$/)
  await first.half().closed()
  await until('it is over', () => echo.open === 0)
  assert.ok(await echoes(rig))
})

test('sessions are shared out by connections under way where the upstream says so', async (t) => {
  const targets = [await openTarget(t, openEcho()), await openTarget(t, openEcho())]
  const rig = await open(
    t,
    group(
      targets.map((each) => each.port),
      { algorithm: 'least-connections' },
    ),
  )
  const clients = []
  for (let i = 0; i < 6; i++) {
    const client = await rig.connect()
    await client.send('x')
    await client.reader.take(1)
    clients.push(client)
  }
  assert.deepEqual(
    targets.map((each) => each.open),
    [3, 3],
  )
  for (const client of clients) client.destroy()
})

test('a reload leaves sessions alone, and new ones go by the new configuration', async (t) => {
  const [old, fresh] = [await openTarget(t, openEcho()), await openTarget(t, openEcho())]
  const rig = await open(t, { services: [tcpService(old.port)] })
  const client = await rig.connect()
  await client.send('x')
  await client.reader.take(1)
  writeFileSync(rig.gateway.configFile, kongYml({ services: [tcpService(fresh.port)] }))
  rig.gateway.signal('SIGHUP')
  await until('new ones go elsewhere', async () => (await echoes(rig)) && fresh.connections > 0)
  await client.send('still here')
  assert.equal((await client.reader.take(10)).toString(), 'still here')
  await client.half().closed()
  await until('the old target is let go', () => old.open === 0)
})

test('a stop lets sessions end, cuts them within DRAIN_MS, and logs those too', async (t) => {
  const echo = await openTarget(t, openEcho())
  const rig = await open(t, { services: [tcpService(echo.port)] }, { env: { SLUICE_DRAIN_MS: '3000' } })
  const clients = await Promise.all([rig.connect(), rig.connect()])
  for (const client of clients) {
    await client.send('abc')
    await client.reader.take(3)
  }
  const logged = once(rig.gateway.child, 'exit').then(() =>
    rig.lines().filter((line) => !line.includes(' TCP 200 0 0 ')),
  )
  rig.gateway.signal('SIGTERM')
  await until('it accepts no more', async () => {
    const extra = await connect({ port: rig.port }).catch(() => null)
    extra?.destroy()
    return extra === null
  })
  await clients[0]!.send('more')
  assert.equal((await clients[0]!.reader.take(4)).toString(), 'more')
  await clients[0]!.half().closed()
  assert.equal(await clients[1]!.closed(), '')
  assert.equal(await rig.gateway.exited(), 0)
  assert.deepEqual(
    (await logged).map((line) => /TCP \d+ \d+ \d+/.exec(line)?.[0]),
    ['TCP 200 7 7', 'TCP 200 3 3'],
  )
})

test('behind a trusted proxy the client is whom its preamble names; another one is itself', async (t) => {
  const echo = await openTarget(t, openEcho())
  const named = { name: 'named', protocols: ['tcp'], sources: [{ ip: '203.0.113.0/24', port: 1000 }] }
  const services = [
    { ...tcpService(echo.port, {}, { name: 'anybody' }) },
    { ...tcpService(echo.port), name: 'b', routes: [named] },
  ]
  for (const [trusted, route] of [
    ['127.0.0.1', 'named'],
    ['192.0.2.1', 'anybody'],
  ] as const) {
    const rig = await open(t, { services }, { flags: 'proxy_protocol', env: { SLUICE_TRUSTED_IPS: trusted } })
    const client = await rig.connect()
    await client.send('PROXY TCP4 203.0.113.7 192.', '0.2.1 1000 80\r\nhel', 'lo')
    assert.equal((await client.reader.take(5)).toString(), 'hello')
    await client.half().closed()
    const address = route === 'named' ? '203.0.113.7' : '127.0.0.1'
    assert.ok((await rig.lineWith(`route: "${route}"`)).startsWith(`${address} [`))
    const without = await rig.connect()
    await without.send('hello, no proxy here')
    assert.equal(await without.closed(), '')
  }
})

test('a plugin that serves streams may refuse a connection, and one that does not may not be bound to it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-plugins-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'doorman'))
  const text = `export default {
    name: 'doorman', summary: 'Refuses.', priority: 1, protocols: ['http', 'tcp'],
    schema: { type: 'record', fields: { refuses: { type: 'string' } } },
    build: (config) => ({ onStream: (facts) => (facts.clientAddress === config.refuses ? 1 : 0) }) }`
  writeFileSync(join(folder, 'doorman', 'doorman.mjs'), text)
  const echo = await openTarget(t, openEcho())
  const config = (refuses: string) => ({
    services: [tcpService(echo.port, { plugins: [{ name: 'doorman', config: { refuses } }] })],
  })
  const env = { SLUICE_PLUGINS_DIR: folder }
  const shut = await open(t, config('127.0.0.1'), { env })
  assert.equal(await (await shut.connect()).closed(), '')
  assert.match(await shut.lineWith('TCP 403'), /fault: FORBIDDEN$/)
  assert.equal(echo.connections, 0)
  assert.ok(await echoes(await open(t, config('192.0.2.1'), { env })))
  const route = { plugins: [{ name: 'key-auth' }] }
  await assert.rejects(
    open(t, { services: [tcpService(echo.port, {}, route)] }),
    /must match the associated route's protocols/,
  )
  const asked = { plugins: [{ name: 'key-auth', protocols: ['tcp'] }] }
  await assert.rejects(
    open(t, { services: [tcpService(echo.port, {}, asked)] }),
    /expected one of: grpc, grpcs, http, https/,
  )
})

test('two workers listen on one stream address', async (t) => {
  const echo = await openTarget(t, openEcho())
  const rig = await open(t, { services: [tcpService(echo.port)] }, { env: { SLUICE_WORKERS: '2' } })
  const all = await Promise.all(Array.from({ length: 20 }, () => echoes(rig)))
  assert.ok(all.every((isSame) => isSame))
})

test('udp is refused by its name', async (t) => {
  const env = { SLUICE_STREAM_LISTEN: '127.0.0.1:9000 udp' }
  await assert.rejects(
    open(t, {}, { env }),
    /STREAM_LISTEN.*'udp' in '127\.0\.0\.1:9000 udp': streams of UDP are not served/,
  )
})
