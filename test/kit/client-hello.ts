/** client-hello — ClientHellos for tests: made by hand, part by part, or by OpenSSL. */
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'

export interface HelloParts {
  readonly serverName?: string
  /** Besides server_name: type and body. */
  readonly extensions?: readonly (readonly [type: number, body: Uint8Array])[]
  readonly sessionId?: Uint8Array
  readonly suites?: number
  /** No extensions at all, as before TLS 1.0 had them. */
  readonly isBare?: boolean
}

/** The handshake message, without records. */
export function helloMessage(parts: HelloParts = {}): Buffer {
  const { serverName, extensions = [], sessionId = new Uint8Array(0), suites = 2, isBare = false } = parts
  const all = [...extensions]
  if (serverName !== undefined) all.push([0, serverNameBody(serverName)])
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(1, sessionId),
    vector(2, Buffer.alloc(suites * 2, 0x13)),
    vector(1, Buffer.from([0])),
    isBare ? Buffer.alloc(0) : vector(2, Buffer.concat(all.map(([type, bytes]) => extension(type, bytes)))),
  ])
  return Buffer.concat([Buffer.from([1]), vector(3, body)])
}

export function serverNameBody(name: string): Buffer {
  return vector(2, Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(name, 'latin1'))]))
}

function extension(type: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, body)])
}

/** A length of `width` bytes, and what it is of. */
export function vector(width: number, body: Uint8Array): Buffer {
  const length = Buffer.alloc(width)
  length.writeUIntBE(body.length, 0, width)
  return Buffer.concat([length, body])
}

/** The message in records of `size` bytes. */
export function inRecords(message: Uint8Array, size = 16_384): Buffer {
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += size)
    records.push(Buffer.concat([Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + size))]))
  return Buffer.concat(records)
}

/** What Node's OpenSSL says first. */
export async function realHello(options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const client = tls.connect({ ...options, host: '127.0.0.1', port })
  client.on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [net.Socket]
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  server.close()
  return bytes
}
