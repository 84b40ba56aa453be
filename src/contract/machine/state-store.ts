/**
 * state-store — what has to outlive a request and a restart: keys with bytes and an expiry, one truth for all workers.
 *
 * Cold: it answers by promises. What it has said yes to is on disk (or in a database) by then, whole or not at all.
 * Keys and values are the plugin's own affair; a key begins with the plugin's name and a slash. Secrets go in hashed.
 */

/** Write.expiresMs of what never ends. */
export const NEVER = Number.POSITIVE_INFINITY

export const KEY_LENGTH_MAX = 512
export const VALUE_BYTES_MAX = 64 * 1024
/** Conditions and writes of one change, each. */
export const CHANGE_SIZE_MAX = 64
/** Entries in one answer to `list`. */
export const LIST_MAX = 1000

export interface Condition {
  readonly key: string
  /** What it has to be, byte for byte; null: it has to be absent. */
  readonly is: Uint8Array | null
}

export interface Write {
  readonly key: string
  /** Null: it is taken out. */
  readonly value: Uint8Array | null
  /** Milliseconds since 1970, or NEVER. */
  readonly expiresMs: number
}

/** All of it happens at once, or nothing. */
export interface Change {
  readonly when: readonly Condition[]
  readonly write: readonly Write[]
}

export interface StateEntry {
  readonly key: string
  readonly value: Uint8Array
  readonly expiresMs: number
}

/** 'full': no room for more. 'disk': it could not be written. 'busy': too much waits. 'away': nobody answers. */
export type StateReason = 'full' | 'disk' | 'busy' | 'away'

/** Nothing of what was asked for has happened, but for 'away', where nobody knows. */
export class StateError extends Error {
  readonly reason: StateReason

  constructor(reason: StateReason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** Every method may reject with StateError. */
export abstract class StateStore {
  abstract get(key: string): Promise<Uint8Array | null>
  /** Gets it and takes it out: of several who ask, one gets it. */
  abstract take(key: string): Promise<Uint8Array | null>
  /** False: a condition did not hold, and nothing was written. */
  abstract commit(change: Change): Promise<boolean>
  /** Those whose key begins with `prefix`, by key, behind the key `after`; at most `limit` and LIST_MAX. */
  abstract list(prefix: string, after: string, limit: number): Promise<readonly StateEntry[]>

  async put(key: string, value: Uint8Array, expiresMs: number): Promise<void> {
    await this.commit({ when: [], write: [{ key, value, expiresMs }] })
  }

  async remove(key: string): Promise<void> {
    await this.commit({ when: [], write: [{ key, value: null, expiresMs: NEVER }] })
  }

  /** False: there is one already. */
  putIfAbsent(key: string, value: Uint8Array, expiresMs: number): Promise<boolean> {
    return this.commit({ when: [{ key, is: null }], write: [{ key, value, expiresMs }] })
  }

  /** False: it is not `same` any more. */
  replace(same: StateEntry, value: Uint8Array, expiresMs: number): Promise<boolean> {
    const { key } = same
    return this.commit({ when: [{ key, is: same.value }], write: [{ key, value, expiresMs }] })
  }
}
