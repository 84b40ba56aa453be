/**
 * listener — the contract between an engine (native-free or uws) and the flow.
 *
 * An engine reads requests into Exchanges and calls FlowEvents; the flow answers through the exchange's Client. One
 * process loads one engine, so calls through Client stay monomorphic. Engines never see routes or plugins.
 *
 * A request that asks for WebSocket comes with x.upgrade set. Once it is UPGRADED (see writeHead) the order begins anew
 * with requestBody*.
 *
 * The order an engine keeps, per exchange:  enter · requestBody* · requestEnd?   with clientGone at most once, at any
 * point, after which nothing follows. clientDrain only after a `false` from writeBody.
 */

import type { Fault } from '../base/faults.ts'
import type { Outbox } from '../base/outbox.ts'
import type { Exchange } from './exchange.ts'
import type { ClientTls, ServerTls } from './tls.ts'

export interface FlowEvents {
  /** The head is in x.request, framing in x.requestLength. The body may still be on its way. */
  enter(x: Exchange): void
  /** The request could not be read: answers `fault` (global plugins' response and log steps run) and ends. */
  refuse(x: Exchange, fault: Fault): void
  /** Bytes [start, end) of body, decoded. The bytes are only lent. */
  requestBody(x: Exchange, bytes: Buffer, start: number, end: number): void
  requestEnd(x: Exchange): void
  /** The client's connection is gone, or can't be trusted any more. */
  clientGone(x: Exchange, fault: Fault): void
  /** Room again after writeBody answered false. */
  clientDrain(x: Exchange): void
}

/** The client's side of one exchange; implemented by each engine's connection. */
export interface Client {
  /**
   * Where the response head is to be put: status line and fields, each with CRLF, without the empty line and without
   * Content-Length, Transfer-Encoding, Connection, Keep-Alive and Date (unless passed on). Valid until `writeHead`.
   */
  readonly out: Outbox
  /**
   * `out` now holds the head. Frames the body by x.responseLength (>= 0, CHUNKED, UNTIL_CLOSE) and x.keepAlive. Where
   * x is UPGRADED it is a 101: the connection is a tunnel from now on, and `resumeBody` gives its bytes as body.
   */
  writeHead(x: Exchange): void
  /**
   * The target of a tunnel has ended its side: so is ours, once what waits has left. The client may still send. Only
   * for an exchange that is UPGRADED.
   */
  halfEnd(x: Exchange): void
  /** `out` now holds a 1xx head. */
  writeInfo(x: Exchange): void
  /** Sends body bytes; false asks to pause until clientDrain. Bytes are copied before it returns. */
  writeBody(x: Exchange, bytes: Uint8Array, start: number, end: number): boolean
  /** The response is whole; trailers, if any, are in x.responseTrailers. Last call: x is the engine's again. */
  end(x: Exchange): void
  /** Cuts the connection: the response can't be finished. Last call: x is the engine's again. */
  abort(x: Exchange): void
  /** Stop and go for the request body. Engines start with the body stopped until `resumeBody`. */
  pauseBody(x: Exchange): void
  resumeBody(x: Exchange): void
  /** Client asked `Expect: 100-continue` and the body is wanted now. */
  writeContinue(x: Exchange): void

  /** The directly connected peer, as text without port; 'unix:' on a unix socket. */
  readonly peerAddress: string
  readonly peerPort: number
  readonly localAddress: string
  readonly localPort: number
  /** 'http' or 'https' as spoken on this connection. */
  readonly scheme: 'http' | 'https'
  /** TLS server name, or ''. */
  readonly sni: string
  /** Null on a plain connection. */
  readonly tls: ClientTls | null
  /** The request came over HTTP/2: `minor` of its head is 1 all the same. */
  readonly isHttp2: boolean
  /** From the PROXY protocol; '' without. Then it, and not the peer, is who connected. */
  readonly proxiedAddress: string
  /** Counts, for the tracker-style correlation id. */
  readonly connectionId: number
  readonly requestsOnConnection: number
  /** The transport's: forwarding fields that hold for every request of this connection with this host and port. */
  forwardFields: Uint8Array
  /** Empty until they are made. */
  forwardHost: Uint8Array
  forwardPort: number
}

/** Exchanges for reuse. */
export interface ExchangePool {
  acquire(): Exchange
  release(x: Exchange): void
}

export interface ListenAddress {
  /** IP to bind, or '' with `path`. */
  readonly host: string
  readonly port: number
  /** Path of a unix socket, or ''. */
  readonly path: string
  readonly ssl: boolean
  readonly http2: boolean
  readonly proxyProtocol: boolean
  readonly reuseport: boolean
  readonly backlog: number
  /** A descriptor bound by the primary, where the platform can't share a port between threads; else -1. */
  readonly fd: number
  /** Of layer 4 (STREAM_LISTEN), which both engines leave to the stream listener. */
  readonly isStream?: boolean
}

/** Bounds an engine enforces, from the environment. Times in ms, sizes in bytes. */
export interface ListenerLimits {
  readonly headBytesMax: number
  readonly targetBytesMax: number
  readonly fieldsMax: number
  /** 0: no limit. */
  readonly bodyBytesMax: number
  readonly headerTimeoutMs: number
  /** The longest silence inside a body. */
  readonly bodyTimeoutMs: number
  /** Bytes a second a body must reach on average once it has lasted bodyTimeoutMs; 0: no minimum. */
  readonly bodyRateMin: number
  /** The longest time a client may leave an answer unread while bytes are waiting. */
  readonly sendTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly keepAliveRequestsMax: number
  readonly connectionsMax: number
}

/** One worker's listeners. */
export interface Listener {
  /**
   * The certificates from now on; connections that are open keep theirs. Called before `listen` where an address has
   * `ssl`, and again with each configuration. Throws GatewayError CONFIG_INVALID, and then nothing has changed.
   */
  secure(tls: ServerTls): void
  /** Resolves when all addresses accept. Rejects with GatewayError PORT_IN_USE or PORT_FORBIDDEN. */
  listen(addresses: readonly ListenAddress[]): Promise<void>
  /** Stops accepting, ends idle connections, closes each other one after its exchange. Resolves when none is left. */
  drain(): Promise<void>
  /** Ends at once. */
  close(): void
  readonly connections: number
}
