/** staged — what one frame of the log would change: seen by those who are decided later in the same frame. */
import { StateError, type Write } from '../contract/machine/state-store.ts'
import { type StateTable, sizeOf } from './state-table.ts'

export class Staged {
  readonly writes: Write[] = []
  readonly #table: StateTable
  readonly #nowMs: number
  readonly #bytesMax: number
  readonly #latest = new Map<string, Write>()
  #grown = 0

  constructor(table: StateTable, nowMs: number, bytesMax: number) {
    this.#table = table
    this.#nowMs = nowMs
    this.#bytesMax = bytesMax
  }

  get(key: string): Uint8Array | null {
    const write = this.#latest.get(key)
    if (write === undefined) return this.#table.get(key, this.#nowMs)?.value ?? null
    return write.expiresMs <= this.#nowMs ? null : write.value
  }

  /** All of them, or it throws StateError and takes none. */
  write(writes: readonly Write[]): void {
    let grown = 0
    let isMore = false
    for (const write of writes) {
      grown += sizeAfter(write) - this.#sizeAt(write.key)
      isMore ||= write.value !== null
    }
    if (isMore && grown > 0) this.#makeRoom(grown)
    this.#grown += grown
    for (const write of writes) {
      this.writes.push(write)
      this.#latest.set(write.key, write)
    }
  }

  #sizeAt(key: string): number {
    const write = this.#latest.get(key)
    return write === undefined ? this.#table.sizeAt(key) : sizeAfter(write)
  }

  #makeRoom(grown: number): void {
    const isFull = () => this.#table.bytes + this.#grown + grown > this.#bytesMax
    if (!isFull()) return
    this.#table.sweep(this.#nowMs)
    if (isFull())
      throw new StateError('full', `the state is full: SLUICE_STATE_MAX allows ${this.#bytesMax} bytes`)
  }
}

function sizeAfter({ key, value }: Write): number {
  return value === null ? 0 : sizeOf(key, value)
}
