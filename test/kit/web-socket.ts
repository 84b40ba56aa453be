/** web-socket — WebSocket clients and servers for tests: those of the package ws, on ports of their own. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import WebSocket, { type ClientOptions, type ServerOptions, WebSocketServer } from 'ws'
import { PATIENCE_MS } from './byte-reader.ts'

export interface Received {
  readonly data: Buffer
  readonly isBinary: boolean
}

export interface Closed {
  readonly code: number
  readonly reason: string
}

/** One end of a connection, with all that has come kept in order. */
export class Peer {
  readonly socket: WebSocket
  readonly pings: string[] = []
  readonly pongs: string[] = []
  readonly errors: string[] = []
  #received: Received[] = []
  #closed: Closed | null = null
  #wake: (() => void) | null = null

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer, isBinary) => this.#keep({ data, isBinary }))
    socket.on('ping', (data) => this.#note(this.pings, data.toString()))
    socket.on('pong', (data) => this.#note(this.pongs, data.toString()))
    socket.on('error', (error) => this.#note(this.errors, error.message))
    socket.on('close', (code, reason) => {
      this.#closed = { code, reason: reason.toString() }
      this.#wake?.()
    })
  }

  #keep(message: Received): void {
    this.#received.push(message)
    this.#wake?.()
  }

  #note(list: string[], text: string): void {
    list.push(text)
    this.#wake?.()
  }

  /** How many messages have come that nobody has asked for. */
  get waiting(): number {
    return this.#received.length
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    const limit = performance.now() + PATIENCE_MS
    while (!isSo()) {
      const leftMs = limit - performance.now()
      if (leftMs <= 0) throw new Error(`waited in vain for ${what}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  async next(): Promise<Received> {
    await this.#until('a message', () => this.#received.length > 0 || this.#closed !== null)
    const message = this.#received.shift()
    if (message === undefined) throw new Error(`closed with ${this.#closed?.code} before a message came`)
    return message
  }

  async text(): Promise<string> {
    return (await this.next()).data.toString()
  }

  async ping(): Promise<string> {
    await this.#until('a ping', () => this.pings.length > 0)
    return this.pings.shift()!
  }

  async pong(): Promise<string> {
    await this.#until('a pong', () => this.pongs.length > 0)
    return this.pongs.shift()!
  }

  async closed(): Promise<Closed> {
    await this.#until('the close', () => this.#closed !== null)
    return this.#closed!
  }
}

/** The answer to an upgrade that was refused. */
export class Refused extends Error {
  readonly status: number
  readonly fields: NodeJS.Dict<string | string[]>
  readonly body: string

  constructor(status: number, fields: NodeJS.Dict<string | string[]>, body: string) {
    super(`answered ${status}`)
    this.status = status
    this.fields = fields
    this.body = body
  }
}

export interface Opened extends Peer {
  /** Of the 101. */
  readonly fields: NodeJS.Dict<string | string[]>
}

export interface OpenOptions extends ClientOptions {
  readonly path?: string
  readonly protocols?: string[]
  readonly scheme?: 'ws' | 'wss'
}

/** Resolves once it is open; rejects with Refused when the answer is another. */
export async function openWebSocket(port: number, options: OpenOptions = {}): Promise<Opened> {
  const { path = '/', protocols = [], scheme = 'ws', ...rest } = options
  const socket = new WebSocket(`${scheme}://127.0.0.1:${port}${path}`, protocols, {
    perMessageDeflate: false,
    handshakeTimeout: PATIENCE_MS,
    ...rest,
  })
  const peer = new Peer(socket)
  return await new Promise<Opened>((resolve, reject) => {
    let fields: NodeJS.Dict<string | string[]> = {}
    socket.once('upgrade', (answer) => {
      fields = answer.headers
    })
    socket.once('unexpected-response', (_request, answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      answer.on('end', () => reject(new Refused(answer.statusCode ?? 0, answer.headers, body)))
    })
    socket.once('open', () => resolve(Object.assign(peer, { fields })))
    socket.once('error', reject)
  })
}

type Answer = (request: IncomingMessage, socket: Duplex) => void

/** An HTTP server that takes upgrades, or answers them as a test wants. Plain requests get 'plain'. */
export class WebSocketTarget {
  readonly http: Server
  /** In the order they came. */
  readonly peers: Peer[] = []
  readonly requests: IncomingMessage[] = []
  /** What each connection does. */
  onPeer: (peer: Peer) => void = echo
  /** In place of taking an upgrade. */
  onUpgrade: Answer | null = null
  readonly #sockets = new Set<Duplex>()
  #waiting: (() => void)[] = []

  constructor(options: ServerOptions) {
    const taker = new WebSocketServer({ noServer: true, maxPayload: 0, ...options })
    this.http = createServer((request, response) => {
      this.requests.push(request)
      response.end('plain')
    })
    this.http.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => {}) // the other side may well cut it
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.http.on('upgrade', (request, socket, head) => {
      this.requests.push(request)
      if (this.onUpgrade !== null) this.onUpgrade(request, socket)
      else taker.handleUpgrade(request, socket, head, (webSocket) => this.#meet(webSocket))
      for (const wake of this.#waiting.splice(0)) wake()
    })
  }

  #meet(webSocket: WebSocket): void {
    const peer = new Peer(webSocket)
    this.peers.push(peer)
    this.onPeer(peer)
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port // it listens on a port
  }

  /** Connections open now. */
  get open(): number {
    return this.#sockets.size
  }

  /** The `count`th connection, as soon as it is there. */
  async peer(count = 1): Promise<Peer> {
    while (this.peers.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return this.peers[count - 1]!
  }

  /** For the next case. */
  forget(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.peers.length = 0
    this.requests.length = 0
    this.onPeer = echo
    this.onUpgrade = null
  }

  /** Cuts all connections, as the death of its process would. */
  kill(): void {
    for (const socket of this.#sockets) (socket as Socket).resetAndDestroy() // of a server over TCP
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    const closed = once(this.http, 'close')
    this.http.close()
    await closed
  }
}

/** Sends each message back as it came. */
export function echo(peer: Peer): void {
  peer.socket.on('message', (data, isBinary) => peer.socket.send(data, { binary: isBinary }))
}

export async function openWebSocketTarget(options: ServerOptions = {}): Promise<WebSocketTarget> {
  const target = new WebSocketTarget(options)
  target.http.listen(0, '127.0.0.1')
  await once(target.http, 'listening')
  return target
}
