/**
 * method-set — request methods as small numbers, so that a route's methods are one int32.
 *
 * WHAT    Methods are numbered as the configuration names them. The first 31 have a bit each; bit 31 stands for all
 *         others, and a route that names one of those lists the numbers besides.
 *
 * HOT     `find` runs once a request. No allocation.
 */
import { BytesTable, HASH_SEED, hashStep, SAME } from './bytes-table.ts'

const BITS = 31
export const ANY_METHOD = -1

export class MethodSet {
  readonly #ids: ReadonlyMap<string, number>
  readonly #table: BytesTable

  constructor(methods: Iterable<string>) {
    const names = [...new Set(methods)]
    this.#ids = new Map(names.map((name, i) => [name, i]))
    this.#table = new BytesTable(names, SAME, false)
  }

  /** The number of a method the configuration names. */
  idOf(method: string): number {
    return this.#ids.get(method)!
  }

  /** The number of the method in bytes [start, end), or -1 when no route names it. */
  find(bytes: Buffer, start: number, end: number): number {
    let hash = HASH_SEED
    for (let i = start; i < end; i++) hash = hashStep(hash, bytes[i]!)
    return this.#table.find(hash, bytes, start, end)
  }

  /** The bits of a route's methods; ANY_METHOD when it names none. */
  makeMask(methods: readonly string[] | null): number {
    if (methods === null || methods.length === 0) return ANY_METHOD
    let mask = 0
    for (const method of methods) mask |= bitOf(this.idOf(method))
    return mask
  }

  /** The numbers a route must list because a bit does not tell; null when bits do. */
  makeList(methods: readonly string[] | null): readonly number[] | null {
    if (methods === null) return null
    const ids = methods.map((method) => this.idOf(method))
    return ids.some((id) => id >= BITS) ? ids : null
  }
}

/** Also of -1, the method nobody names. */
export function bitOf(id: number): number {
  return id < 0 || id >= BITS ? 1 << BITS : 1 << id
}
