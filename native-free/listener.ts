/**
 * listener — the engine without native code: sockets of node:net, HTTP/1.1 by our own codec, TLS by Node's OpenSSL.
 *
 *     accepted ──▶ PROXY preamble? ──▶ handshake? ──▶ a connection that is served
 *
 * Every accepted socket is re-made over its handle so that it reads into one static buffer of the worker: 5.2 µs a
 * request where 'data' events took 6.6 to 7.7 (a fixed answer, no proxying).
 */
import type net from 'node:net'
import type { Clock } from '../src/base/clock.ts'
import type { Timed } from '../src/base/deadlines.ts'
import { faults } from '../src/base/faults.ts'
import type { Turn } from '../src/base/turn.ts'
import type {
  ExchangePool,
  FlowEvents,
  ListenAddress,
  Listener,
  ListenerLimits,
} from '../src/contract/listener.ts'
import type { ListenerTools } from '../src/contract/listener-tools.ts'
import type { ServerTls } from '../src/contract/tls.ts'
import { listenOn } from '../src/socket/listen-on.ts'
import { WriteRequests } from '../src/socket/socket-writer.ts'
import { readStreamBinding } from '../src/socket/stream-binding.ts'
import { Connection } from './http1/connection.ts'
import { Http2Connection } from './http2/http2-connection.ts'
import { UnknownProtocol } from './http2/preface.ts'
import type { ListenerSide, Served } from './listener-side.ts'
import { type Peer, peerOf } from './peer.ts'
import { readPreamble } from './proxy-protocol.ts'
import { buildContexts, type TlsContexts } from './tls/contexts.ts'
import { Handshake, type HandshakeOwner, protocolsOf, type Shaken } from './tls/handshake.ts'
import { type ReadInto, socketOver, TlsSocket } from './tls/tls-handle.ts'

export class NativeFreeListener implements Listener, ListenerSide, HandshakeOwner {
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
  readonly #shaking: Set<Handshake>
  #contexts: TlsContexts | null
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
    this.#shaking = new Set()
    this.#contexts = null
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

  secure(tls: ServerTls): void {
    this.#contexts = buildContexts(tls, this.#contexts)
  }

  async listen(addresses: readonly ListenAddress[]): Promise<void> {
    await Promise.all(addresses.map((address) => this.#listenOne(address)))
  }

  #listenOne(address: ListenAddress): Promise<void> {
    const accept = (socket: net.Socket) => this.#accept(socket, address)
    const { server, ready } = listenOn(address, accept, () => this.#tools.onCount('refused'))
    this.#servers.push(server)
    return ready
  }

  #accept(accepted: net.Socket, address: ListenAddress): void {
    const held = this.#open.size + this.#waiting.size + this.#shaking.size
    if (held + this.#tools.others() >= this.limits.connectionsMax) {
      this.#tools.onCount('refused')
      return void accepted.destroy()
    }
    if (address.proxyProtocol) this.#readPreamble(accepted, address)
    else this.#begin(accepted, address, '', null)
  }

  #readPreamble(socket: net.Socket, address: ListenAddress): void {
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
      this.#begin(socket, address, found.address, seen.subarray(found.length))
    })
    socket.resume()
  }

  #begin(accepted: net.Socket, address: ListenAddress, proxiedAddress: string, first: Buffer | null): void {
    if (address.ssl) return this.#shake(accepted, address, proxiedAddress, first)
    const peer = peerOf(accepted, ++this.#accepted, proxiedAddress)
    const handle = handleOf(accepted)
    const served = this.#serve(peer, (onread) => socketOver(handle, onread), address.http2)
    if (first !== null && first.length > 0) served.take(first, 0, first.length)
  }

  #shake(accepted: net.Socket, address: ListenAddress, proxiedAddress: string, first: Buffer | null): void {
    const contexts = this.#contexts
    // Whoever listens with TLS has been given certificates before.
    if (contexts === null) return void accepted.destroy()
    const protocols = protocolsOf(address.http2)
    const deadlineMs = this.clock.now() + this.limits.headerTimeoutMs
    const handshake = new Handshake(this, accepted, { contexts, protocols, deadlineMs, proxiedAddress })
    this.#shaking.add(handshake)
    this.#tools.deadlines.add(handshake)
    if (first !== null && first.length > 0) handshake.take(first)
  }

  onShaken(handshake: Handshake, { handle, sni, tls, isHttp2, isResumed }: Shaken): void {
    this.#forget(handshake)
    this.#tools.onHandshake(tls.protocol, isResumed)
    const plain = peerOf(handshake.accepted, ++this.#accepted, handshake.proxiedAddress)
    const peer: Peer = { ...plain, scheme: 'https', sni, tls, isHttp2 }
    const served = this.#serve(peer, (onread) => new TlsSocket(handle, onread))
    if (this.#draining) served.drain()
  }

  onUnshaken(handshake: Handshake, why: string): void {
    this.#forget(handshake)
    this.#tools.onHandshakeFailed(why)
    this.#whenEmpty()
  }

  #forget(handshake: Handshake): void {
    this.#shaking.delete(handshake)
    this.#tools.deadlines.remove(handshake)
  }

  /** `isEither`: the first bytes are to tell whether it is HTTP/2. */
  #serve(peer: Peer, open: (onread: ReadInto) => net.Socket, isEither = false): Served {
    const buffer = this.#tools.readBuffer
    let connection: Served | null = null
    const socket = open({
      buffer,
      callback: (count) => connection?.onRead(count, buffer) ?? false,
    })
    const become = (next: Served): void => {
      if (connection !== null) {
        this.#open.delete(connection)
        this.#tools.deadlines.remove(connection)
      }
      connection = next
      this.#open.add(next)
      this.#tools.deadlines.add(next)
    }
    const Known = peer.isHttp2 ? Http2Connection : Connection
    const served = isEither ? new UnknownProtocol(this, socket, peer, become) : new Known(this, socket, peer)
    become(served)
    this.#tools.onCount('accepted')
    socket.on('end', () => connection?.onEnd())
    socket.on('error', () => connection?.onGone(faults.CLIENT_GONE))
    socket.on('close', () => connection?.onGone(faults.CLIENT_GONE))
    return served
  }

  closed(connection: Timed): void {
    this.#tools.deadlines.remove(connection)
    this.#open.delete(connection as Served) // only our connections know this listener
    this.#tools.onCount('closed')
    this.#whenEmpty()
  }

  #whenEmpty(): void {
    if (this.#open.size + this.#shaking.size === 0 && this.#drained !== null) this.#drained()
  }

  drain(): Promise<void> {
    this.#draining = true
    for (const server of this.#servers) server.close()
    for (const socket of this.#waiting) socket.destroy()
    for (const connection of this.#open) connection.drain()
    // A handshake under way may end, and its request is answered.
    if (this.#open.size + this.#shaking.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#drained = resolve
    })
  }

  close(): void {
    this.#draining = true
    for (const server of this.#servers) server.close()
    for (const socket of this.#waiting) socket.destroy()
    for (const handshake of this.#shaking) handshake.destroy()
    // Told, so that what is cut has its line in the logs.
    for (const connection of this.#open) connection.onGone(faults.GATEWAY_STOPPED)
  }
}

/** Takes the handle out of a socket: Node offers no public way to move it. */
function handleOf(accepted: net.Socket): object | null {
  const owner = accepted as unknown as { _handle: object | null }
  const handle = owner._handle
  owner._handle = null
  return handle
}
