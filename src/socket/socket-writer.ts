/**
 * socket-writer — sends what one socket's outbox has gathered, with one system call and nothing around it.
 *
 * WHAT    A net.Socket write goes through the machinery of streams: a queue entry, a request object, a callback on
 *         the next tick. Here the bytes go straight to the socket's handle. The kernel nearly always takes them at
 *         once, and then nothing was allocated but a view; only what it does not take costs a request object.
 *
 * WRITES  The owning worker only.
 *
 * LIMITS  One pending write a socket: until it is done the outbox gathers on, and `isBlocked` tells the owner to pause
 *         whoever fills it. TLS encrypts at once and tells a turn later that it has, even when the kernel took
 *         all: such a write is pending and blocks nobody, unless the outbox fills meanwhile. Where Node does not
 *         have the handle's methods (internal, and the same in Node 20, 22 and 24), it is socket.write.
 *
 * HOT     `flush` runs twice a request. Before and after are in docs/engines.md.
 */
import type { Socket } from 'node:net'
import { OUTBOX_HIGH, Outbox } from '../base/outbox.ts'
import type { Handle, StreamBinding, WriteRequest } from './stream-binding.ts'

export interface WriteOwner {
  /**
   * The pending write is done, and what was gathered meanwhile has been sent too. `ok` is false when the
   * connection is lost.
   */
  onWritten(ok: boolean): void
  /** One pending write is done and the next one is pending: the other side is slow, but it reads. */
  onProgress(): void
}

/** What all sockets of a worker share: the binding, and a request object until the kernel leaves one pending. */
export class WriteRequests {
  readonly binding: StreamBinding | null
  spare: WriteRequest | null

  constructor(binding: StreamBinding | null) {
    this.binding = binding
    this.spare = binding === null ? null : new binding.WriteWrap()
  }
}

export class SocketWriter {
  readonly out: Outbox
  isBlocked: boolean
  readonly #requests: WriteRequests
  readonly #owner: WriteOwner
  #socket: Socket | null
  #handle: Handle | null
  /** Of TLS, the handle below; null otherwise. */
  #carrier: Handle | null
  /** A write of TLS is on its way, and the kernel has all of it. */
  #isPending: boolean

  constructor(requests: WriteRequests, owner: WriteOwner) {
    this.out = new Outbox()
    this.isBlocked = false
    this.#requests = requests
    this.#owner = owner
    this.#socket = null
    this.#handle = null
    this.#carrier = null
    this.#isPending = false
  }

  /** From now on bytes can leave: the socket is connected. */
  attach(socket: Socket, isTls: boolean): void {
    this.#socket = socket
    if (this.#requests.binding === null) return
    const { _handle } = socket as unknown as { _handle: Handle | null } // Node offers no public way to it
    if (_handle === null || typeof _handle.writeBuffer !== 'function') return
    const carrier = isTls ? _handle._parent : null
    if (carrier === undefined || (carrier !== null && typeof carrier.writeQueueSize !== 'number')) return
    this.#handle = _handle
    this.#carrier = carrier
  }

  /** Nothing leaves any more. */
  detach(): void {
    this.#socket = null
    this.#handle = null
    this.#carrier = null
    this.#isPending = false
    this.isBlocked = false
    this.out.release()
  }

  /** Sends all that is gathered. False when the connection is lost. */
  flush(): boolean {
    const out = this.out
    if (out.used === 0 || this.isBlocked || this.#socket === null) return true
    if (this.#handle === null) return this.#flushStream(this.#socket)
    if (this.#carrier !== null) return this.#flushTls(this.#handle, this.#carrier)
    const requests = this.#requests
    const request = requests.spare!
    const view = new Uint8Array(out.memory, 0, out.used)
    if (this.#handle.writeBuffer(request, view) !== 0) return false
    const binding = requests.binding!
    if (binding.streamBaseState[binding.kLastWriteWasAsync] === 0) {
      out.release()
      return true
    }
    request.writer = this
    request.buffer = view
    request.oncomplete = complete
    requests.spare = new binding.WriteWrap()
    this.#block()
    return true
  }

  #flushTls(handle: Handle, carrier: Handle): boolean {
    const out = this.out
    if (this.#isPending) {
      if (out.used >= OUTBOX_HIGH) this.isBlocked = true
      return true
    }
    const requests = this.#requests
    const request = requests.spare!
    // What is not out yet goes first: records of a handshake, say.
    const waits = handle.writeQueueSize !== 0
    if (handle.writeBuffer(request, new Uint8Array(out.memory, 0, out.used)) !== 0) return false
    // They are encrypted, or copied.
    out.release()
    const binding = requests.binding!
    if (binding.streamBaseState[binding.kLastWriteWasAsync] === 0) return true
    request.writer = this
    request.oncomplete = complete
    requests.spare = new binding.WriteWrap()
    if (waits || carrier.writeQueueSize !== 0) this.isBlocked = true
    else this.#isPending = true
    return true
  }

  #flushStream(socket: Socket): boolean {
    socket.write(this.out.bytes.subarray(0, this.out.used), (error) => {
      if (this.isBlocked) this.written(error === undefined || error === null)
    })
    if (socket.writableLength === 0) this.out.release()
    else this.#block()
    return true
  }

  /** The bytes belong to the kernel's queue until it is done with them. */
  #block(): void {
    this.out.abandon()
    this.isBlocked = true
  }

  /** A pending write is done. */
  written(ok: boolean): void {
    if (this.#socket === null) return
    // Nobody was told to wait, so nobody is told to go on.
    const isSilent = this.#isPending && !this.isBlocked
    this.#isPending = false
    this.isBlocked = false
    const goesOn = ok && this.flush()
    if (goesOn && this.isBlocked) this.#owner.onProgress()
    else if (!goesOn || !isSilent) this.#owner.onWritten(goesOn)
  }
}

function complete(this: WriteRequest, status: number): void {
  const writer = this.writer
  this.writer = null
  this.buffer = null
  if (writer !== null) writer.written(status === 0)
}
