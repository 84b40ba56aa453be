/** echo-load — clients that send a message and wait for it to come back, and the server that sends it back. */

import type { AddressInfo } from 'node:net'
import net from 'node:net'

export const PAYLOAD_BYTES = 64
/** Header and mask of a client's frame, and header of a server's: both as short as a payload of this size has them. */
const CLIENT_HEAD = Buffer.from([0x82, 0x80 | PAYLOAD_BYTES, 0, 0, 0, 0])
const SERVER_HEAD = Buffer.from([0x82, PAYLOAD_BYTES])
const FROM_CLIENT_BYTES = CLIENT_HEAD.length + PAYLOAD_BYTES
const FROM_SERVER_BYTES = SERVER_HEAD.length + PAYLOAD_BYTES

/** The key and its answer are RFC 6455's own example (§1.3). */
const ASK =
  'GET /echo HTTP/1.1\r\nHost: bench.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

/** Knows no other message than this one: what is measured stands between it and the clients. */
export async function openEchoServer(): Promise<{ port: number; close(): void }> {
  const message = Buffer.concat([SERVER_HEAD, Buffer.alloc(PAYLOAD_BYTES, 120)])
  const server = net.createServer({ noDelay: true }, (socket) => {
    let left = ASK.length
    let isOpen = false
    let head = ''
    socket.on('error', () => {}) // the end of a round cuts it
    socket.on('data', (chunk: Buffer) => {
      if (isOpen) {
        left -= chunk.length
        for (; left <= 0; left += FROM_CLIENT_BYTES) socket.write(message)
        return
      }
      head += chunk.toString('latin1')
      if (!head.endsWith('\r\n\r\n')) return
      isOpen = true
      left = FROM_CLIENT_BYTES
      socket.write(SWITCH)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
  return { port: (server.address() as AddressInfo).port, close: () => server.close() } // it listens on a port
}

export class EchoClients {
  /** Messages that have come back. */
  count = 0
  /** Connections that ended before they were told to. */
  lost = 0
  readonly #message = Buffer.concat([CLIENT_HEAD, Buffer.alloc(PAYLOAD_BYTES, 120)])
  readonly #sockets: net.Socket[] = []
  #isOver = false

  async open(port: number, connections: number): Promise<void> {
    for (let i = 0; i < connections; i++) await this.#connect(port)
    for (const socket of this.#sockets) socket.write(this.#message)
  }

  #connect(port: number): Promise<void> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    this.#sockets.push(socket)
    return new Promise((resolve, reject) => {
      let head = ''
      let left = -1
      socket.once('connect', () => socket.write(ASK))
      socket.once('error', reject)
      socket.once('close', () => {
        if (!this.#isOver) this.lost++
      })
      socket.on('data', (chunk: Buffer) => {
        if (left >= 0) {
          left -= chunk.length
          if (left > 0) return
          left = FROM_SERVER_BYTES
          this.count++
          socket.write(this.#message)
          return
        }
        head += chunk.toString('latin1')
        if (!head.endsWith('\r\n\r\n')) return
        if (!head.startsWith('HTTP/1.1 101 ')) return reject(new Error(head))
        left = FROM_SERVER_BYTES
        resolve()
      })
    })
  }

  close(): void {
    this.#isOver = true
    for (const socket of this.#sockets) socket.destroy()
  }
}
