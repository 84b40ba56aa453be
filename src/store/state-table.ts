/** state-table — the state in memory: what is on disk, as it is read. */
import type { StateEntry, Write } from '../contract/machine/state-store.ts'

/** What an entry costs beside its bytes, roughly: the map's slot, the objects, the frame around it. */
const ENTRY_BYTES = 160

export function sizeOf(key: string, value: Uint8Array): number {
  return ENTRY_BYTES + 2 * key.length + value.length
}

export class StateTable {
  readonly #entries = new Map<string, StateEntry>()
  #bytes = 0

  /** By `sizeOf`, of all that is held, expired or not. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string, nowMs: number): StateEntry | null {
    const entry = this.#entries.get(key)
    return entry === undefined || entry.expiresMs <= nowMs ? null : entry
  }

  /** What the key takes up now, expired or not. */
  sizeAt(key: string): number {
    const entry = this.#entries.get(key)
    return entry === undefined ? 0 : sizeOf(key, entry.value)
  }

  apply({ key, value, expiresMs }: Write): void {
    this.#bytes -= this.sizeAt(key)
    if (value === null) {
      this.#entries.delete(key)
      return
    }
    this.#entries.set(key, { key, value, expiresMs })
    this.#bytes += sizeOf(key, value)
  }

  /** Drops what has expired. */
  sweep(nowMs: number): void {
    for (const { key, expiresMs } of this.#entries.values())
      if (expiresMs <= nowMs) this.apply({ key, value: null, expiresMs })
  }

  list(prefix: string, after: string, limit: number, nowMs: number): StateEntry[] {
    const found: StateEntry[] = []
    for (const entry of this.#entries.values())
      if (entry.expiresMs > nowMs && entry.key > after && entry.key.startsWith(prefix)) found.push(entry)
    return found.sort((one, other) => (one.key < other.key ? -1 : 1)).slice(0, limit)
  }

  /** As it is now: what is written later does not change it. */
  copy(nowMs: number): StateEntry[] {
    return [...this.#entries.values()].filter((entry) => entry.expiresMs > nowMs)
  }
}
