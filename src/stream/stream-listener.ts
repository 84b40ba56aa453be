/**
 * stream-listener — one worker's listener of layer 4: accepts, has connections say what they must, and holds sessions.
 *
 *     accepted ──▶ preread (PROXY preamble, ClientHello) ──▶ session ──▶ handshake, where TLS ends here ──▶ pipe
 *
 * A listener with `ssl` serves routes of tls and tls_passthrough, one without those of tcp (as Kong). Both engines
 * share it.
 */
import type net from 'node:net'
import { type Fault, faults } from '../base/faults.ts'
import type { ListenAddress } from '../contract/listener.ts'
import type { StreamFacts } from '../contract/stream.ts'
import { listenOn } from '../socket/listen-on.ts'
import { plainAddress } from '../socket/peer-address.ts'
import { type Prelude, Preread, type PrereadOwner } from './preread.ts'
import { serveOn } from './session/serve-on.ts'
import { Session, type SessionOwner } from './session/session.ts'
import type { PreambleReading, StreamTools } from './stream-tools.ts'

/** Connections that have not said yet what they must. When one more comes, the oldest of them is let go. */
const PREREADS_MAX = 4096

/** RFC 8446 §6.2: a fatal alert unrecognized_name, so that the client's log says what is wrong. */
const UNRECOGNIZED_NAME = Buffer.from([21, 3, 1, 0, 2, 2, 112])

export class StreamListener implements PrereadOwner, SessionOwner {
  readonly tools: StreamTools
  readonly #servers: net.Server[]
  readonly #prereads: Set<Preread>
  readonly #sessions: Set<Session>
  #drained: (() => void) | null

  constructor(tools: StreamTools) {
    this.tools = tools
    this.#servers = []
    this.#prereads = new Set()
    this.#sessions = new Set()
    this.#drained = null
  }

  get connections(): number {
    return this.#prereads.size + this.#sessions.size
  }

  /** Resolves when all addresses accept. Rejects with GatewayError PORT_IN_USE or PORT_FORBIDDEN. */
  async listen(addresses: readonly ListenAddress[]): Promise<void> {
    await Promise.all(addresses.map((address) => this.#listenOne(address)))
  }

  #listenOne(address: ListenAddress): Promise<void> {
    const accept = (socket: net.Socket) => this.#accept(socket, address)
    const { server, ready } = listenOn(address, accept, () => this.tools.tally.refused())
    this.#servers.push(server)
    return ready
  }

  #accept(accepted: net.Socket, address: ListenAddress): void {
    if (!this.tools.hasRoom()) {
      this.tools.tally.refused()
      return void accepted.destroy()
    }
    this.tools.tally.opened()
    const nowMs = this.tools.clock.now()
    const preread = new Preread(this, accepted, address, [nowMs, nowMs + this.tools.prereadTimeoutMs])
    if (!Preread.isNeeded(address)) return this.#serve(preread, NOTHING_SAID)
    if (this.#prereads.size >= PREREADS_MAX) this.#oldest()?.fail(faults.REQUEST_TIMEOUT)
    this.#prereads.add(preread)
    this.tools.deadlines.add(preread)
    preread.start()
  }

  #oldest(): Preread | undefined {
    return this.#prereads.values().next().value
  }

  readPreamble(bytes: Buffer): PreambleReading {
    return this.tools.readPreamble(bytes)
  }

  preread(preread: Preread, prelude: Prelude): void {
    this.#forget(preread)
    this.#serve(preread, prelude)
  }

  unread(preread: Preread, fault: Fault): void {
    this.#forget(preread)
    const { clock, tally } = this.tools
    tally.closed({
      facts: this.#factsOf(preread, NOTHING_SAID),
      route: null,
      target: null,
      tries: 0,
      status: fault.status,
      fault,
      endedBy: fault === faults.REQUEST_TIMEOUT ? 'gateway' : 'client',
      bytesIn: 0,
      bytesOut: 0,
      durationMs: clock.now() - preread.startMs,
    })
    this.#whenEmpty()
  }

  #forget(preread: Preread): void {
    this.#prereads.delete(preread)
    this.tools.deadlines.remove(preread)
  }

  #serve(preread: Preread, prelude: Prelude): void {
    const { socket } = preread
    const session = new Session(this, this.#factsOf(preread, prelude), preread.startMs)
    this.#sessions.add(session)
    this.tools.deadlines.add(session)
    const fault = session.judge()
    if (fault === faults.NONE) return serveOn(session, socket, prelude.first)
    refuse(socket, preread.address.ssl && fault === faults.ROUTE_NOT_FOUND)
    session.end(fault)
  }

  #factsOf({ socket, address }: Preread, prelude: Prelude): StreamFacts {
    const { proxiedAddress, proxiedPort, serverName } = prelude
    const peer = plainAddress(socket.remoteAddress)
    const isProxied = proxiedAddress !== '' && this.tools.trusts(peer)
    return {
      clientAddress: isProxied ? proxiedAddress : peer,
      clientPort: isProxied ? proxiedPort : (socket.remotePort ?? 0),
      localAddress: plainAddress(socket.localAddress),
      localPort: socket.localPort ?? 0,
      isTls: address.ssl,
      sni: serverName,
    }
  }

  closed(session: Session): void {
    this.tools.deadlines.remove(session)
    this.#sessions.delete(session)
    this.#whenEmpty()
  }

  #whenEmpty(): void {
    if (this.connections === 0 && this.#drained !== null) this.#drained()
  }

  /** Stops accepting. Resolves when the last session has ended by itself. */
  drain(): Promise<void> {
    for (const server of this.#servers) server.close()
    for (const preread of this.#prereads) preread.fail(faults.REQUEST_TIMEOUT)
    if (this.connections === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#drained = resolve
    })
  }

  /** Ends at once. */
  close(): void {
    for (const server of this.#servers) server.close()
    for (const preread of this.#prereads) preread.fail(faults.REQUEST_TIMEOUT)
    for (const session of this.#sessions) session.end(faults.NONE)
  }
}

const NOTHING_SAID: Prelude = { proxiedAddress: '', proxiedPort: 0, serverName: '', first: Buffer.alloc(0) }

function refuse(socket: net.Socket, says: boolean): void {
  socket.on('error', () => {})
  if (!says) return void socket.destroy()
  socket.end(UNRECOGNIZED_NAME, () => socket.destroy())
}
