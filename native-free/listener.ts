/**
 * listener — the engine without native code: sockets of node:net, HTTP/1.1 by our own codec.
 *
 * Every accepted socket is re-made over its handle so that it reads into one static buffer of the worker: 5.2 µs a
 * request where 'data' events took 6.6 to 7.7 (a fixed answer, no proxying).
 */
import net from 'node:net'
import type { Clock } from '../src/base/clock.ts'
import type { Timed } from '../src/base/deadlines.ts'
import { faults, GatewayError } from '../src/base/faults.ts'
import type { Turn } from '../src/base/turn.ts'
import type {
  ExchangePool,
  FlowEvents,
  ListenAddress,
  Listener,
  ListenerLimits,
} from '../src/contract/listener.ts'
import type { ListenerTools } from '../src/contract/listener-tools.ts'
import { WriteRequests } from '../src/socket/socket-writer.ts'
import { readStreamBinding } from '../src/socket/stream-binding.ts'
import { Connection } from './http1/connection.ts'
import type { ListenerSide, Served } from './listener-side.ts'
import { peerOf } from './peer.ts'
import { readPreamble } from './proxy-protocol.ts'

export class NativeFreeListener implements Listener, ListenerSide {
  readonly events: FlowEvents
  readonly exchanges: ExchangePool
  readonly limits: ListenerLimits
  readonly clock: Clock
  readonly turn: Turn
  readonly writes: WriteRequests
  readonly #tools: ListenerTools
  readonly #servers: net.Server[]
  readonly #open: Set<Served>
  /** Accepted, but their PROXY preamble has not come yet. */
  readonly #waiting: Set<net.Socket>
  #draining: boolean
  #drained: (() => void) | null
  #accepted: number

  constructor(tools: ListenerTools) {
    this.#tools = tools
    this.events = tools.events
    this.exchanges = tools.exchanges
    this.limits = tools.limits
    this.clock = tools.clock
    this.turn = tools.turn
    this.writes = new WriteRequests(readStreamBinding())
    this.#servers = []
    this.#open = new Set()
    this.#waiting = new Set()
    this.#draining = false
    this.#drained = null
    this.#accepted = 0
  }

  get draining(): boolean {
    return this.#draining
  }

  get connections(): number {
    return this.#open.size
  }

  secure(): void {}

  async listen(addresses: readonly ListenAddress[]): Promise<void> {
    await Promise.all(addresses.map((address) => this.#listenOne(address)))
  }

  #listenOne(address: ListenAddress): Promise<void> {
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
    server.on('connection', (socket) => this.#accept(socket, address))
    this.#servers.push(server)
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(address, error)))
      server.listen(listenOptions(address), () => {
        server.removeAllListeners('error')
        // Accepting can fail for want of descriptors; the next one may succeed, and the counters tell.
        server.on('error', () => this.#tools.onCount('refused'))
        resolve()
      })
    })
  }

  #accept(accepted: net.Socket, address: ListenAddress): void {
    if (this.#open.size + this.#waiting.size >= this.limits.connectionsMax) {
      this.#tools.onCount('refused')
      return void accepted.destroy()
    }
    if (address.proxyProtocol) this.#readPreamble(accepted)
    else this.#serve(accepted, '', null)
  }

  #readPreamble(socket: net.Socket): void {
    let seen: Buffer = Buffer.alloc(0)
    const timer = setTimeout(() => socket.destroy(), this.limits.headerTimeoutMs)
    this.#waiting.add(socket)
    const stop = (): void => {
      clearTimeout(timer)
      this.#waiting.delete(socket)
      socket.removeAllListeners('data')
    }
    socket.on('error', () => stop())
    socket.on('close', () => stop())
    socket.on('end', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
      const found = readPreamble(seen)
      if (found === 'more') return
      stop()
      socket.removeAllListeners()
      if (found === 'bad') return void socket.destroy()
      socket.pause()
      this.#serve(socket, found.address, seen.subarray(found.length))
    })
    socket.resume()
  }

  #serve(accepted: net.Socket, proxiedAddress: string, first: Buffer | null): void {
    const buffer = this.#tools.readBuffer
    const peer = peerOf(accepted, ++this.#accepted, proxiedAddress)
    let connection: Served | null = null
    const socket = adopt(accepted, {
      buffer,
      callback: (count) => connection?.onRead(count, buffer) ?? false,
    })
    connection = new Connection(this, socket, peer)
    this.#open.add(connection)
    this.#tools.deadlines.add(connection)
    this.#tools.onCount('accepted')
    const served = connection
    socket.on('end', () => served.onEnd())
    socket.on('error', () => served.onGone(faults.CLIENT_GONE))
    socket.on('close', () => served.onGone(faults.CLIENT_GONE))
    if (first !== null && first.length > 0) served.take(first, 0, first.length)
  }

  closed(connection: Timed): void {
    this.#tools.deadlines.remove(connection)
    this.#open.delete(connection as Served) // only our connections know this listener
    this.#tools.onCount('closed')
    if (this.#open.size === 0 && this.#drained !== null) this.#drained()
  }

  drain(): Promise<void> {
    this.#draining = true
    for (const server of this.#servers) server.close()
    for (const socket of this.#waiting) socket.destroy()
    for (const connection of this.#open) connection.drain()
    if (this.#open.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#drained = resolve
    })
  }

  close(): void {
    this.#draining = true
    for (const server of this.#servers) server.close()
    for (const socket of this.#waiting) socket.destroy()
    for (const connection of this.#open) connection.destroy()
  }
}

/** The same connection as a socket that reads into a given buffer: only the constructor takes that option. */
function adopt(accepted: net.Socket, onread: net.OnReadOpts): net.Socket {
  // Node offers no public way to move a handle.
  const owner = accepted as unknown as { _handle: object | null }
  const handle = owner._handle
  owner._handle = null
  return new net.Socket({
    handle,
    onread,
    allowHalfOpen: true,
    readable: true,
    writable: true,
  } as net.SocketConstructorOpts)
}

function listenOptions(address: ListenAddress): net.ListenOptions {
  // The types leave fd out.
  if (address.fd >= 0) return { fd: address.fd, backlog: address.backlog } as net.ListenOptions
  if (address.path !== '') return { path: address.path, backlog: address.backlog }
  const shared = address.reuseport ? { reusePort: true } : {}
  return { host: address.host, port: address.port, backlog: address.backlog, ...shared } as net.ListenOptions
}

function listenError(address: ListenAddress, error: NodeJS.ErrnoException): GatewayError {
  const where = address.path === '' ? `${address.host}:${address.port}` : address.path
  if (error.code === 'EACCES') return new GatewayError(faults.PORT_FORBIDDEN, where, error)
  return new GatewayError(faults.PORT_IN_USE, `${where}: ${error.message}`, error)
}
