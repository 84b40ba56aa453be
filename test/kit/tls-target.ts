/** A target that speaks HTTP/1.1 over TLS, says yes to everything, and remembers each handshake. */
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { TLSSocket, TlsOptions } from 'node:tls'

export interface Handshake {
  /** '' when the gateway named nobody. */
  readonly sni: string
  readonly alpn: string
  readonly isResumed: boolean
  /** Of the certificate the gateway has shown, or ''. */
  readonly clientName: string
}

export interface TlsTarget {
  readonly server: https.Server
  readonly port: number
  readonly handshakes: Handshake[]
  readonly requests: { readonly host: string; readonly url: string }[]
}

export interface TlsTargetOptions extends TlsOptions {
  /** A socket of this machine in place of a port. */
  readonly path?: string
  /** Ends each connection with its answer. */
  readonly closes?: boolean
}

export async function openTlsTarget(t: TestContext, options: TlsTargetOptions): Promise<TlsTarget> {
  const handshakes: Handshake[] = []
  const requests: { host: string; url: string }[] = []
  const sockets = new Set<Socket>()
  const server = https.createServer(options, (request: IncomingMessage, response) => {
    requests.push({ host: request.headers.host ?? '', url: request.url ?? '' })
    if (options.closes === true) response.setHeader('connection', 'close')
    response.end('over TLS')
  })
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.on('secureConnection', (socket: TLSSocket) => {
    handshakes.push({
      sni: typeof socket.servername === 'string' ? socket.servername : '',
      alpn: socket.alpnProtocol || '',
      isResumed: socket.isSessionReused(),
      clientName: socket.getPeerCertificate()?.subject?.CN?.toString() ?? '',
    })
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => {
    if (options.path === undefined) server.listen(0, '127.0.0.1', resolve)
    else server.listen(options.path, resolve)
  })
  const address = server.address()
  return {
    server,
    port: address !== null && typeof address === 'object' ? address.port : 0,
    handshakes,
    requests,
  }
}
