/**
 * handshake — one client's way from an accepted socket to a connection that speaks TLS.
 *
 * Node's TLSSocket does the handshake over the socket's handle, in C++; once it is done its handle is given to a
 * socket that reads into the worker's static buffer, as plain connections do.
 */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Timed } from '../../src/base/deadlines.ts'
import type { ClientTls } from '../../src/contract/tls.ts'
import type { TlsContexts } from './contexts.ts'
import { answerPlainHttp, isPlainHttp } from './plain-http.ts'
import { lowered } from './sni-table.ts'
import { forgetHandshakes, readClientTls, type TlsHandle } from './tls-handle.ts'

/** What a handshake came to. */
export interface Shaken {
  readonly handle: TlsHandle
  /** '' when the client named none. */
  readonly sni: string
  readonly isHttp2: boolean
  /** It went on where an earlier connection of the client's had left off. */
  readonly isResumed: boolean
  readonly tls: ClientTls
}

export interface HandshakeOwner {
  /** Called within OpenSSL's reading: what is behind the handshake follows at once. */
  onShaken(handshake: Handshake, shaken: Shaken): void
  /** It failed, took too long or was broken off. '' where there is nothing to say. */
  onUnshaken(handshake: Handshake, why: string): void
}

export interface HandshakeOptions {
  readonly contexts: TlsContexts
  /** In the form of the extension. */
  readonly protocols: Uint8Array
  readonly deadlineMs: number
  readonly proxiedAddress: string
}

export class Handshake implements Timed {
  readonly accepted: Socket
  readonly proxiedAddress: string
  readonly #owner: HandshakeOwner
  readonly #contexts: TlsContexts
  readonly #socket: TLSSocket
  #isOver: boolean
  deadlineMs: number
  slot: number

  constructor(owner: HandshakeOwner, accepted: Socket, options: HandshakeOptions) {
    this.accepted = accepted
    this.proxiedAddress = options.proxiedAddress
    this.#owner = owner
    this.#contexts = options.contexts
    this.#isOver = false
    this.deadlineMs = options.deadlineMs
    this.slot = -1
    this.#socket = new TLSSocket(accepted, {
      isServer: true,
      secureContext: options.contexts.front,
      ALPNProtocols: options.protocols,
      requestCert: options.contexts.asksForCertificates,
      rejectUnauthorized: false,
    })
    this.#answerNames()
    this.#socket.on('secure', () => this.#done())
    this.#socket.on('error', (error) => this.#failed(error))
    this.#socket.on('close', () => this.#over(''))
    // Who leaves before it is done, as a load balancer's check of the port does, is noticed only by a reader.
    this.#socket.on('readable', () => this.#socket.read())
    this.#socket.on('end', () => this.#left())
    // Node would look for what was put back a tick later, when more may have come past it.
    const held: Buffer | null = accepted.read()
    if (held !== null) this.take(held)
  }

  /**
   * Node looks for the context of a name in this property while OpenSSL reads the name, having put it on the socket.
   * The public way, an SNICallback, comes later and adds one certificate of that context to those of the front: who
   * could read the front's kind of key only would then be served the front's certificate.
   */
  #answerNames(): void {
    // Node offers no public way to it.
    const socket = this.#socket as unknown as { _handle: object; servername: unknown }
    const names = this.#contexts.names
    Object.defineProperty(socket._handle, 'sni_context', {
      configurable: true,
      get: () => (typeof socket.servername === 'string' ? names.find(socket.servername)?.context : undefined),
    })
  }

  /** Bytes of the handshake that were read before it began. */
  take(bytes: Buffer): void {
    // Node offers no public way to it.
    const { _handle } = this.#socket as unknown as { _handle: TlsHandle | null }
    _handle?.receive(bytes)
  }

  #done(): void {
    if (this.#isOver) return
    this.#isOver = true
    const socket = this.#socket
    socket.removeAllListeners('readable')
    socket.removeAllListeners('end')
    // Either is false where there is none; the types leave one out.
    const { servername, alpnProtocol } = socket as unknown as Record<string, unknown>
    const tls = readClientTls(socket, this.#contexts.asksForCertificates)
    const isResumed = socket.isSessionReused()
    // Node offers no public way to move a handle.
    const owner = socket as unknown as { _handle: TlsHandle | null }
    const handle = owner._handle!
    owner._handle = null
    forgetHandshakes(handle)
    this.#owner.onShaken(this, {
      handle,
      sni: typeof servername === 'string' ? lowered(servername) : '',
      isHttp2: alpnProtocol === 'h2',
      isResumed,
      tls,
    })
  }

  #left(): void {
    if (this.#isOver) return
    this.#over('the client left')
    this.destroy()
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (isPlainHttp(error)) answerPlainHttp(this.accepted)
    this.#over(error.code ?? error.message)
  }

  onDeadline(): void {
    this.#over('it took too long')
    this.destroy()
  }

  destroy(): void {
    this.#socket.destroy()
    this.accepted.destroy()
  }

  #over(why: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#owner.onUnshaken(this, why)
  }
}

/** What ALPN may agree on. Whoever offers something, and none of these, is told so and let go (RFC 7301 §3.2). */
export function protocolsOf(http2: boolean): Uint8Array {
  return http2 ? WITH_HTTP2 : HTTP1_ONLY
}

const HTTP1_ONLY = Buffer.from('\x08http/1.1', 'latin1')
const WITH_HTTP2 = Buffer.from('\x02h2\x08http/1.1', 'latin1')
