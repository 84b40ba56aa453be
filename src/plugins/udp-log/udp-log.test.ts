/** What udp-log takes and sends, and what it counts as lost. */
import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { until } from '../../../test/kit/command.ts'
import { buildLog, complaints, openSink } from '../../../test/kit/sink-rig.ts'
import { shipUdp } from './ship-udp.ts'
import udpLog from './udp-log.ts'

test('configurations are refused in the words of Kong', () => {
  assert.deepEqual(complaints(udpLog, {}), ['host: required field missing', 'port: required field missing'])
  const wrong = (config: object) => complaints(udpLog, { host: 'logs', port: 1, ...config })
  assert.deepEqual(wrong({ host: '-' }), ['host: invalid value: -'])
  assert.deepEqual(wrong({ port: -1 }), ['port: value should be between 0 and 65535'])
  assert.match(wrong({ custom_fields_by_lua: { a: 'return 1' } }).join(), /custom_fields/)
})

test("Kong's defaults", () => {
  const { settings } = buildLog(udpLog, { host: 'logs', port: 5000 })
  assert.deepEqual(settings, { host: 'logs', port: 5000, timeoutMs: 10_000 })
})

test('each record is a datagram of JSON without a newline, over both families', async (t) => {
  for (const [type, host] of [
    ['udp4', '127.0.0.1'],
    ['udp4', 'localhost'],
    ['udp6', '::1'],
  ] as const) {
    const receiver = await openReceiver(t, type, host)
    if (receiver === null) continue
    const rig = openSink(t, udpLog, shipUdp, { host, port: receiver.port })
    rig.write(3)
    await rig.settled(3)
    await until('they are here', () => receiver.messages.length === 3)
    const uris = receiver.messages.map((text) => JSON.parse(text).request.uri)
    assert.deepEqual(uris, ['/0', '/1', '/2'])
    assert.ok(receiver.messages.every((text) => !text.endsWith('\n')))
    assert.deepEqual([rig.delivered, rig.lost], [3, {}])
  }
})

test('a record that does not fit into a datagram is lost and counted, and the others go out', async (t) => {
  const receiver = await openReceiver(t, 'udp4', '127.0.0.1')
  const rig = openSink(t, udpLog, shipUdp, { host: '127.0.0.1', port: receiver!.port })
  rig.write(2, { uri: `/${'x'.repeat(70_000)}` })
  rig.write(1)
  await until('it is here', () => receiver!.messages.length === 1)
  assert.deepEqual([rig.delivered, rig.lost], [1, { 'too large': 2 }])
  assert.deepEqual(rig.lines.length, 1)
  assert.match(rig.lines[0]!, /^error udp-log .*too large.*bytes do not fit into a datagram/)
})

test('nobody listening there is no error: nobody says so over UDP', async (t) => {
  const receiver = await openReceiver(t, 'udp4', '127.0.0.1')
  const { port } = receiver!
  receiver!.socket.close()
  const rig = openSink(t, udpLog, shipUdp, { host: '127.0.0.1', port })
  rig.write(20)
  await rig.settled(20)
  assert.deepEqual(rig.lost, {})
})

test('a name that cannot be found costs what waited for it, counted and said once', async (t) => {
  const rig = openSink(t, udpLog, shipUdp, { host: 'no.such.name.invalid', port: 1 })
  rig.write(5)
  assert.equal(rig.sink.waiting, 5)
  await rig.settled(5)
  assert.deepEqual([rig.delivered, rig.lost], [0, { 'no address': 5 }])
  assert.equal(rig.lines.length, 1)
})

test('what waits for the system is bounded', async (t) => {
  const rig = openSink(t, udpLog, shipUdp, { host: 'localhost', port: 9 })
  rig.write(3000)
  assert.deepEqual([rig.sink.waiting, rig.lost], [1000, { 'queue full': 2000 }])
  await rig.settled(3000)
  assert.equal(rig.delivered, 1000)
})

test('close waits for what is on its way', async (t) => {
  const receiver = await openReceiver(t, 'udp4', '127.0.0.1')
  const rig = openSink(t, udpLog, shipUdp, { host: '127.0.0.1', port: receiver!.port })
  rig.write(10)
  await rig.sink.close(5000)
  assert.deepEqual([rig.delivered, rig.sink.waiting], [10, 0])
  rig.write(1)
  assert.deepEqual(rig.lost, { closed: 1 })
})

interface Receiver {
  readonly port: number
  readonly messages: string[]
  readonly socket: dgram.Socket
}

/** Null where the machine has no such addresses. */
async function openReceiver(t: TestContext, type: 'udp4' | 'udp6', host: string): Promise<Receiver | null> {
  const socket = dgram.createSocket(type)
  const messages: string[] = []
  socket.on('message', (bytes) => messages.push(bytes.toString()))
  const failed = once(socket, 'error').then(() => null)
  socket.bind(0, host)
  const bound = await Promise.race([once(socket, 'listening'), failed])
  if (bound === null) return null
  let isOpen = true
  socket.on('close', () => {
    isOpen = false
  })
  t.after(() => {
    if (isOpen) socket.close()
  })
  return { port: socket.address().port, messages, socket }
}
