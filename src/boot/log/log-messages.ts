/** log-messages — what the primary and the log thread say to each other, and what the thread starts with. */
import type { LogLevel } from '../plane/data-plane.ts'
import type { Opening } from './ring-door.ts'

export interface LogBuffers {
  /** One a worker; the first is worker 1's. */
  readonly rings: readonly SharedArrayBuffer[]
  readonly bell: SharedArrayBuffer
}

/** A sink as a worker has numbered it. */
export interface NumberedOpening extends Opening {
  readonly worker: number
  readonly number: number
}

export interface LogStart extends LogBuffers {
  readonly nodeId: string
  readonly version: string
  /** SinkTools.trusted. */
  readonly trusted: readonly string[]
  /** '' for nowhere. */
  readonly accessPlace: string
  readonly streamAccessPlace: string
  /** What a thread before this one had open: who opened it will not say so again. */
  readonly opened: readonly NumberedOpening[]
  /** The Config as msgpackr bytes. */
  readonly config: Uint8Array
}

export type ToLog =
  | { readonly type: 'config'; readonly config: Uint8Array }
  | { readonly type: 'reopen' }
  /** All workers are gone: the rest is shipped, and the thread ends. */
  | { readonly type: 'end'; readonly graceMs: number }

export type FromLog =
  | {
      readonly type: 'log'
      readonly level: LogLevel
      readonly message: string
      readonly fields: Record<string, unknown>
    }
  | { readonly type: 'figures'; readonly figures: readonly SinkFigures[] }
  | { readonly type: 'opened'; readonly opening: NumberedOpening }
  /** `number` -1: all of that worker. */
  | { readonly type: 'closed'; readonly worker: number; readonly number: number }

/** Of all sinks with one label, since the start of the thread. */
export interface SinkFigures {
  readonly label: string
  readonly records: number
  readonly delivered: number
  /** By why. */
  readonly lost: Readonly<Record<string, number>>
  readonly waiting: number
}
