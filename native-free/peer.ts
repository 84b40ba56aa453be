/** Who is at the other end of an accepted socket, read once. */
import type { Socket } from 'node:net'
import type { ClientTls } from '../src/contract/tls.ts'
import { plainAddress } from '../src/socket/peer-address.ts'

export interface Peer {
  readonly scheme: 'http' | 'https'
  readonly sni: string
  readonly tls: ClientTls | null
  readonly isHttp2: boolean
  readonly connectionId: number
  /** Without zone and without the ::ffff: of an IPv4 address on a dual-stack socket; 'unix:' on a unix socket. */
  readonly address: string
  readonly port: number
  readonly localAddress: string
  readonly localPort: number
  readonly proxiedAddress: string
}

const NOTHING = new Uint8Array(0)

/** The part of a client that says who it is, set once a connection. */
export class PeerIdentity {
  readonly scheme: 'http' | 'https'
  readonly sni: string
  readonly tls: ClientTls | null
  readonly isHttp2: boolean
  readonly connectionId: number
  readonly peerAddress: string
  readonly peerPort: number
  readonly localAddress: string
  readonly localPort: number
  readonly proxiedAddress: string
  requestsOnConnection: number
  forwardFields: Uint8Array
  forwardHost: Uint8Array
  forwardPort: number

  constructor(peer: Peer) {
    this.scheme = peer.scheme
    this.sni = peer.sni
    this.tls = peer.tls
    this.isHttp2 = peer.isHttp2
    this.connectionId = peer.connectionId
    this.peerAddress = peer.address
    this.peerPort = peer.port
    this.localAddress = peer.localAddress
    this.localPort = peer.localPort
    this.proxiedAddress = peer.proxiedAddress
    this.requestsOnConnection = 0
    this.forwardFields = NOTHING
    this.forwardHost = NOTHING
    this.forwardPort = 0
  }
}

export function peerOf(socket: Socket, connectionId: number, proxiedAddress: string): Peer {
  return {
    scheme: 'http',
    sni: '',
    tls: null,
    isHttp2: false,
    connectionId,
    address: plainAddress(socket.remoteAddress),
    port: socket.remotePort ?? 0,
    localAddress: plainAddress(socket.localAddress),
    localPort: socket.localPort ?? 0,
    proxiedAddress,
  }
}
