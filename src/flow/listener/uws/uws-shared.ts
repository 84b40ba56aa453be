/** What all requests of one worker over uWebSockets.js share, and what those of one listening address do. */
import type { Clock } from '../../../base/clock.ts'
import type { Timed } from '../../../base/deadlines.ts'
import type { Turn } from '../../../base/turn.ts'
import type { ExchangePool, FlowEvents, ListenerLimits } from '../../../contract/listener.ts'
import type { AddressReader } from './uws-address.ts'
import type { Framing } from './uws-framing.ts'
import type { UwsRequestHead } from './uws-request-head.ts'

export interface UwsShared {
  readonly events: FlowEvents
  readonly exchanges: ExchangePool
  readonly limits: ListenerLimits
  readonly clock: Clock
  readonly turn: Turn
  readonly head: UwsRequestHead
  /** True once the listener drains: every answer is then the last of its connection. */
  readonly draining: boolean
  /** What ends now is ended by the gateway. */
  readonly closed: boolean
  /** Counts up; an engine that can't tell connections apart numbers requests. */
  requests: number
  readonly framing: Framing
  /** A request has become a tunnel: before the client that it came with is freed. */
  enterTunnel(tunnel: Timed): void
  leftTunnel(tunnel: Timed): void
  /** The client's answer is out, or nobody is there. `again`: it may serve another request. */
  freed(client: Timed, again: boolean): void
}

/** One listening address. */
export interface UwsDoor {
  readonly localAddress: string
  readonly localPort: number
  /** Connections start with a PROXY preamble, version 2. */
  readonly isProxied: boolean
  readonly peers: AddressReader
  readonly proxied: AddressReader
}
