/**
 * open-socket — opens sockets to targets: TCP or a socket of this machine, in the clear or over TLS.
 *
 * Over TLS, what OpenSSL needs is made once, a handshake is short where the pool has a ticket, and the certificate is
 * verified as the address asks before a byte of a request can leave. `explain` says of an error what the try fails
 * with, and tells the operator why.
 */
import type { X509Certificate } from 'node:crypto'
import net from 'node:net'
import tls from 'node:tls'
import { type Fault, faults } from '../../base/faults.ts'
import type { Machine } from '../../contract/plugin.ts'
import type { Address, TargetTls } from '../../contract/target.ts'
import { codeOf, explainFailure } from './tls/explain-failure.ts'
import { explainFirstBytes } from './tls/first-bytes.ts'
import { SecureContexts } from './tls/secure-contexts.ts'
import { Sessions } from './tls/sessions.ts'
import { TlsNews } from './tls/tls-news.ts'
import { chainOf, checkPeer } from './tls/verify.ts'

export interface TargetSocketTools {
  /** Whom to trust where an address does not say, in PEM; empty: those that Node trusts. */
  readonly trusted: readonly string[]
  readonly log: Machine['log']
  now(): number
  wall(): number
}

export interface SocketFailure {
  readonly fault: Fault
  /** For Exchange.detail; '' when the fault says it all. */
  readonly detail: string
}

const HTTP1: readonly string[] = ['http/1.1']
const UNIX = 'unix:'

export class TargetSockets {
  readonly #tools: TargetSocketTools
  readonly #contexts: SecureContexts
  readonly #sessions: Sessions
  readonly #news: TlsNews
  /** The certificates that were not believed, leaf first. */
  readonly #shown: WeakMap<net.Socket, readonly X509Certificate[]>
  /** Whose handshake is over. */
  readonly #secured: WeakSet<net.Socket>

  constructor(tools: TargetSocketTools) {
    this.#tools = tools
    this.#contexts = new SecureContexts(tools.trusted)
    this.#sessions = new Sessions()
    this.#news = new TlsNews(tools.log)
    this.#shown = new WeakMap()
    this.#secured = new WeakSet()
  }

  /** Without `onread` the socket is read as a stream. `protocols`: what ALPN offers, in order. */
  open(address: Address, onread: net.OnReadOpts | null, protocols: readonly string[] = HTTP1): net.Socket {
    const options = { ...placeOf(address), ...(onread === null ? {} : { onread }), ...SOCKET_OPTIONS }
    if (address.tls === null) return net.connect(options)
    try {
      return this.#openTls(address, address.tls, { ...options, ALPNProtocols: [...protocols] })
    } catch (cause) {
      // OpenSSL does not take the certificate or the key: this try fails like any other.
      return new net.Socket().destroy(cause instanceof Error ? cause : new Error(String(cause)))
    }
  }

  #openTls(address: Address, settings: TargetTls, options: tls.ConnectionOptions): tls.TLSSocket {
    const { servername, verify } = settings
    const session = this.#sessions.get(address, this.#tools.now())
    const socket = tls.connect({
      ...options,
      ...(servername === '' || net.isIP(servername) !== 0 ? {} : { servername }),
      ...(session === null ? {} : { session }),
      secureContext: this.#contexts.get(settings),
      rejectUnauthorized: verify,
      checkServerIdentity: (_name, certificate) => {
        const wrong = verify ? checkPeer(address, certificate) : undefined
        if (wrong !== undefined) this.#shown.set(socket, chainOf(certificate))
        return wrong
      },
    })
    if (verify)
      // Before Node's own listener, which lets go of a certificate that it does not believe.
      socket.prependListener('secure', () => {
        if (isDisbelieved(socket)) this.#shown.set(socket, chainOf(socket.getPeerCertificate(true)))
      })
    socket.once('secureConnect', () => this.#secured.add(socket))
    // With TLS 1.3 tickets come after the handshake, and several of them.
    socket.on('session', (next: Buffer) => {
      this.#sessions.keep(address, next, socket.isSessionReused(), this.#tools.now())
    })
    return socket
  }

  /** What an error of `socket` means. */
  explain(address: Address, socket: net.Socket, error: Error): SocketFailure {
    const { syscall } = error as NodeJS.ErrnoException // absent on errors that are not the system's
    if (syscall === 'connect')
      return {
        fault: faults.TARGET_CONNECT,
        detail: `target ${address.ip}:${address.port}: ${codeOf(error)}`,
      }
    if (address.tls === null) return { fault: faults.TARGET_CONNECT, detail: '' }
    // A connection that breaks later is nothing that TLS has to explain. A refusal of TLS 1.3 does come later.
    if (this.#secured.has(socket) && !codeOf(error).startsWith('ERR_SSL'))
      return { fault: faults.TARGET_RESET, detail: '' }
    this.#sessions.drop(address)
    const { now, wall } = this.#tools
    const shown = this.#shown.get(socket) ?? []
    const why = explainFailure(address, { error, shown, wallMs: wall() })
    this.#news.tell(address, 'TLS to a target failed', why, now())
    return { fault: faults.TARGET_TLS, detail: `TLS to the target failed: ${why}` }
  }

  /** Says why a target's first bytes are no HTTP/1.1, or '' where they don't show it. */
  explainBytes(address: Address, bytes: Uint8Array): string {
    const why = explainFirstBytes(address, bytes)
    if (why !== '')
      this.#news.tell(address, 'a target does not speak HTTP/1.1 at this port', why, this.#tools.now())
    return why
  }
}

/** To take its certificates apart costs more than the rest of a short handshake: only where OpenSSL has said no. */
function isDisbelieved(socket: tls.TLSSocket): boolean {
  // Node offers the answer only when the handshake goes on in spite of it.
  const { _handle } = socket as unknown as { _handle: { verifyError?(): Error | null } | null }
  return typeof _handle?.verifyError !== 'function' || _handle.verifyError() !== null
}

const SOCKET_OPTIONS = { noDelay: true, allowHalfOpen: true, autoSelectFamily: false }

function placeOf({ ip, port }: Address): { path: string } | { host: string; port: number } {
  return ip.startsWith(UNIX) ? { path: ip.slice(UNIX.length) } : { host: ip, port }
}
