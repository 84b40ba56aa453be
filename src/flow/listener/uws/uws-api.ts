/** uws-api — what we use of uWebSockets.js, as it behaves from v20.30 on. */

/** A string goes out as UTF-8; bytes go out as they are, and are copied before the call returns. */
export type UwsBytes = string | Uint8Array

/** Gone after `end`, after a `tryEnd` that completed it, and after onAborted: any call then throws. */
export interface UwsResponse {
  writeStatus(status: UwsBytes): unknown
  writeHeader(name: UwsBytes, value: UwsBytes): unknown
  /** One chunk. False when bytes had to be kept; they have been taken all the same. */
  write(chunk: UwsBytes): boolean
  end(body?: UwsBytes, close?: boolean): unknown
  /** Ends behind the head, and adds no Content-Length. */
  endWithoutBody(): unknown
  /** Bytes of a body of `total` bytes: [taken whole, answer complete]. What was taken: getWriteOffset. */
  tryEnd(bytes: UwsBytes, total: number): [boolean, boolean]
  getWriteOffset(): number
  onWritable(handler: (offset: number) => boolean): unknown
  onAborted(handler: () => void): unknown
  /** The bytes are only lent. */
  onData(handler: (bytes: ArrayBuffer, isLast: boolean) => void): unknown
  pause(): void
  resume(): void
  cork(write: () => void): unknown
  close(): unknown
  /** Ends the use of `res`. `protocol` and `extensions` may be ''. */
  upgrade(data: UwsSocketData, key: string, protocol: string, extensions: string, context: UwsContext): void
  /** 4 or 16 bytes, none on a unix socket. */
  getRemoteAddress(): ArrayBuffer
  getProxiedRemoteAddress(): ArrayBuffer
  /** From v20.61. */
  getRemotePort?(): number
}

/** Only valid until the handler returns. */
export interface UwsRequest {
  getCaseSensitiveMethod(): string
  /** The path, without the query. */
  getUrl(): string
  /** '' behind a bare question mark. */
  getQuery(): string | undefined
  /** The first field of that name, byte for byte. */
  getHeader(lower: string): string
  /** Names in lower case, values decoded as UTF-8. */
  forEach(each: (lower: string, value: string) => void): void
}

/** Of the engine's own: what an upgrade belongs to. */
export interface UwsContext {
  readonly context?: never
}

/** Gone once its `close` handler has been called: any call then throws. */
export interface UwsWebSocket {
  /** 2: dropped, as too much waits. */
  send(message: UwsBytes, isBinary: boolean, compress: boolean): number
  ping(message: UwsBytes): number
  /** Sends a close frame (0: without code) and closes; calls the `close` handler before it returns. */
  end(code: number, reason: UwsBytes): void
  close(): void
  getBufferedAmount(): number
  getUserData(): UwsSocketData
}

/** What an upgrade carries over to its WebSocket: the engine copies the fields of a plain object. */
export interface UwsSocketData {
  readonly tunnel: UwsTunnelSide
}

/** Whom the engine calls for one WebSocket. Bytes are only lent. */
export interface UwsTunnelSide {
  opened(ws: UwsWebSocket): void
  message(bytes: ArrayBuffer, isBinary: boolean): void
  pinged(bytes: ArrayBuffer): void
  ponged(bytes: ArrayBuffer): void
  drained(): void
  closed(code: number, reason: ArrayBuffer): void
}

export interface UwsBehavior {
  readonly maxPayloadLength: number
  readonly maxBackpressure: number
  readonly idleTimeout: number
  readonly sendPingsAutomatically: boolean
  readonly compression: number
  upgrade(res: UwsResponse, req: UwsRequest, context: UwsContext): void
  open(ws: UwsWebSocket): void
  message(ws: UwsWebSocket, bytes: ArrayBuffer, isBinary: boolean): void
  ping(ws: UwsWebSocket, bytes: ArrayBuffer): void
  pong(ws: UwsWebSocket, bytes: ArrayBuffer): void
  drain(ws: UwsWebSocket): void
  close(ws: UwsWebSocket, code: number, reason: ArrayBuffer): void
}

/** What `listen` hands out; not an object of ours. */
export interface UwsListenSocket {
  readonly listenSocket?: never
}

export interface UwsApp {
  any(pattern: string, handler: (res: UwsResponse, req: UwsRequest) => void): unknown
  /** Takes GETs with a Sec-WebSocket-Key of the right length; others go on to `any`. */
  ws(pattern: string, behavior: UwsBehavior): unknown
  listen(host: string, port: number, done: (socket: UwsListenSocket | false) => void): unknown
  /** Ends all connections at once. */
  close(): unknown
  /** Newer versions: called with 1 for each connection and -1 when it has gone. */
  filter?(each: (res: unknown, change: number) => void): unknown
}

export interface Uws {
  App(): UwsApp
  us_listen_socket_close(socket: UwsListenSocket): void
  _cfg?(setting: string): void
}
