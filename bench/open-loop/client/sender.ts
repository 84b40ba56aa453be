/**
 * sender — writes to one socket: straight to its handle, where Node has that, since a stream's write costs several
 * microseconds; and through the stream for TLS.
 */
import type { Socket } from 'node:net'
import { type Handle, readStreamBinding, type WriteRequest } from '../../../src/socket/stream-binding.ts'

const binding = readStreamBinding()
/** A request object that was not needed serves the next write. */
let spare: WriteRequest | null = binding === null ? null : new binding.WriteWrap()

export class Sender {
  readonly #socket: Socket
  readonly #handle: Handle | null
  #pending = 0

  constructor(socket: Socket, isTls: boolean) {
    this.#socket = socket
    const { _handle } = socket as unknown as { _handle: Handle | null } // Node offers no public way to it
    const isDirect = binding !== null && !isTls && typeof _handle?.writeBuffer === 'function'
    this.#handle = isDirect ? _handle : null
  }

  /** Bytes have not left yet. */
  get isBusy(): boolean {
    return this.#pending > 0 || this.#socket.writableLength > 0
  }

  /** False when the connection is lost. The bytes must stay as they are. */
  send(bytes: Buffer): boolean {
    if (bytes.length === 0) return true
    if (this.#handle === null) {
      this.#socket.write(bytes)
      return !this.#socket.destroyed
    }
    const request = spare!
    if (this.#handle.writeBuffer(request, bytes) !== 0) return false
    if (binding!.streamBaseState[binding!.kLastWriteWasAsync] === 0) return true
    request.writer = this
    request.buffer = bytes
    request.oncomplete = complete
    spare = new binding!.WriteWrap()
    this.#pending++
    return true
  }

  /** Why a write failed is told by the reading side, which sees the connection end. */
  written(_ok: boolean): void {
    this.#pending--
  }
}

function complete(this: WriteRequest, status: number): void {
  const writer = this.writer
  this.writer = null
  this.buffer = null
  writer?.written(status === 0)
}
