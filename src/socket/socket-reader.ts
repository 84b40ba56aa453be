/**
 * socket-reader — has a socket's reads call its connection directly.
 *
 * A socket made with `onread` comes to its callback through the machinery of streams: a timer to refresh, symbols
 * to look up, a closure. Here Node's handle calls us, and what is not a plain read (the end, an error) goes on to
 * the stream.
 *
 * `onRead` runs for every read, under the rules of hot code. Where Node's binding is not what is needed the `onread`
 * callback stays in use.
 */
import type { Socket } from 'node:net'
import type { StreamBinding } from './stream-binding.ts'

export interface ReadOwner {
  /** `count` bytes are in `buffer`. False stops reading; `socket.resume()` starts it again. */
  onRead(count: number, buffer: Buffer): boolean
}

interface ReadHandle {
  onread: (this: ReadHandle, bytes: ArrayBuffer | undefined) => unknown
  reading: boolean
  readStop(): number
  // Not `owner`: that is Node's own name for the stream behind a handle.
  readsFor: ReadOwner | null
}

export class SocketReader {
  readonly #attach: ((socket: Socket, owner: ReadOwner) => void) | null

  /** `buffer` is the one all sockets of the worker were made to read into. */
  constructor(binding: StreamBinding | null, buffer: Buffer) {
    this.#attach = binding === null ? null : attachWith(binding, buffer)
  }

  /** Once a connected socket; TLS keeps the stream's way, since its handle is not the one that reads. */
  attach(socket: Socket, owner: ReadOwner, isTls: boolean): void {
    if (this.#attach !== null && !isTls) this.#attach(socket, owner)
  }
}

function attachWith(binding: StreamBinding, buffer: Buffer): (socket: Socket, owner: ReadOwner) => void {
  const state = binding.streamBaseState
  const countAt = binding.kReadBytesOrError
  let streamRead: ReadHandle['onread'] | null = null
  function onRead(this: ReadHandle, bytes: ArrayBuffer | undefined): unknown {
    const count = state[countAt]!
    const owner = this.readsFor
    if (count <= 0 || owner === null) return streamRead!.call(this, bytes)
    if (!owner.onRead(count, buffer) && this.reading) {
      this.reading = false
      this.readStop()
    }
    return undefined
  }
  return (socket, owner) => {
    // Node offers no public way to it.
    const { _handle: handle } = socket as unknown as { _handle: ReadHandle | null }
    if (handle === null || typeof handle.onread !== 'function' || handle.onread === onRead) return
    streamRead ??= handle.onread
    if (handle.onread !== streamRead) return
    handle.readsFor = owner
    handle.onread = onRead
  }
}
