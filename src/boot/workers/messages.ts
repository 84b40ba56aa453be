/** messages — what the primary and its workers say to each other. Plain data only: it is cloned on the way. */
import type { FaultCode } from '../../base/faults.ts'
import type { Environment } from '../../config/env/env.ts'
import type { TlsDefaults } from '../../config/plan/compile-tls.ts'
import type { ListenAddress } from '../../contract/listener.ts'
import type { Resolved } from '../../contract/target.ts'
import type { LogLevel } from '../plane/data-plane.ts'
import type { SharedBuffers } from '../plane/shared-memory.ts'
import type { StateAnswer, StateAsk } from '../state/state-messages.ts'

/** Answers for names, for a worker's NameTable; null forgets one. */
export type NameEntries = readonly (readonly [name: string, answers: readonly Resolved[] | null])[]

/** What a worker thread starts with. */
export interface WorkerStart {
  readonly workerId: number
  readonly nodeId: string
  readonly version: string
  readonly environment: Environment
  readonly shared: SharedBuffers
  readonly logs: { readonly ring: SharedArrayBuffer; readonly bell: SharedArrayBuffer }
  /** Of the operator log: LogLevels.buffer. */
  readonly levels: SharedArrayBuffer
  readonly addresses: readonly ListenAddress[]
  readonly names: NameEntries
  /** Null where no address has `ssl`. */
  readonly tls: TlsDefaults | null
  readonly epoch: number
  /** The Config as msgpackr bytes. */
  readonly config: Uint8Array
}

export type ToWorker =
  | {
      readonly type: 'load'
      readonly epoch: number
      readonly config: Uint8Array
      readonly tls: TlsDefaults | null
    }
  | { readonly type: 'names'; readonly entries: NameEntries }
  /** New ticket keys, in what the last configuration came with. */
  | { readonly type: 'tls'; readonly tls: TlsDefaults }
  | { readonly type: 'state'; readonly id: number; readonly answer: StateAnswer }
  | { readonly type: 'drain' }
  | { readonly type: 'close' }

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'loaded'; readonly epoch: number }
  | { readonly type: 'refused'; readonly epoch: number; readonly message: string }
  | { readonly type: 'failed'; readonly code: FaultCode; readonly detail: string }
  | { readonly type: 'state'; readonly id: number; readonly ask: StateAsk }
  /** There is something in its log ring, for the first time. */
  | { readonly type: 'logs' }
  /** An error that nobody caught: the worker finishes what it has and ends. */
  | { readonly type: 'dying'; readonly error: string }
  | {
      readonly type: 'log'
      readonly level: LogLevel
      readonly message: string
      readonly fields: Fields | null
    }

export type Fields = Readonly<Record<string, unknown>>
