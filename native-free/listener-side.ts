/** The listener as its connections see it. */
import type { Clock } from '../src/base/clock.ts'
import type { Timed } from '../src/base/deadlines.ts'
import type { Turn } from '../src/base/turn.ts'
import type { ExchangePool, FlowEvents, ListenerLimits } from '../src/contract/listener.ts'
import type { WriteRequests } from '../src/socket/socket-writer.ts'

export interface ListenerSide {
  readonly events: FlowEvents
  readonly exchanges: ExchangePool
  readonly limits: ListenerLimits
  readonly clock: Clock
  readonly turn: Turn
  readonly writes: WriteRequests
  /** True once the listener drains: every answer is then the last of its connection. */
  readonly draining: boolean
  closed(connection: Timed): void
}
