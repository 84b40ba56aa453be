/** A client that sends exactly the bytes it is given, in the pieces it is given, and shows exactly what comes back. */
import net from 'node:net'
import { ByteReader } from './byte-reader.ts'
import { type Message, readHead, readResponseBody } from './message.ts'

export type Door = { readonly port: number; readonly host?: string } | { readonly path: string }
export type Bytes = string | Uint8Array

export class RawClient {
  readonly socket: net.Socket
  readonly reader: ByteReader

  constructor(socket: net.Socket) {
    this.socket = socket
    this.reader = new ByteReader(socket)
  }

  /** Sends each piece in a write of its own, with turns of the loop between them. */
  async send(...pieces: readonly Bytes[]): Promise<this> {
    for (const piece of pieces) {
      this.socket.write(toBytes(piece))
      if (pieces.length > 1) await turns(3)
    }
    return this
  }

  /** The next head and body, 1xx included. Throws when the connection closes without one. */
  async next(method = 'GET'): Promise<Message> {
    const message = await readHead(this.reader)
    if (message === null) {
      const left = (await this.reader.rest()).toString('latin1')
      throw new Error(`closed without an answer ${this.reader.failure} ${JSON.stringify(left.slice(0, 200))}`)
    }
    await readResponseBody(this.reader, message, method)
    return message
  }

  /** The next final answer; 1xx are passed over. */
  async answer(method = 'GET'): Promise<Message> {
    for (;;) {
      const message = await this.next(method)
      if (message.status >= 200) return message
    }
  }

  /** What is left until the gateway closes, as text: '' says that it closed and sent nothing more. */
  async closed(): Promise<string> {
    return (await this.reader.rest()).toString('latin1')
  }

  /** Closes our side only. */
  half(): this {
    this.socket.end()
    return this
  }

  reset(): void {
    this.socket.resetAndDestroy()
  }

  destroy(): void {
    this.socket.destroy()
  }
}

export function connect(door: Door): Promise<RawClient> {
  return new Promise((resolve, reject) => {
    const options = 'path' in door ? door : { port: door.port, host: door.host ?? '127.0.0.1' }
    const socket = net.connect({ ...options, allowHalfOpen: true, noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(new RawClient(socket))
    })
  })
}

/** One request on a connection of its own. */
export async function ask(door: Door, request: Bytes, method = 'GET'): Promise<Message> {
  const client = await connect(door)
  try {
    await client.send(request)
    return await client.answer(method)
  } finally {
    client.destroy()
  }
}

/** A plain GET with a Host and these extra lines. */
export function get(path: string, ...lines: readonly string[]): string {
  return `${[`GET ${path} HTTP/1.1`, 'Host: gateway.test', ...lines].join('\r\n')}\r\n\r\n`
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

export function toBytes(piece: Bytes): Uint8Array {
  return typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece
}
