/** stream-tools — what a worker hands to the listener of layer 4. */
import type { OnReadOpts, Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import type { Deadlines } from '../base/deadlines.ts'
import type { Fault } from '../base/faults.ts'
import type { Exchange } from '../contract/exchange.ts'
import type { ExchangePool } from '../contract/listener.ts'
import type { Plan } from '../contract/plan.ts'
import type { StreamTally } from '../contract/stream.ts'
import type { Address } from '../contract/target.ts'
import type { WriteRequests } from '../socket/socket-writer.ts'

/** The plan in use, which lives while an exchange holds it. */
export interface PlanDoor {
  enter(x: Exchange): Plan
  leave(x: Exchange): void
}

/** What a PROXY preamble came to: its length, and the address and port it names, or '' and 0. */
export type PreambleReading =
  | { readonly length: number; readonly address: string; readonly port: number }
  | 'more'
  | 'bad'

export interface StreamTools {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly exchanges: ExchangePool
  readonly plans: PlanDoor
  readonly tally: StreamTally
  readonly writes: WriteRequests
  /** All sockets of the worker read into it. */
  readonly readBuffer: Buffer
  /** How long a preamble, a ClientHello and a handshake may take together. */
  readonly prereadTimeoutMs: number
  /** Whether one more connection may be held. */
  hasRoom(): boolean
  /** Whose PROXY preamble is believed. */
  trusts(address: string): boolean
  readPreamble(bytes: Buffer): PreambleReading
  openSocket(address: Address, onread: OnReadOpts): Socket
  /** What an error of such a socket means. */
  explain(address: Address, socket: Socket, error: Error): Fault
  /** A socket over the handle of another, which reads into a given buffer. */
  socketOver(handle: object | null, onread: OnReadOpts): Socket
  /** Terminates TLS on an accepted socket. Null while there are no certificates. */
  shake(accepted: Socket, events: ShakeEvents): Shake | null
}

export interface ShakeEvents {
  /** The handle now speaks TLS. What is behind the handshake follows at once. */
  shaken(handle: object): void
  /** It failed or was broken off. */
  unshaken(why: string): void
}

/** A handshake under way. */
export interface Shake {
  destroy(): void
}
