/**
 * side — one of a session's two connections: its socket, what waits to be sent on it, and which ways are still open.
 *
 * WHAT    What comes from one side is put into the other's outbox and leaves at once. What the kernel does not take
 *         stops the reading there, until it has: a session holds at most one read each way.
 *
 * WRITES  The owning worker only.
 *
 * HOT     `send`, `pause` and `resume` run for every read.
 */
import type { Socket } from 'node:net'
import { SocketWriter, type WriteOwner, type WriteRequests } from '../../socket/socket-writer.ts'

export interface SideOwner {
  /** All that waited for this side has left. */
  sideDrained(side: Side): void
  /** Some of it has: it is slow, but it reads. */
  sideProgressed(side: Side): void
  sideLost(side: Side): void
}

export class Side implements WriteOwner {
  socket: Socket | null
  /** Bytes can leave: it is connected. */
  isOpen: boolean
  /** It has ended its way towards us. */
  hasEnded: boolean
  /** We have ended ours towards it. */
  isEnded: boolean
  /** Bytes that came from it. */
  received: number
  readonly #owner: SideOwner
  readonly #writer: SocketWriter
  #isPaused: boolean

  constructor(requests: WriteRequests, owner: SideOwner) {
    this.socket = null
    this.isOpen = false
    this.hasEnded = false
    this.isEnded = false
    this.received = 0
    this.#owner = owner
    this.#writer = new SocketWriter(requests, this)
    this.#isPaused = false
  }

  /** The socket is connected; what was put for it before may leave. */
  open(socket: Socket, isTls: boolean): void {
    this.socket = socket
    this.isOpen = true
    this.#writer.attach(socket, isTls)
  }

  /** Takes bytes for this side; they leave with `flush`. */
  put(bytes: Uint8Array, start: number, end: number): void {
    this.#writer.out.put(bytes, start, end)
  }

  /** True while what was put for it could not leave. */
  get isBehind(): boolean {
    return !this.isOpen || this.#writer.isBlocked
  }

  get isBlocked(): boolean {
    return this.#writer.isBlocked
  }

  /** Something has not left yet: TLS may have bytes gather behind a write, and block nobody. */
  get isWaiting(): boolean {
    return this.#writer.isBlocked || this.#writer.out.used > 0
  }

  /** False when the connection is lost. */
  flush(): boolean {
    return this.#writer.flush()
  }

  /** No more will come for it: its way is ended, once what waits has left. */
  finish(): void {
    if (this.isEnded || !this.isOpen || this.isWaiting) return
    this.isEnded = true
    this.socket!.end()
  }

  pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    if (this.socket !== null) this.socket.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (this.socket !== null) this.socket.resume()
  }

  onWritten(ok: boolean): void {
    if (ok) this.#owner.sideDrained(this)
    else this.#owner.sideLost(this)
  }

  onProgress(): void {
    this.#owner.sideProgressed(this)
  }

  /** Both ways have ended in order: the socket closes by itself. */
  leave(): void {
    this.isOpen = false
    this.#writer.detach()
    this.socket = null
  }

  destroy(): void {
    const socket = this.socket
    this.leave()
    if (socket !== null) socket.destroy()
  }
}
