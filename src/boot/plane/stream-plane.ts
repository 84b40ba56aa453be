/** stream-plane — opens a worker's listener of layer 4 with what it needs of the other layers. */
import type { Socket } from 'node:net'
import { readPreamble } from '../../../native-free/proxy-protocol.ts'
import { buildContexts, type TlsContexts } from '../../../native-free/tls/contexts.ts'
import { Handshake, type Shaken } from '../../../native-free/tls/handshake.ts'
import { socketOver } from '../../../native-free/tls/tls-handle.ts'
import { CidrSet } from '../../base/cidr.ts'
import type { Clock } from '../../base/clock.ts'
import type { Deadlines } from '../../base/deadlines.ts'
import type { Environment } from '../../config/env/env.ts'
import type { ExchangePool } from '../../contract/listener.ts'
import type { ServerTls } from '../../contract/tls.ts'
import type { Plans } from '../../flow/plans.ts'
import { StreamCounts } from '../../observe/stream-counts.ts'
import { WriteRequests } from '../../socket/socket-writer.ts'
import { readStreamBinding } from '../../socket/stream-binding.ts'
import { StreamListener } from '../../stream/stream-listener.ts'
import type { Shake, ShakeEvents } from '../../stream/stream-tools.ts'
import type { DataPlaneOptions } from './data-plane.ts'
import { makeTargetSockets } from './target-tls.ts'
import { handshakeCounts } from './tls-plane.ts'

/** Nginx's preread_timeout, which no Kong setting changes; CLIENT_HEADER_TIMEOUT may be shorter. */
const PREREAD_TIMEOUT_MS = 30_000
/** ALPN is the client's and the target's affair: whatever is offered, TLS of ours agrees on nothing. */
const NO_PROTOCOLS = new Uint8Array(0)

export function hasSecureStreams(environment: Environment): boolean {
  return environment.streamListen.some((address) => address.ssl)
}

export interface StreamParts {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly exchanges: ExchangePool
  readonly plans: Plans
  readonly readBuffer: Buffer
  /** Client connections of the HTTP listener, which share CONNECTIONS_MAX. */
  others(): number
}

export class StreamPlane {
  readonly listener: StreamListener
  readonly #onHandshake: (protocol: string, isResumed: boolean) => void
  #contexts: TlsContexts | null

  constructor(options: DataPlaneOptions, parts: StreamParts) {
    const { environment, counters, log } = options
    const { clock } = parts
    const trusted = new CidrSet(environment.trustedIps)
    const sockets = makeTargetSockets(options, clock)
    this.#onHandshake = handshakeCounts(options)
    this.#contexts = null
    this.listener = new StreamListener({
      ...parts,
      tally: new StreamCounts(counters, log.streamAccess, clock),
      writes: new WriteRequests(readStreamBinding()),
      prereadTimeoutMs: Math.min(PREREAD_TIMEOUT_MS, environment.clientHeaderTimeoutMs),
      hasRoom: () => this.listener.connections + parts.others() < environment.connectionsMax,
      trusts: (address) => trusted.has(address),
      readPreamble,
      openSocket: (address, onread) => sockets.open(address, onread, []),
      explain: (address, socket, error) => sockets.explain(address, socket, error).fault,
      socketOver: (handle, { buffer, callback }) =>
        socketOver(handle, {
          buffer: buffer as Buffer,
          callback: (count) => callback(count, buffer as Buffer),
        }),
      shake: (accepted, events) => this.#shake(accepted, events),
    })
  }

  /** The certificates from now on. Throws GatewayError CONFIG_INVALID, and then nothing has changed. */
  secure(tls: ServerTls): void {
    this.#contexts = buildContexts(tls, this.#contexts)
  }

  /** Stops accepting. Resolves when all sessions have ended; those that last longer than `graceMs` are cut. */
  async drain(graceMs: number): Promise<void> {
    const late = setTimeout(() => this.listener.close(), graceMs)
    await this.listener.drain()
    clearTimeout(late)
  }

  #shake(accepted: Socket, events: ShakeEvents): Shake | null {
    if (this.#contexts === null) return null
    const owner = {
      onShaken: (_handshake: Handshake, { handle, isResumed, tls }: Shaken) => {
        this.#onHandshake(tls.protocol, isResumed)
        events.shaken(handle)
      },
      onUnshaken: (_handshake: Handshake, why: string) => events.unshaken(why),
    }
    // Plugins that judge certificates know nothing of streams: clients are not asked for any.
    const contexts = { ...this.#contexts, asksForCertificates: false }
    const rest = { protocols: NO_PROTOCOLS, deadlineMs: 0, proxiedAddress: '' }
    return new Handshake(owner, accepted, { contexts, ...rest })
  }
}
