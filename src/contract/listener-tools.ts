/** listener-tools — what a worker hands to the engine it listens with. */
import type { Clock } from '../base/clock.ts'
import type { Deadlines } from '../base/deadlines.ts'
import type { Turn } from '../base/turn.ts'
import type { ExchangePool, FlowEvents, ListenerLimits } from './listener.ts'

export interface ListenerTools {
  readonly events: FlowEvents
  readonly exchanges: ExchangePool
  readonly limits: ListenerLimits
  readonly clock: Clock
  readonly turn: Turn
  readonly deadlines: Deadlines
  /** All sockets of the worker read into it. */
  readonly readBuffer: Buffer
  /** Told of each connection: accepted, closed, refused for want of room. */
  readonly onCount: (what: 'accepted' | 'closed' | 'refused') => void
  /** Connections of the worker elsewhere, which share connectionsMax. */
  readonly others: () => number
  /** Told of each TLS handshake that came to a connection; `protocol` as ClientTls has it. */
  readonly onHandshake: (protocol: string, isResumed: boolean) => void
  /** Told of each TLS handshake that came to nothing, and why. */
  readonly onHandshakeFailed: (why: string) => void
}
