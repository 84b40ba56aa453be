/** state-messages — what a worker asks the primary of the state, and what it is answered. Plain data only. */
import type { Change, StateReason } from '../../contract/machine/state-store.ts'

export type StateAsk =
  | { readonly op: 'get'; readonly key: string }
  | { readonly op: 'take'; readonly key: string }
  | { readonly op: 'commit'; readonly change: Change }
  | { readonly op: 'list'; readonly prefix: string; readonly after: string; readonly limit: number }

export interface StateAnswer {
  /** Of the type that the method of StateStore promises. */
  readonly value: unknown
  /** '' where it went well. */
  readonly reason: StateReason | ''
  readonly message: string
}
