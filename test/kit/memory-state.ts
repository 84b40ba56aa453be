/** memory-state — a state store that keeps nothing beyond the test, and loses its disk when the test says so. */
import {
  type Change,
  type StateEntry,
  StateError,
  StateStore,
} from '../../src/contract/machine/state-store.ts'
import { Staged } from '../../src/store/staged.ts'
import { StateTable } from '../../src/store/state-table.ts'

export class MemoryState extends StateStore {
  isBroken = false
  /** How often it was asked for a key. */
  gets = 0
  readonly #table = new StateTable()
  readonly #now: () => number

  constructor(now: () => number) {
    super()
    this.#now = now
  }

  override async get(key: string): Promise<Uint8Array | null> {
    this.gets++
    this.#check()
    return this.#table.get(key, this.#now())?.value ?? null
  }

  override async take(key: string): Promise<Uint8Array | null> {
    const value = await this.get(key)
    await this.remove(key)
    return value
  }

  override async commit({ when, write }: Change): Promise<boolean> {
    this.#check()
    const staged = new Staged(this.#table, this.#now(), 1e9)
    const holds = when.every(({ key, is }) => String(staged.get(key)) === String(is))
    if (holds) for (const each of write) this.#table.apply(each)
    return holds
  }

  override async list(prefix: string, after: string, limit: number): Promise<readonly StateEntry[]> {
    return this.#table.list(prefix, after, limit, this.#now())
  }

  /** All of it as text, to look for what must not be in it. */
  dump(): string {
    const entries = this.#table.copy(this.#now())
    return entries.map(({ key, value }) => `${key} ${Buffer.from(value).toString()}`).join('\n')
  }

  #check(): void {
    if (this.isBroken) throw new StateError('disk', 'the state could not be written: ENOSPC')
  }
}
