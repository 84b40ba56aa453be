/** What a connection tells its owner. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { until } from '../../../test/kit/command.ts'
import type { OpenLoad } from '../load.ts'
import { Connection } from './connection.ts'
import { renderRequests } from './rendered-request.ts'
import type { SlotOwner } from './slot.ts'

const LOAD: OpenLoad = {
  origin: 'http://127.0.0.1',
  method: 'GET',
  paths: ['/'],
  fields: {},
  upload: 0,
  rate: 1,
  seconds: 1,
  warmUpSeconds: 0,
  connections: 1,
  timeoutMs: 1000,
}

test('each part of an answer that is read counts, and not only the last', async (t) => {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo // a TCP server's address is never a string
  const accepted = once(server, 'connection')
  let told = ''
  let reads = 0
  const owner: SlotOwner = {
    target: { ip: '127.0.0.1', port, isTls: false, serverName: '' },
    hasRead: () => {
      reads++
    },
    opened: (connection) => connection.send(0, 0),
    answered: (_connection, status) => {
      told = `answered ${status}`
    },
    failed: (_connection, reason) => {
      told = reason
    },
    ended: (_connection, reason) => {
      told = reason
    },
  }
  const connection = new Connection(owner, renderRequests(LOAD), false)
  connection.open(0)
  const [socket] = (await accepted) as [net.Socket] // what the event gives
  t.after(() => {
    connection.close()
    socket.destroy()
    server.close()
  })
  await once(socket, 'data')
  for (const [i, part] of ['HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n', 'abc', 'def'].entries()) {
    socket.write(part)
    await until(`part ${i + 1} is read`, () => reads === i + 1)
  }
  assert.equal(told, 'answered 200')
})
