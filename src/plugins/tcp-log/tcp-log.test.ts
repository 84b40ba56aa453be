/** What tcp-log takes and sends, and what becomes of lines when connections fail. */
import assert from 'node:assert/strict'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import tls from 'node:tls'
import { makeAuthority, makeLeaf } from '../../../test/kit/certificates.ts'
import { until } from '../../../test/kit/command.ts'
import { freePort } from '../../../test/kit/ports.ts'
import { buildLog, complaints, openSink, SinkRig } from '../../../test/kit/sink-rig.ts'
import type { StreamSocketSettings } from '../../shipping/stream-socket.ts'
import { shipTcp } from './ship-tcp.ts'
import tcpLog from './tcp-log.ts'

test('configurations are refused in the words of Kong', () => {
  assert.deepEqual(complaints(tcpLog, {}), ['host: required field missing', 'port: required field missing'])
  const wrong = (config: object) => complaints(tcpLog, { host: 'logs', port: 1, ...config })
  assert.deepEqual(wrong({ host: 'a b' }), ['host: invalid value: a b'])
  assert.deepEqual(wrong({ host: 'a:80' }), ['host: must not have a port'])
  assert.deepEqual(wrong({ host: '::1' }), [])
  assert.deepEqual(wrong({ port: 70_000 }), ['port: value should be between 0 and 65535'])
  assert.match(wrong({ custom_fields_by_lua: { a: 'return 1' } }).join(), /custom_fields/)
})

test("Kong's defaults, and TLS", () => {
  const plain = { host: 'logs', port: 5000, timeoutMs: 10_000, keepaliveMs: 60_000, tls: null }
  assert.deepEqual(buildLog(tcpLog, { host: 'logs', port: 5000 }).settings, plain)
  const secure = { host: 'logs', port: 5000, tls: true, tls_sni: 'x', ssl_verify: true }
  const { settings } = buildLog(tcpLog, secure)
  assert.deepEqual(settings, { ...plain, tls: { serverName: 'x', verifies: true } })
})

test('each record is a line of JSON, in order, on one connection that is kept', async (t) => {
  const receiver = await Receiver.open(t)
  const rig = openTo(t, receiver.port)
  rig.write(100)
  await rig.settled(100)
  rig.write(50)
  await until('all lines are here', () => receiver.lines.length === 150)
  assert.deepEqual(
    receiver.uris.slice(0, 100),
    [...Array(100).keys()].map((i) => `/${i}`),
  )
  assert.deepEqual([receiver.connections, rig.lost], [1, {}])
})

test('a connection that nobody uses is closed, and the next record opens one', async (t) => {
  const receiver = await Receiver.open(t)
  const rig = openTo(t, receiver.port, { keepalive: 30 })
  rig.write(1)
  await until('it is closed', () => receiver.connections === 1 && receiver.open === 0)
  rig.write(1)
  await until('the second is here', () => receiver.lines.length === 2)
  assert.deepEqual([receiver.connections, rig.lines], [2, []])
})

test('a receiver that comes up later gets all that waited', async (t) => {
  const port = await freePort()
  const rig = openTo(t, port)
  rig.write(300)
  await until('it has been tried', () => rig.lines.length > 0)
  assert.match(rig.lines[0]!, /^warn tcp-log 127\.0\.0\.1:\d+: cannot be sent: .*ECONNREFUSED/)
  const receiver = await Receiver.open(t, port)
  await until('all lines are here', () => receiver.lines.length === 300)
  await rig.settled(300)
  assert.deepEqual(
    receiver.uris,
    [...Array(300).keys()].map((i) => `/${i}`),
  )
  assert.deepEqual(rig.lost, {})
})

test('what a reset tears is sent again whole on a new connection, and each connection holds whole lines', async (t) => {
  const receiver = await Receiver.open(t)
  const rig = openTo(t, receiver.port, { timeout: 2000 })
  // More than the kernel takes: the reset comes in the middle of a line.
  receiver.behave = (socket) => {
    socket.pause()
    setTimeout(() => socket.resetAndDestroy(), 50)
  }
  rig.write(60, { uri: `/${'x'.repeat(200_000)}` })
  await until('a connection was reset', () => receiver.connections > 0 && receiver.open === 0)
  receiver.behave = (socket) => socket.resume()
  await rig.settled(60)
  await until('the last line is here', () => receiver.lines.length > 0 && receiver.rest === '')
  for (const line of receiver.lines) JSON.parse(line)
  assert.deepEqual(rig.lost, {})
})

test('a receiver that never reads is given up in its time, and what waits stays within its bounds', async (t) => {
  const receiver = await Receiver.open(t)
  receiver.behave = (socket) => socket.pause()
  const rig = openTo(t, receiver.port, { timeout: 100 })
  const big = { uri: `/${'x'.repeat(100_000)}` }
  rig.write(1)
  await until('there is a connection', () => receiver.connections === 1)
  rig.write(300, big)
  await until('it was given up', () => rig.lines.length > 0)
  assert.match(rig.lines[0]!, /did not take it within 100 ms/)
  rig.write(2000, big)
  assert.ok(rig.lost['queue full']! > 1000)
  assert.ok(rig.sink.waiting * 100_000 <= 64 * 1024 * 1024)
})

test('over TLS the receiver is told its name, and is checked only where that is asked for', async (t) => {
  const authority = await makeAuthority('Logs CA')
  const leaf = await makeLeaf(authority, { names: ['logs.test'] })
  const receiver = await Receiver.open(t, 0, leaf)
  const config = { host: '127.0.0.1', port: receiver.port, tls: true, tls_sni: 'logs.test' }
  const lax = openSink(t, tcpLog, shipTcp, config)
  lax.write(1)
  await until('the line is here', () => receiver.lines.length === 1)
  assert.equal(receiver.serverName, 'logs.test')

  const strict = openSink(t, tcpLog, shipTcp, { ...config, ssl_verify: true })
  strict.write(1)
  await until('it was refused', () => strict.lines.length > 0)
  assert.match(strict.lines[0]!, /certificate/)

  // The plugin makes what its sink takes.
  const settings = buildLog(tcpLog, { ...config, ssl_verify: true }).settings as StreamSocketSettings
  const trusting = new SinkRig((tools) => shipTcp(settings, tools), [authority.cert])
  t.after(() => trusting.sink.close(100))
  trusting.write(1)
  await trusting.settled(1)
  await until('the line is here', () => receiver.lines.length === 2)
})

function openTo(t: TestContext, port: number, config: object = {}): SinkRig {
  return openSink(t, tcpLog, shipTcp, { host: '127.0.0.1', port, ...config })
}

class Receiver {
  readonly lines: string[] = []
  connections = 0
  open = 0
  /** Behind the last newline, of the last connection. */
  rest = ''
  serverName = ''
  behave: (socket: net.Socket) => void = () => {}
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()

  constructor(pem: { cert: string; key: string } | null) {
    const take = (socket: net.Socket) => this.#take(socket)
    this.#server = pem === null ? net.createServer(take) : tls.createServer(pem, take)
  }

  static async open(
    t: TestContext,
    port = 0,
    pem: { cert: string; key: string } | null = null,
  ): Promise<Receiver> {
    const receiver = new Receiver(pem)
    await new Promise<void>((resolve) => receiver.#server.listen(port, '127.0.0.1', resolve))
    t.after(() => {
      for (const socket of receiver.#sockets) socket.destroy()
      receiver.#server.close()
    })
    return receiver
  }

  get port(): number {
    // It listens on a port.
    return (this.#server.address() as net.AddressInfo).port
  }

  get uris(): string[] {
    return this.lines.map((line) => JSON.parse(line).request.uri)
  }

  #take(socket: net.Socket): void {
    this.connections++
    this.open++
    this.#sockets.add(socket)
    this.rest = ''
    if (socket instanceof tls.TLSSocket) this.serverName = String(socket.servername)
    socket.on('error', () => {})
    socket.on('close', () => this.open--)
    socket.setEncoding('utf8').on('data', (text: string) => {
      const pieces = (this.rest + text).split('\n')
      this.rest = pieces.pop() ?? ''
      this.lines.push(...pieces)
    })
    this.behave(socket)
  }
}
