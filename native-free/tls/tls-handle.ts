/** A connection's TLS once its handshake is done: Node's handle, as far as it is used, and what the handshake said. */
import { Socket, type SocketConstructorOpts } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ClientTls } from '../../src/contract/tls.ts'

/** Node's TLSWrap. */
export interface TlsHandle {
  /** Encrypted bytes that are not known to have left. */
  readonly writeQueueSize: number
  readonly _parent?: { reset?(): number }
  /** As if they had come from the socket. */
  receive(bytes: Uint8Array): void
  onhandshakestart: () => void
  onhandshakedone: () => void
  getPeerCertificate(withIssuers: boolean): PeerCertificate | undefined
}

/** As OpenSSL's binding gives it; the issuer of one that signs itself is itself. */
interface PeerCertificate {
  readonly raw: Uint8Array
  readonly issuerCertificate?: PeerCertificate
}

/** A client's chain is longer than this in nobody's plan; what is behind is not looked at. */
const CHAIN_MAX = 16
const NONE: readonly Uint8Array[] = []

class HandshakeResult implements ClientTls {
  readonly protocol: string
  readonly cipher: string
  #handle: TlsHandle | null
  #certificates: readonly Uint8Array[]

  constructor(protocol: string, cipher: string, handle: TlsHandle | null) {
    this.protocol = protocol
    this.cipher = cipher
    this.#handle = handle
    this.#certificates = NONE
  }

  /** Read when first asked for: few routes want it. */
  get certificates(): readonly Uint8Array[] {
    const handle = this.#handle
    if (handle !== null) {
      this.#handle = null
      this.#certificates = readChain(handle)
    }
    return this.#certificates
  }
}

/**
 * Node counts later handshakes (a renegotiation that is refused, new keys) on the TLSSocket, which is gone: its
 * functions would throw, and end the worker.
 */
export function forgetHandshakes(handle: TlsHandle): void {
  handle.onhandshakestart = nothing
  handle.onhandshakedone = nothing
}

function nothing(): void {}

/** To be called as the handshake ends, while `socket` still has its handle. */
export function readClientTls(socket: TLSSocket, asked: boolean): ClientTls {
  const { _handle } = socket as unknown as { _handle: TlsHandle | null } // Node offers no public way to it
  return new HandshakeResult(socket.getProtocol() ?? '', socket.getCipher().name, asked ? _handle : null)
}

function readChain(handle: TlsHandle): readonly Uint8Array[] {
  const chain: Uint8Array[] = []
  let next = handle.getPeerCertificate(true)
  while (next?.raw !== undefined && chain.length < CHAIN_MAX) {
    chain.push(next.raw)
    if (next.issuerCertificate === next) break
    next = next.issuerCertificate
  }
  return chain
}

export interface ReadInto {
  readonly buffer: Uint8Array
  readonly callback: (count: number) => boolean
}

/** A socket over a handle, which reads into a given buffer: only the constructor takes that option. */
export function socketOver(handle: object | null, onread: ReadInto): Socket {
  return new Socket(optionsFor(handle, onread))
}

function optionsFor(handle: object | null, onread: ReadInto): SocketConstructorOpts {
  // The types leave handle out.
  return { handle, onread, allowHalfOpen: true, readable: true, writable: true } as SocketConstructorOpts
}

/** How soon an end that has to wait looks again. */
const LOOK_AGAIN_MS = 10

/** A socket over a handle of TLS. */
export class TlsSocket extends Socket {
  readonly #handle: TlsHandle

  constructor(handle: TlsHandle, onread: ReadInto) {
    super(optionsFor(handle, onread))
    this.#handle = handle
  }

  /** The record that says so must not overtake what is encrypted and has not left. */
  override _final(done: (error?: Error | null) => void): void {
    const handle = this.#handle
    if (this.destroyed || handle.writeQueueSize === 0) return super._final(done)
    const wait = (): void => {
      if (this.destroyed || handle.writeQueueSize === 0) super._final(done)
      else setTimeout(wait, LOOK_AGAIN_MS)
    }
    setImmediate(wait)
  }

  /** The reset is for the handle below; only TCP has one. */
  override resetAndDestroy(): this {
    this.#handle._parent?.reset?.()
    return this.destroy()
  }
}
