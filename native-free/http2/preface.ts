/**
 * preface — tells HTTP/2 with prior knowledge from HTTP/1 by a plain connection's first bytes (RFC 9113 §3.3, §3.4).
 *
 * No HTTP/1 request begins with all of the preface, and hardly one with its first letters: one byte is nearly always
 * enough to know.
 */
import type { Socket } from 'node:net'
import { appendBytes, NO_BYTES } from '../../src/base/append-bytes.ts'
import { PREFACE } from '../../src/http2/frame.ts'
import { patience } from '../http1/client-state.ts'
import { Connection } from '../http1/connection.ts'
import type { ListenerSide, Served } from '../listener-side.ts'
import type { Peer } from '../peer.ts'
import { Http2Connection } from './http2-connection.ts'

/** True when bytes [start, end) begin the preface, or are begun by it. */
export function beginsPreface(bytes: Uint8Array, start: number, end: number): boolean {
  const count = Math.min(end - start, PREFACE.length)
  for (let i = 0; i < count; i++) if (bytes[start + i] !== PREFACE[i]) return false
  return true
}

export class UnknownProtocol implements Served {
  readonly #listener: ListenerSide
  readonly #socket: Socket
  readonly #peer: Peer
  readonly #known: (connection: Served) => void
  #seen: Buffer
  #isGone: boolean
  deadlineMs: number
  slot: number

  /** `known` is handed who takes its place. */
  constructor(listener: ListenerSide, socket: Socket, peer: Peer, known: (connection: Served) => void) {
    this.#listener = listener
    this.#socket = socket
    this.#peer = peer
    this.#known = known
    this.#seen = NO_BYTES
    this.#isGone = false
    this.deadlineMs = listener.clock.now() + listener.limits.headerTimeoutMs
    this.slot = -1
  }

  onRead(count: number, buffer: Buffer): boolean {
    this.take(buffer, 0, count)
    return !this.#isGone
  }

  take(buffer: Buffer, start: number, end: number): void {
    this.#seen = appendBytes(this.#seen, buffer, start, end)
    const seen = this.#seen
    const isHttp2 = beginsPreface(seen, 0, seen.length)
    if (isHttp2 && seen.length < PREFACE.length) return
    const connection = isHttp2
      ? new Http2Connection(this.#listener, this.#socket, { ...this.#peer, isHttp2 })
      : new Connection(this.#listener, this.#socket, this.#peer)
    this.#known(connection)
    connection.take(seen, 0, seen.length)
    if (this.#listener.draining) connection.drain()
  }

  onEnd(): void {
    this.destroy()
  }

  onGone(): void {
    this.destroy()
  }

  onDeadline(): void {
    this.destroy()
  }

  /** A request may be on its way already. */
  drain(): void {
    this.deadlineMs = Math.min(this.deadlineMs, this.#listener.clock.now() + patience.idleDrainMs)
  }

  destroy(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#socket.destroy()
    this.#listener.closed(this)
  }
}
