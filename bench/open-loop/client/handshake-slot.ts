/**
 * handshake-slot — full handshakes of TLS, each on a connection of its own that carries nothing.
 *
 * WHAT    A request is due, the connection is opened for it, and the handshake's end is its answer. Then the connection
 *         is ended in order, and the slot is open again when the other side has ended it too: so no server is left
 *         with handshakes that it has not finished.
 */
import net from 'node:net'
import tls from 'node:tls'
import type { Slot, SlotOwner } from './slot.ts'
import { SlotState } from './slot-state.ts'
import { wordsOf } from './words-of.ts'

/** Made once: to make one costs more than a handshake. It keeps no sessions. */
const context = tls.createSecureContext()
const OK = 200

export class HandshakeSlot extends SlotState implements Slot {
  readonly #owner: SlotOwner
  #socket: tls.TLSSocket | null = null

  constructor(owner: SlotOwner) {
    super()
    this.#owner = owner
  }

  /** Connecting is it as long as the connection of the request before has not ended. */
  open(nowUs: number): void {
    this.state = 'connecting'
    this.openedUs = nowUs
    if (this.#socket === null) this.#ready()
  }

  #ready(): void {
    this.state = 'idle'
    this.#owner.opened(this)
  }

  send(index: number, dueUs: number): void {
    this.state = 'busy'
    this.index = index
    this.dueUs = dueUs
    const { ip, port, serverName } = this.#owner.target
    const named = serverName === '' ? {} : { servername: serverName }
    const raw = net.connect({ host: ip, port, noDelay: true, autoSelectFamily: false })
    const socket = tls.connect({ ...named, socket: raw, secureContext: context, rejectUnauthorized: false })
    this.#socket = socket
    let reason = 'closed during the handshake'
    raw.on('connect', () => this.#owner.hasRead())
    socket.on('secureConnect', () => this.#shaken(socket))
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      reason = wordsOf(cause)
    })
    socket.on('close', () => this.#ended(socket, reason))
    // Tickets are read and thrown away, or its end would never be seen.
    socket.resume()
  }

  #shaken(socket: tls.TLSSocket): void {
    if (socket !== this.#socket) return
    if (socket.isSessionReused()) return this.fail('a session was resumed')
    this.#owner.hasRead()
    this.served++
    this.state = 'closed'
    socket.end()
    this.#owner.answered(this, OK)
  }

  #ended(socket: tls.TLSSocket, reason: string): void {
    if (socket !== this.#socket) return
    this.#socket = null
    if (this.state === 'busy') this.fail(reason)
    else if (this.state === 'connecting') this.#ready()
  }

  fail(reason: string): void {
    this.close()
    this.#owner.failed(this, reason)
  }

  close(): void {
    this.state = 'closed'
    const socket = this.#socket
    this.#socket = null
    socket?.destroy()
  }
}
