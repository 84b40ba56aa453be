/** A target that records what the gateway forwards, byte for byte, and behaves as the case at hand wants it to. */
import net from 'node:net'
import { ByteReader, PATIENCE_MS } from './byte-reader.ts'
import { type Message, readHead, readRequestBody } from './message.ts'
import { type Bytes, toBytes } from './raw-client.ts'

/** One request as the target sees it. The body is read only when somebody asks for it. */
export class Call {
  readonly request: Message
  readonly socket: net.Socket
  readonly reader: ByteReader
  /** Counts the target's connections, from 1. */
  readonly connection: number
  /** Counts the requests on this connection, from 1. */
  readonly nth: number
  #body: Promise<void> | null = null

  constructor(request: Message, socket: net.Socket, reader: ByteReader, place: readonly [number, number]) {
    this.request = request
    this.socket = socket
    this.reader = reader
    this.connection = place[0]
    this.nth = place[1]
  }

  /** The whole body, read once. */
  async body(): Promise<Buffer> {
    this.#body ??= readRequestBody(this.reader, this.request)
    await this.#body
    return this.request.body
  }

  send(bytes: Bytes): void {
    if (!this.socket.destroyed) this.socket.write(toBytes(bytes))
  }
}

export type Behaviour = (call: Call) => Promise<void> | void

interface Waiting {
  readonly count: number
  readonly resolve: () => void
}

export class TestTarget {
  behave: Behaviour
  readonly calls: Call[] = []
  /** Connections open now. */
  open = 0
  /** What went wrong in the target itself. */
  readonly failures: string[] = []
  /** Connections ever. */
  connections = 0
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()
  #waiting: Waiting[] = []

  constructor(behave: Behaviour) {
    this.behave = behave
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#serve(socket).catch((error: unknown) => {
        this.failures.push(String(error))
        socket.destroy()
      })
    })
  }

  get port(): number {
    const address = this.#server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }

  get requests(): Message[] {
    return this.calls.map((call) => call.request)
  }

  /** The last request; throws when there was none. */
  get last(): Message {
    const call = this.calls.at(-1)
    if (call === undefined) throw new Error('the target was sent no request')
    return call.request
  }

  listen(port = 0, host = '127.0.0.1'): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => resolve(this))
    })
  }

  async #serve(socket: net.Socket): Promise<void> {
    const connection = ++this.connections
    this.open++
    this.#sockets.add(socket)
    socket.on('close', () => {
      this.open--
      this.#sockets.delete(socket)
    })
    const reader = new ByteReader(socket, 120_000)
    for (let nth = 1; ; nth++) {
      const request = await readHead(reader)
      if (request === null) break
      const call = new Call(request, socket, reader, [connection, nth])
      this.calls.push(call)
      this.#wake()
      await this.behave(call)
      await call.body()
    }
    socket.end()
  }

  #wake(): void {
    const ready = this.#waiting.filter((waiting) => waiting.count <= this.calls.length)
    this.#waiting = this.#waiting.filter((waiting) => waiting.count > this.calls.length)
    for (const waiting of ready) waiting.resolve()
  }

  /** The `count`th request since the last `forget`, as soon as its head is here. */
  async arrived(count = 1): Promise<Call> {
    if (this.calls.length < count)
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(
          () => reject(new Error(`request ${count} never reached the target`)),
          PATIENCE_MS,
        )
        const arrive = () => {
          clearTimeout(late)
          resolve()
        }
        this.#waiting.push({ count, resolve: arrive })
      })
    return this.calls[count - 1]!
  }

  forget(): void {
    this.calls.length = 0
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

export function openTarget(behave: Behaviour, port = 0, host = '127.0.0.1'): Promise<TestTarget> {
  return new TestTarget(behave).listen(port, host)
}
