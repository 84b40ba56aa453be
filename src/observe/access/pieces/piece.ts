/** piece — one value of an access line, and what all values of a line share. */
import type { Clock } from '../../../base/clock.ts'
import type { Exchange } from '../../../contract/exchange.ts'
import type { Pen } from './pen.ts'

export interface Piece {
  /** False: there is no such value, and nothing was written. */
  put(pen: Pen, x: Exchange): boolean
}

/** What is known when a format is compiled, and of the line under way. */
export interface LineFacts {
  readonly clock: Clock
  readonly hostname: string
  /** By timers.ts, of the exchange whose line is being written. */
  readonly timers: Float64Array
}

/** Of values that are cut short only where the format asks for it. */
export const WHOLE = Number.MAX_SAFE_INTEGER
