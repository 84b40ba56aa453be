/** What an HTTP probe makes of servers that are slow, endless, wrong or gone. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { networkInterfaces } from 'node:os'
import { type TestContext, test } from 'node:test'
import { type HttpProbeOptions, makeHttpProbe } from './http-probe.ts'
import type { ProbeResult } from './probe.ts'

const OPTIONS: HttpProbeOptions = {
  isTls: false,
  path: '/health?deep=1',
  limitMs: 10_000,
  hostHeader: null,
  headers: {},
  sni: null,
  verify: true,
  trusted: [],
  certificate: null,
}

interface Server {
  readonly heads: string[]
  readonly sockets: net.Socket[]
  ask(options?: Partial<HttpProbeOptions>, host?: string): Promise<ProbeResult>
}

/** `answer`: what is written once a head is there; null: nothing. */
async function serve(
  t: TestContext,
  answer: (socket: net.Socket) => void,
  ip = '127.0.0.1',
): Promise<Server> {
  const heads: string[] = []
  const sockets: net.Socket[] = []
  const server = net.createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      heads.push(bytes.toString('latin1'))
      answer(socket)
    })
  })
  server.listen(0, ip)
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const ask = (options: Partial<HttpProbeOptions> = {}, host = ip) =>
    makeHttpProbe({ ...OPTIONS, ...options })({ address: { ip, port }, host })
  return { heads, sockets, ask }
}

function says(text: string): (socket: net.Socket) => void {
  return (socket) => socket.write(text)
}

test('the status is the answer, whatever becomes of the body', async (t) => {
  const whole = await serve(t, says('HTTP/1.1 204 No Content\r\n\r\n'))
  assert.deepEqual(await whole.ask(), { kind: 'answered', status: 204 })
  const short = await serve(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234'))
  assert.deepEqual(await short.ask(), { kind: 'answered', status: 200 })
  const late = await serve(t, says('HTTP/1.1 503 Oh\r\nContent-Length: 9\r\n\r\n1234'))
  assert.deepEqual(await late.ask({ limitMs: 100 }), { kind: 'answered', status: 503 })
})

test('an endless body is not read to its end', async (t) => {
  let written = 0
  const pour = (socket: net.Socket) => {
    const block = Buffer.alloc(64 * 1024)
    for (let room = true; room && !socket.destroyed; written += block.length) room = socket.write(block)
    if (!socket.destroyed) socket.once('drain', () => pour(socket))
  }
  const endless = await serve(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${2 ** 40}\r\n\r\n`)
    pour(socket)
  })
  assert.deepEqual(await endless.ask(), { kind: 'answered', status: 200 })
  await closed(endless.sockets[0]!)
  assert.ok(written < 32 * 1024 ** 2, `${written} bytes`)
})

test('no answer in time is a timeout, and the connection is not left open', async (t) => {
  const silent = await serve(t, () => {})
  assert.deepEqual(await silent.ask({ limitMs: 100 }), { kind: 'timeout' })
  await closed(silent.sockets[0]!)
})

test('a hang-up, a refusal and what is no HTTP are failures that say why', async (t) => {
  const rude = await serve(t, (socket) => socket.end())
  const wrong = await serve(t, says('220 mail.test ESMTP\r\n'))
  const refused = makeHttpProbe(OPTIONS)({ address: { ip: '127.0.0.1', port: 1 }, host: '127.0.0.1' })
  for (const result of await Promise.all([rude.ask(), wrong.ask(), refused])) {
    assert.equal(result.kind, 'failed')
    assert.ok(result.kind === 'failed' && result.why.length > 0)
  }
  assert.match(JSON.stringify(await refused), /ECONNREFUSED/)
})

test('headers that the configuration names win over our own, but for those that frame the message', async (t) => {
  const server = await serve(t, says('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
  const headers = { 'User-Agent': ['mine/1'], 'Content-Length': ['7'], Upgrade: ['h2c'], 'X-A': ['1', '2'] }
  await server.ask({ headers }, 'shop.test')
  await server.ask({ headers: { Host: ['own.test'] }, hostHeader: 'other.test' })
  const lines = server.heads[0]!.trimEnd().toLowerCase().split('\r\n')
  assert.equal(lines[0], 'get /health?deep=1 http/1.1')
  assert.match(lines.find((line) => line.startsWith('host:'))!, /^host: shop\.test:\d+$/)
  assert.deepEqual(lines.filter((line) => /^(user-agent|content-length|upgrade|x-a)/.test(line)).sort(), [
    'user-agent: mine/1',
    'x-a: 1',
    'x-a: 2',
  ])
  assert.match(server.heads[1]!, /^host: own\.test\r$/im)
  assert.doesNotMatch(server.heads[1]!, /other\.test/)
})

test('an IPv6 address is asked, and named in brackets', {
  skip: hasIpv6() ? false : 'no ::1 here',
}, async (t) => {
  const server = await serve(t, says('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), '::1')
  assert.deepEqual(await server.ask(), { kind: 'answered', status: 200 })
  assert.match(server.heads[0]!, /^host: \[::1\]:\d+\r$/im)
})

/** However it ends. */
function closed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve()
    else socket.once('close', () => resolve())
  })
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
}
