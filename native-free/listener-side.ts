/** The listener as its connections see it. */
import type { Clock } from '../src/base/clock.ts'
import type { Timed } from '../src/base/deadlines.ts'
import type { Fault } from '../src/base/faults.ts'
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

/** A connection as its listener sees it, whatever it speaks. */
export interface Served extends Timed {
  /** `count` bytes are in the worker's shared buffer. False stops reading. */
  onRead(count: number, buffer: Buffer): boolean
  /** Bytes [start, end) that were read before the connection was made. */
  take(buffer: Buffer, start: number, end: number): void
  /** The client has ended its side. */
  onEnd(): void
  /** The socket failed or is gone. */
  onGone(fault: Fault): void
  /** Ends an idle connection soon, or has what is under way be its last. */
  drain(): void
  /** Ends it at once, without a word to the flow. */
  destroy(): void
}
