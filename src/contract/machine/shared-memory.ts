/** shared-memory — the memory that all threads of the gateway share, as one thread sees it. */
import type { KeyTable } from '../../state/key-table.ts'
import type { Rows } from '../../state/rows.ts'

export interface Shared {
  /** 0 in the primary, the worker's id in a worker: who holds what. */
  readonly owner: number
  /** Limits by key. */
  readonly limits: KeyTable
  /** A row an address of an upstream (state/target-state.ts). */
  readonly targets: Rows
  /** A row an upstream (state/upstream-state.ts). */
  readonly upstreams: Rows
}
