/** Who is at the other end of an accepted socket, read once. */
import type { Socket } from 'node:net'

export interface Peer {
  readonly scheme: 'http' | 'https'
  readonly sni: string
  readonly connectionId: number
  /** Without zone and without the ::ffff: of an IPv4 address on a dual-stack socket; 'unix:' on a unix socket. */
  readonly address: string
  readonly port: number
  readonly localAddress: string
  readonly localPort: number
  readonly proxiedAddress: string
}

export function peerOf(socket: Socket, connectionId: number, proxiedAddress: string): Peer {
  return {
    scheme: 'http',
    sni: '',
    connectionId,
    address: plain(socket.remoteAddress),
    port: socket.remotePort ?? 0,
    localAddress: plain(socket.localAddress),
    localPort: socket.localPort ?? 0,
    proxiedAddress,
  }
}

function plain(address: string | undefined): string {
  if (address === undefined || address === '') return 'unix:'
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
