/**
 * stream — what the parts of layer 4 agree on: how a connection is known, which route it gets, what is told of it.
 *
 * A session is one client's connection on a stream route, joined to one of its service's targets. Nothing of what
 * flows is looked at, but the ClientHello of one that speaks TLS.
 */
import type { Fault } from '../base/faults.ts'
import type { Service } from './plan.ts'
import type { Handler } from './plugin.ts'
import type { Target } from './target.ts'

/** All that is known of a connection when it is routed. */
export interface StreamFacts {
  /** Who connects: behind a trusted proxy, whom its PROXY preamble names. 'unix:' on a unix socket. */
  readonly clientAddress: string
  /** 0: not known. */
  readonly clientPort: number
  readonly localAddress: string
  readonly localPort: number
  /** The listener is flagged `ssl`: the client speaks TLS, to us or to the target. */
  readonly isTls: boolean
  /** What the ClientHello names, in lower case without a closing dot; '' without. */
  readonly sni: string
}

export interface StreamRoute {
  readonly id: string
  readonly name: string | null
  readonly service: Service | null
  /** The client's TLS goes through as it is (tls_passthrough). */
  readonly passesTls: boolean
  /** Handlers with `onStream`, in order. */
  readonly steps: readonly Handler[]
  /** Handlers with `onStreamEnd`, in order. */
  readonly ends: readonly Handler[]
}

export interface StreamRouter {
  find(facts: StreamFacts): StreamRoute | null
  readonly routes: readonly StreamRoute[]
}

/** Who ended it first: 'gateway' at a limit of time or at the end of the process. */
export type StreamEnd = 'client' | 'target' | 'gateway'

/** One session, when it is over. */
export interface StreamRecord {
  readonly facts: StreamFacts
  readonly route: StreamRoute | null
  /** The last one tried. */
  readonly target: Target | null
  readonly tries: number
  /** As Kong's stream log has it: 200, or the fault's. */
  readonly status: number
  readonly fault: Fault
  readonly endedBy: StreamEnd
  /** From the client, and to it. */
  readonly bytesIn: number
  readonly bytesOut: number
  readonly durationMs: number
}

/** Told of what becomes of connections. */
export interface StreamTally {
  opened(): void
  /** Not even looked at, for want of room. */
  refused(): void
  closed(record: StreamRecord): void
}
